//! What a ledger outside of the cluster remembers of transfers. It knows better than a store that was set back.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use bund_crds::{EventType, LedgerEventSpec, Uid};

use super::{Due, Turn, beijing, is_end, revocation};
use crate::{
    Snapshot, Timestamp,
    snapshot::{TransferFacts, TransferKind, Transfers},
};

/// Why a transfer ends of whose end only the ledger knows.
const ENDED: &str =
    "the ledger says that the transfer had ended, and the cluster was set back to a time when it had not";
/// Why a transfer ends of which the ledger tells something else than the cluster.
const OTHER: &str =
    "the ledger tells of another life of the transfer than the cluster does: create another one";

/// The events of transfers that a ledger holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    transfers: BTreeMap<Uid, Events>,
    /// The transfers that ended.
    ended: BTreeSet<Uid>,
}

/// What is held of one transfer. What has the name of another event is another event.
type Events = BTreeMap<(Box<str>, EventType), LedgerEventSpec>;

impl Memory {
    /// Takes in an event of this name that the ledger holds. What happened to no transfer is not remembered.
    pub fn note(&mut self, name: &str, spec: &LedgerEventSpec) {
        let Some(transfer) = &spec.transfer else { return };
        if is_end(spec) {
            self.ended.insert(transfer.uid.clone());
        }
        let events = self.transfers.entry(transfer.uid.clone()).or_default();
        events.entry((name.into(), spec.event)).or_insert_with(|| spec.clone());
    }

    /// Whether the ledger is known to hold this event.
    pub fn holds(&self, name: &str, spec: &LedgerEventSpec) -> bool {
        self.words(name, spec).is_some()
    }

    /// The words in which the ledger is known to hold this event.
    pub fn words(&self, name: &str, spec: &LedgerEventSpec) -> Option<&LedgerEventSpec> {
        let events = self.transfers.get(&spec.transfer.as_ref()?.uid)?;
        events.get(&(name.into(), spec.event))
    }

    /// The transfers that ended.
    pub fn ended(&self) -> impl Iterator<Item = &Uid> {
        self.ended.iter()
    }

    /// What is to be recorded, what closes first and what opens last, where `due` is so without this memory and these
    /// transfers are `there`, in the snapshot or kept out of it.
    ///
    /// What the cluster lost is written again as it was, and before that is done nothing else opens the transfer. An end that
    /// cannot be written as it was, because its name is taken, is written as another end.
    pub fn recall<'s>(
        &self,
        due: Vec<Due>,
        there: impl IntoIterator<Item = &'s TransferFacts>,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Vec<Due> {
        let there: BTreeMap<_, _> =
            there.into_iter().filter_map(|facts| Some((facts.uid.as_ref()?, facts))).collect();
        let (transfers, mut waiting) = (snapshot.transfers(), BTreeSet::new());
        let (mut lost, mut ends) = (Vec::new(), Vec::new());
        let since = beijing::new_year(transfers.clock(now));
        for (uid, events) in &self.transfers {
            if let Some(facts) = there.get(uid) {
                let why = if self.ended.contains(uid) {
                    Some(ENDED)
                } else {
                    events.keys().any(|event| is_taken(event, transfers)).then_some(OTHER)
                };
                ends.extend(why.and_then(|why| revocation(facts, why, snapshot, now)));
            } else if !bears_on_others(events, &there, since) {
                continue;
            }
            let before = lost.len();
            lost.extend(events.iter().filter(|((name, _), _)| is_free(name, transfers)).map(again));
            if lost.len() > before {
                waiting.insert(uid.clone());
            }
        }
        let waits = |due: &Due| {
            let of = due.spec.transfer.as_ref().map(|transfer| &transfer.uid);
            Turn::of(due.spec.event) == Some(Turn::Opens) && of.is_some_and(|uid| waiting.contains(uid))
        };
        let mut names = BTreeSet::new();
        let others = due.into_iter().filter(|due| !waits(due));
        let mut due: Vec<_> = lost.into_iter().chain(others).chain(ends).collect();
        due.retain(|due| names.insert(due.name.clone()));
        due.sort_by_key(|due| rank(&due.spec));
        due
    }
}

/// Whether what is held of a transfer that is not there counts for others: for its exporter in this year, or because it
/// took the place of one that is there.
fn bears_on_others(events: &Events, there: &BTreeMap<&Uid, &TransferFacts>, since: Timestamp) -> bool {
    let is_over = events.values().any(is_end);
    events.values().any(|spec| {
        let superseded = spec.transfer.as_ref().and_then(|transfer| transfer.supersedes.as_ref());
        let opens = Turn::of(spec.event) == Some(Turn::Opens);
        (opens && !is_over)
            || (spec.observed_at.0 >= since && Turn::of(spec.event).is_some())
            || superseded.is_some_and(|superseded| opens && there.contains_key(superseded))
    })
}

/// Whether nothing is there under a name.
fn is_free(name: &str, transfers: &Transfers) -> bool {
    transfers.event(name).is_none() && !transfers.is_unreadable(TransferKind::LedgerEvent, "", name)
}

/// Whether something else is there under the name of an event.
fn is_taken((name, event): &(Box<str>, EventType), transfers: &Transfers) -> bool {
    transfers.event(name).is_some_and(|facts| facts.spec.event != *event)
}

/// An event as it was.
fn again(((name, _), spec): (&(Box<str>, EventType), &LedgerEventSpec)) -> Due {
    Due { name: name.clone(), spec: spec.clone(), absent: None }
}

/// What closes comes first, what opens last.
fn rank(spec: &LedgerEventSpec) -> u8 {
    match Turn::of(spec.event) {
        Some(turn) if turn.closes() => 0,
        Some(_) => 2,
        None if is_end(spec) => 0,
        None => 1,
    }
}
