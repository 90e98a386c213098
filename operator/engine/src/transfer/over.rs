//! What ends a transfer for good.

use alloc::{format, string::String};

use bund_crds::Uid;

use super::{
    Absent, End, Tally,
    chain::Chain,
    recorded::{Recorded, decisions, told_of},
};
use crate::{Timestamp, snapshot::Transfers};

/// What ended a transfer for good, whether or not that is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) end: End,
    pub(super) why: String,
    /// The object whose absence it rests on.
    pub(super) absent: Option<Absent>,
}

impl Over {
    fn of(end: End, why: impl Into<String>) -> Self {
        Self { end, why: why.into(), absent: None }
    }

    /// By what others did that is on record: a decision, or a successor that was activated.
    pub(super) fn by_record(uid: &Uid, transfers: &Transfers) -> Option<Self> {
        let decided = decisions(uid, transfers).find(Recorded::is_final);
        let decided = decided.map(|recorded| Self::of(End::Revoked, recorded.told()));
        decided.or_else(|| {
            let successor = transfers.successor(uid)?.spec.transfer.as_ref()?;
            Some(Self::of(End::Superseded, format!("{} took its place", successor.name)))
        })
    }

    /// By a decision that counts.
    pub(super) fn by_decision(tally: &Tally<'_>) -> Option<Self> {
        let decision = tally.rejected.or(tally.revoked)?;
        Some(Self::of(End::Revoked, told_of(decision)))
    }

    /// By time.
    pub(super) fn by_time(ends: Timestamp, now: Timestamp) -> Option<Self> {
        (now >= ends).then(|| Self::of(End::Expired, format!("its time was over at {ends}")))
    }

    /// By its own deletion.
    pub(super) fn by_deletion() -> Self {
        Self::of(End::Revoked, "it was deleted")
    }

    /// By the deletion of an approval that it was opened with.
    pub(super) fn by_deleted_approval(uid: &Uid, chain: &Chain<'_>, transfers: &Transfers) -> Option<Self> {
        let opening = chain.last_opening();
        let gone = decisions(uid, transfers).find(|recorded| {
            recorded.precedes(opening) && recorded.is_gone(transfers) && !recorded.is_withdrawn(transfers)
        })?;
        let (name, who) = (&gone.decision.name, &gone.decision.username);
        let why = format!("the approval {name} of {who} was deleted");
        Some(Self { absent: Some(gone.absent()), ..Self::of(End::Revoked, why) })
    }
}
