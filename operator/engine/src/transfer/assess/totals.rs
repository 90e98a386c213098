//! What counts for an exporter, for whoever audits it. The same count as behind every route.

use alloc::{collections::BTreeMap, string::String};

use bund_crds::CreditCode;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Route, beijing,
    contents::Share,
    count,
    route::{Handler, Question, ruling},
};
use crate::Snapshot;

/// How many persons count for an exporter since 1 January in Beijing time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// The first moment of the year that is counted.
    pub since: Timestamp,
    /// What the exporter declares from elsewhere.
    pub elsewhere: Count,
    /// The transfers that were in effect in this year, by uid, each with what it declares.
    pub transfers: BTreeMap<String, Count>,
    /// All together. A transfer that supersedes another counts with it once, as the larger of both.
    pub total: Count,
    /// The route that the law asks for where nothing is exempt and no important data leaves.
    pub tier: Route,
}

/// Persons, kind by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Of whom only ordinary information leaves.
    pub ordinary: u64,
    /// Of whom sensitive information leaves; minors under 14 are among them.
    pub sensitive: u64,
}

impl From<Share> for Count {
    fn from(Share { ordinary, sensitive }: Share) -> Self {
        Self { ordinary, sensitive }
    }
}

/// What counts for an exporter at `now`; or why nobody can count.
pub fn totals(code: &CreditCode, snapshot: &Snapshot, now: Timestamp) -> Result<Totals, String> {
    count::readable(snapshot)?;
    let now = snapshot.transfers().clock(now);
    let since = beijing::new_year(now);
    let exporter = snapshot.transfers().exporter(code);
    let elsewhere = count::elsewhere(exporter, code, beijing::day(now))?;
    let recorded = count::recorded(snapshot, code, since);
    let persons = elsewhere.and(count::total(&recorded));
    let question =
        Question { personal: true, important: false, handler: Handler::of(exporter), ground: None, persons };
    Ok(Totals {
        since,
        elsewhere: elsewhere.into(),
        transfers: recorded.into_iter().map(|(uid, counted)| (uid.into(), counted.share.into())).collect(),
        total: persons.into(),
        tier: ruling(&question).route,
    })
}
