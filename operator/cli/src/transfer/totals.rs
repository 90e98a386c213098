//! How many persons count for an exporter: for auditors, who may see the whole record. (pure)

use std::{collections::BTreeMap, fmt::Write};

use bund_crds::{CreditCode, Date, GROUP};
use bund_engine::{
    Snapshot, Timestamp,
    transfer::{self, Count, Route},
};
use serde::Serialize;

use crate::{
    inventory::{Inventory, Known, Origin},
    report::visible,
};

/// The form of the JSON report.
pub const VERSION: &str = "bund.dev/transfer-totals/v1";

/// The kinds without which nobody can count, by kind.
const NEEDED: [&str; 3] = ["Exporter", "CrossBorderTransfer", "LedgerEvent"];

/// How many persons count for an exporter, since 1 January in Beijing time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// [`VERSION`].
    pub version: &'static str,
    /// Where it is from.
    pub origin: Origin,
    /// The exporter.
    pub exporter: CreditCode,
    /// Its legal name.
    pub legal_name: String,
    /// The first moment of the year that is counted.
    pub since: Timestamp,
    /// What it declares from elsewhere.
    pub elsewhere: Count,
    /// Up to which day.
    pub as_of: Date,
    /// The transfers that were in effect in this year.
    pub transfers: Vec<Share>,
    /// All together.
    pub total: Count,
    /// The route that the law asks for where nothing is exempt and no important data leaves.
    pub tier: Route,
}

/// The share of one transfer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Persons of whom only ordinary information leaves.
    pub ordinary: u64,
    /// Persons of whom sensitive information leaves.
    pub sensitive: u64,
}

/// Why nobody can count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TotalsError {
    /// Something may not be read.
    #[error(
        "totals rest on every exporter, transfer and event of the record: {}; whoever holds the ClusterRole bund-auditor may read them",
        .0.join("; ")
    )]
    NotKnown(Vec<String>),
    /// The record, or the exporter, does not let anybody count.
    #[error("{0}")]
    NotCounted(String),
}

/// Counts for the exporter of this code at `now`.
pub fn totals(
    inventory: &Inventory,
    known: &Known,
    code: &CreditCode,
    now: Timestamp,
) -> Result<Totals, TotalsError> {
    if matches!(inventory.origin, Origin::Cluster { .. }) {
        let gaps = NEEDED.iter().filter_map(|kind| inventory.gap(GROUP, kind));
        let gaps: Vec<_> = gaps.map(str::to_owned).collect();
        if !gaps.is_empty() {
            return Err(TotalsError::NotKnown(gaps));
        }
    }
    let counted = transfer::totals(code, &known.snapshot, now).map_err(TotalsError::NotCounted)?;
    let exporter = known.snapshot.transfers().exporter(code);
    let exporter = exporter.ok_or_else(|| TotalsError::NotCounted(format!("no Exporter {code} is there")))?;
    let names = names(&known.snapshot);
    let share = |(uid, Count { ordinary, sensitive }): (String, Count)| {
        let (namespace, name) = names.get(uid.as_str()).copied().unwrap_or_default();
        Share { namespace: namespace.to_owned(), name: name.to_owned(), uid, ordinary, sensitive }
    };
    let mut transfers: Vec<_> = counted.transfers.into_iter().map(share).collect();
    transfers.sort();
    Ok(Totals {
        version: VERSION,
        origin: inventory.origin.clone(),
        exporter: code.clone(),
        legal_name: exporter.spec.legal_name.clone(),
        since: counted.since,
        elsewhere: counted.elsewhere,
        as_of: exporter.spec.elsewhere.as_of,
        transfers,
        total: counted.total,
        tier: counted.tier,
    })
}

/// Namespace and name of every transfer on record, by uid.
fn names(snapshot: &Snapshot) -> BTreeMap<&str, (&str, &str)> {
    let events = snapshot.transfers().events().filter_map(|event| event.spec.transfer.as_ref());
    events.map(|of| (of.uid.as_str(), (of.namespace.as_str(), of.name.as_str()))).collect()
}

/// The count, as text.
pub fn render_text(totals: &Totals) -> String {
    let Totals { exporter, legal_name, since, elsewhere, as_of, transfers, total, tier, .. } = totals;
    let mut lines = vec![
        format!("Exporter {exporter}, {legal_name}: persons since {since}"),
        format!("{:>14} {:>14}", "ordinary", "sensitive"),
        row(*elsewhere, &format!("declared from elsewhere, up to {as_of}")),
    ];
    lines.extend(transfers.iter().map(|share| {
        let count = Count { ordinary: share.ordinary, sensitive: share.sensitive };
        row(count, &format!("CrossBorderTransfer {}/{} ({})", share.namespace, share.name, share.uid))
    }));
    lines.push(row(
        *total,
        "together; one that supersedes another counts with it once, as the larger of both",
    ));
    lines.push(format!(
        "{tier:?}: what the law asks for where nothing is exempt and no important data leaves"
    ));
    lines.iter().fold(String::new(), |mut text, line| {
        // Writing to a string cannot fail.
        writeln!(text, "{}", visible(line)).unwrap_or_default();
        text
    })
}

fn row(Count { ordinary, sensitive }: Count, what: &str) -> String {
    format!("{ordinary:>14} {sensitive:>14}  {what}")
}
