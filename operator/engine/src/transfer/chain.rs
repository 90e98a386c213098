//! What the record says of one transfer: the events that open and close it, in their order.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use bund_crds::{Digest, EventType, Moment, Uid, ledger_event::RecordedTransfer};

use super::{End, Turn};
use crate::{
    Timestamp,
    snapshot::{EventFacts, TransferKind, Transfers},
};

/// How the reason of a suspension begins that nobody kept watch before.
const NOBODY_KEPT_WATCH: &str = "nobody kept watch";

/// The events that open and close one transfer.
#[derive(Clone, Debug)]
pub(super) struct Chain<'s> {
    links: Vec<Link<'s>>,
    /// How many there were when a decision was recorded.
    seen: u32,
}

/// One event of a chain.
#[derive(Clone, Copy, Debug)]
struct Link<'s> {
    facts: &'s EventFacts,
    transfer: &'s RecordedTransfer,
}

impl<'s> Chain<'s> {
    pub(super) fn of(uid: &Uid, transfers: &'s Transfers) -> Self {
        let mut chain = Self { links: Vec::new(), seen: 0 };
        for facts in transfers.events_of(uid) {
            let Some(transfer) = &facts.spec.transfer else { continue };
            if Turn::of(facts.spec.event).is_some() {
                chain.links.push(Link { facts, transfer });
            } else {
                chain.seen = chain.seen.max(transfer.sequence);
            }
        }
        chain.links.sort_by(|one, other| {
            (one.transfer.sequence, &one.facts.name).cmp(&(other.transfer.sequence, &other.facts.name))
        });
        chain
    }

    /// How it ended, if it did. Whatever follows, it does not come back.
    pub(super) fn ended(&self) -> Option<(End, &'s str)> {
        self.links.iter().find_map(|link| match Turn::of(link.event()) {
            Some(Turn::Ends(end)) => Some((end, link.facts.spec.why.as_str())),
            Some(Turn::Opens | Turn::Suspends) | None => None,
        })
    }

    /// The event that first opened it.
    pub(super) fn activation(&self) -> Option<&'s EventFacts> {
        self.links.iter().find(|link| link.event() == EventType::Activated).map(|link| link.facts)
    }

    /// Whether its last event opened it.
    pub(super) fn is_open(&self) -> bool {
        self.links.last().is_some_and(Link::opens)
    }

    /// What its last event says of why; empty where there is none.
    pub(super) fn last_why(&self) -> &'s str {
        self.links.last().map_or("", |link| link.facts.spec.why.as_str())
    }

    /// The sequence number of the event that opened it last.
    pub(super) fn last_opening(&self) -> Option<u32> {
        let opening = self.links.iter().rfind(|link| link.opens())?;
        Some(opening.transfer.sequence)
    }

    /// When it was last recorded that nobody kept watch.
    pub(super) fn last_lapse(&self) -> Option<Timestamp> {
        let lapses = self.links.iter().filter(|link| {
            link.event() == EventType::Suspended && link.facts.spec.why.starts_with(NOBODY_KEPT_WATCH)
        });
        lapses.map(|link| link.facts.spec.observed_at.0).max()
    }

    /// Why nothing can rest on it: an event is missing or there twice, or it is of another text.
    pub(super) fn flaw(&self, digest: &Digest) -> Option<String> {
        for (expected, link) in (0_u32..).zip(&self.links) {
            let RecordedTransfer { uid, sequence, digest: recorded, .. } = link.transfer;
            if *sequence != expected || link.facts.name != name_at(uid, expected) {
                return Some(format!("its record is broken at event {expected}: ask whoever purged it"));
            }
            if recorded != digest {
                return Some(
                    "its text is not the one that the record is about: write another transfer".into(),
                );
            }
        }
        let broken = u32::try_from(self.links.len()).is_ok_and(|there| there < self.seen);
        broken.then(|| "the end of its record is missing: ask whoever purged it".into())
    }

    /// The number of the next event.
    pub(super) fn next(&self, uid: &Uid, transfers: &Transfers) -> u32 {
        let next = self.links.last().map_or(0, |link| link.transfer.sequence.saturating_add(1));
        // What cannot be read is there all the same.
        let is_free =
            |number: &u32| !transfers.is_unreadable(TransferKind::LedgerEvent, "", &name_at(uid, *number));
        (next.max(self.seen)..=u32::MAX).find(is_free).unwrap_or(u32::MAX)
    }
}

impl Link<'_> {
    fn event(&self) -> EventType {
        self.facts.spec.event
    }

    fn opens(&self) -> bool {
        Turn::of(self.event()) == Some(Turn::Opens)
    }
}

/// The name of an event of a chain.
pub(super) fn name_at(uid: &Uid, sequence: u32) -> Box<str> {
    format!("{}.{sequence}", uid.as_str().to_ascii_lowercase()).into()
}

/// Why watch is over, as the record tells it; `None` while somebody keeps it.
pub(super) fn lapse(until: Timestamp, now: Timestamp) -> Option<String> {
    if now < until {
        return None;
    }
    let Moment(at) = Moment::of(until);
    // What was never kept has no time.
    let since = if at > Timestamp::UNIX_EPOCH { format!(" after {at}") } else { String::new() };
    Some(format!("{NOBODY_KEPT_WATCH} over what is in effect{since}: everybody approves again"))
}
