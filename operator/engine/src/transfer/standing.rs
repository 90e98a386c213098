//! Whether a transfer is in effect.

use alloc::{borrow::ToOwned, string::String};

use super::{
    case::{Case, Judges},
    over::Over,
};
use crate::{Snapshot, Timestamp, snapshot::TransferFacts};

/// How a transfer ended. It does not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its time is over.
    Expired,
    /// It was rejected or revoked, or it or one of its decisions was deleted.
    Revoked,
    /// Another took its place.
    Superseded,
}

/// Whether a transfer is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was never opened, and may not be; why.
    Closed(String),
    /// It may be opened, and waits for the record.
    Ready,
    /// It is in effect up to this moment.
    Active(Timestamp),
    /// It was opened, and is not in effect now; why. It may come back.
    Suspended(String),
    /// It ended; why.
    Ended(End, String),
}

/// How `transfer` stands at `now`.
pub fn standing(transfer: &TransferFacts, snapshot: &Snapshot, now: Timestamp) -> Standing {
    Judges::default().standing(transfer, snapshot, now)
}

impl Judges {
    /// [`standing`] by these judges.
    pub fn standing(self, transfer: &TransferFacts, snapshot: &Snapshot, now: Timestamp) -> Standing {
        let Some(case) = Case::of(transfer, snapshot, now) else {
            return Standing::Closed("no API server has made it, so nobody can have approved it".to_owned());
        };
        if let Some((end, why)) = case.chain.ended() {
            return Standing::Ended(end, why.to_owned());
        }
        let judged = case.judge(self, &case.tally(self));
        if let Some(Over { end, why, absent: _ }) = judged.over {
            return Standing::Ended(end, why);
        }
        let opened = case.chain.activation().is_some();
        match judged.hindered {
            None if case.chain.is_open() => Standing::Active(judged.ends),
            None if opened => {
                Standing::Suspended("it may be in effect again, and waits for the record".to_owned())
            }
            None => Standing::Ready,
            Some(why) if opened => Standing::Suspended(why),
            Some(why) => Standing::Closed(why),
        }
    }
}
