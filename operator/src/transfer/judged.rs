//! A transfer with everything that is said of it. (pure)

use bund_engine::snapshot::TransferFacts;
use bund_engine::transfer::{Assessment, Deadline, End, Standing, Tally, assess, standing, tally};
use bund_engine::{Snapshot, Timestamp};
use jiff::SignedDuration;

/// How long before its end a transfer expires soon.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A transfer, and what the engine makes of it.
pub(super) struct Judged<'s> {
    pub(super) transfer: &'s TransferFacts,
    pub(super) assessment: Assessment,
    pub(super) tally: Tally<'s>,
    pub(super) standing: Standing,
}

impl<'s> Judged<'s> {
    pub(super) fn of(transfer: &'s TransferFacts, snapshot: &'s Snapshot, now: Timestamp) -> Self {
        Self {
            transfer,
            assessment: assess(transfer, snapshot, now),
            tally: tally(transfer, snapshot),
            standing: standing(transfer, snapshot, now),
        }
    }

    /// How it ended, if it did.
    pub(super) fn end(&self) -> Option<(End, &str)> {
        match &self.standing {
            Standing::Ended(end, why) => Some((*end, why)),
            Standing::Closed(_) | Standing::Ready | Standing::Active(_) | Standing::Suspended(_) => None,
        }
    }

    /// What must be done soon, if it has not ended: in order of time.
    pub(super) fn near(&self, now: Timestamp) -> Vec<&Deadline> {
        let mut near: Vec<_> = self.deadlines().filter(|deadline| deadline.warn_from <= now).collect();
        near.sort_unstable_by_key(|deadline| deadline.at);
        near
    }

    /// What must be done by when, if it has not ended.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = &Deadline> {
        self.assessment.deadlines.iter().filter(|_| self.end().is_none())
    }

    /// From when on it expires soon.
    pub(super) fn soon_from(&self) -> Timestamp {
        self.assessment.ends.checked_sub(SOON).unwrap_or(Timestamp::MIN)
    }

    /// When something that is told of it changes by itself.
    pub(super) fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let Assessment { begins, ends, .. } = &self.assessment;
        let own = [*begins, *ends, self.soon_from()];
        let deadlines = self.deadlines().flat_map(|deadline| [deadline.warn_from, deadline.at]);
        own.into_iter().filter(|_| self.end().is_none()).chain(deadlines)
    }
}
