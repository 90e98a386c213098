//! How many persons an exporter's information left the mainland of, since 1 January in Beijing time.
//!
//! The record is counted, and not what is declared now: a transfer that was in effect this year counts whatever became
//! of it, so that neither ending nor deleting nor splitting one makes room.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use bund_crds::{
    CreditCode, LedgerEventSpec, cross_border_transfer::SecurityAssessment, exporter::PersonsElsewhere,
    ledger_event::RecordedTransfer,
};
use jiff::{Timestamp, civil::Date};

use super::{Case, beijing, contents::Share, spelling::plain};
use crate::{
    Snapshot,
    snapshot::{ExporterFacts, TransferFacts, TransferKind},
    transfer::Turn,
};

/// For how many days what an exporter declares from elsewhere is counted with.
pub const ELSEWHERE_DAYS: i64 = 31;

/// The key of a transfer that no API server has seen.
const NO_UID: &str = "";

/// A transfer that counts.
pub(super) struct Counted<'s> {
    pub(super) share: Share,
    supersedes: Option<&'s str>,
}

/// Everything that counts for the exporter of a case, with its own share (O16 Arts 5, 7, 8). Or why nobody can count.
pub(super) fn since_new_year(case: &Case<'_>) -> Result<Share, String> {
    readable(case.snapshot)?;
    let elsewhere = elsewhere(case.exporter(), &case.transfer.spec.exporter, case.today)?;
    Ok(elsewhere.and(total(&counted(case, |_| true))))
}

/// Whether the whole record can be read; or why nobody can count.
pub(super) fn readable(snapshot: &Snapshot) -> Result<(), String> {
    let mut unreadable = snapshot.transfers().unreadable();
    let event = unreadable.find(|object| object.kind == TransferKind::LedgerEvent);
    event.map_or(Ok(()), |event| {
        Err(format!("LedgerEvent {} cannot be read, so nobody can count: {}", event.key.1, event.why))
    })
}

/// What counts against the scale of a security assessment: what was declared under the same reference, and what nobody
/// can tell any more under which (NDSR Art. 38).
pub(super) fn under_assessment(case: &Case<'_>, reference: &str) -> Share {
    let same = |assessment: &SecurityAssessment| plain(&assessment.reference) == plain(reference);
    let elsewhere = |live: &&TransferFacts| {
        let assessment = live.spec.mechanism.security_assessment.as_ref();
        !assessment.is_some_and(same)
    };
    let live = case.snapshot.transfers().transfers().filter(elsewhere);
    let of_another: BTreeSet<&str> = live.filter_map(|live| live.uid.as_ref()).map(AsRef::as_ref).collect();
    total(&counted(case, |uid| !of_another.contains(uid)))
}

/// What an exporter declares from elsewhere, where it is young enough. What it counted last year counts no more.
pub(super) fn elsewhere(
    exporter: Option<&ExporterFacts>,
    code: &CreditCode,
    today: Date,
) -> Result<Share, String> {
    let name = code.object_name();
    let Some(exporter) = exporter else {
        return Err(format!("no Exporter {name} can be read; create it, with what it exported elsewhere"));
    };
    let PersonsElsewhere { as_of, ordinary, sensitive } = exporter.spec.elsewhere;
    if as_of.0 > today {
        return Err(format!("Exporter {name} counts up to a day to come; correct spec.elsewhere.asOf"));
    }
    if today.duration_since(as_of.0).as_hours() > ELSEWHERE_DAYS * 24 {
        return Err(format!(
            "Exporter {name} counted longer than {ELSEWHERE_DAYS} days ago; bring its spec.elsewhere up to date"
        ));
    }
    let this_year = as_of.0.year() == today.year();
    Ok(if this_year { Share { ordinary, sensitive } } else { Share::default() })
}

/// The transfers of the exporter that were in effect this year and that `counts` takes by uid, and the one of the case.
fn counted<'s>(case: &Case<'s>, counts: impl Fn(&str) -> bool) -> BTreeMap<&'s str, Counted<'s>> {
    let mut counted = recorded(case.snapshot, &case.transfer.spec.exporter, beijing::new_year(case.now));
    let own_uid = case.transfer.uid.as_ref().map_or(NO_UID, AsRef::as_ref);
    counted.retain(|uid, _| *uid == own_uid || counts(uid));
    let named = case.transfer.spec.supersedes.as_deref();
    let predecessor =
        named.and_then(|name| case.snapshot.transfers().transfer(&case.transfer.namespace, name));
    let predecessor = predecessor.and_then(|facts| facts.uid.as_ref()).map(AsRef::as_ref);
    let own = counted.entry(own_uid).or_insert(Counted { share: Share::default(), supersedes: None });
    own.share = own.share.max(case.share);
    own.supersedes = own.supersedes.or(predecessor);
    counted
}

/// The transfers of an exporter that the record shows to have been in effect at `since` or afterwards.
pub(super) fn recorded<'s>(
    snapshot: &'s Snapshot,
    exporter: &CreditCode,
    since: Timestamp,
) -> BTreeMap<&'s str, Counted<'s>> {
    let mut chains: BTreeMap<&str, Vec<(&LedgerEventSpec, &RecordedTransfer)>> = BTreeMap::new();
    for event in snapshot.transfers().events() {
        if let Some(transfer) = event.spec.transfer.as_ref().filter(|of| of.exporter == *exporter)
            && Turn::of(event.spec.event).is_some()
        {
            chains.entry(transfer.uid.as_str()).or_default().push((&event.spec, transfer));
        }
    }
    let counted = |(uid, chain): (&'s str, Vec<(&LedgerEventSpec, &'s RecordedTransfer)>)| {
        let (last, _) = chain.iter().max_by_key(|(_, transfer)| transfer.sequence)?;
        let in_effect = Turn::of(last.event) == Some(Turn::Opens) || last.observed_at.0 > since;
        let declared =
            |share: Share, (_, transfer): &(_, &RecordedTransfer)| share.max(Share::of(transfer.persons));
        let share = chain.iter().fold(Share::default(), declared);
        let supersedes = chain.iter().find_map(|(_, transfer)| transfer.supersedes.as_ref());
        in_effect.then_some((uid, Counted { share, supersedes: supersedes.map(AsRef::as_ref) }))
    };
    chains.into_iter().filter_map(counted).collect()
}

/// The persons of all transfers. A transfer declares those of the one that it supersedes with its own, so that both
/// count as the larger one. Of one that several supersede each declares them: then it is their sum.
pub(super) fn total(counted: &BTreeMap<&str, Counted<'_>>) -> Share {
    let superseded = |of: &Counted<'_>| of.supersedes.and_then(|uid| counted.get_key_value(uid));
    let mut waiting: BTreeMap<&str, usize> = counted.keys().map(|uid| (*uid, 0)).collect();
    for (uid, _) in counted.values().filter_map(superseded) {
        waiting.entry(uid).and_modify(|successors| *successors += 1);
    }
    let mut ready: Vec<&str> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(uid, _)| *uid).collect();
    let mut of_successors: BTreeMap<&str, Share> = BTreeMap::new();
    let mut total = Share::default();
    while let Some((uid, of)) = ready.pop().and_then(|uid| counted.get_key_value(uid)) {
        waiting.remove(uid);
        let line = of.share.max(of_successors.remove(uid).unwrap_or_default());
        let Some((earlier, _)) = superseded(of) else {
            total = total.and(line);
            continue;
        };
        let sum = of_successors.entry(earlier).or_default();
        *sum = sum.and(line);
        if let Some(successors) = waiting.get_mut(earlier) {
            *successors -= 1;
            if *successors == 0 {
                ready.push(earlier);
            }
        }
    }
    // What supersedes itself in a ring was written by nobody of ours: each of it counts.
    waiting.keys().filter_map(|uid| counted.get(uid)).fold(total, |total, of| total.and(of.share))
}
