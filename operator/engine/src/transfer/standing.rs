//! Whether a transfer is in effect.

use alloc::{borrow::ToOwned, string::String};

use serde::Serialize;

use bund_crds::Uid;

use super::{
    case::{Case, Judges},
    chain::Chain,
    over::Over,
};
use crate::{
    Snapshot, Timestamp,
    snapshot::{TransferFacts, Transfers},
};

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

impl End {
    /// The same in a word, which conditions and the ledger tell.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
            Self::Superseded => "Superseded",
        }
    }
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

/// How a transfer stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum State {
    /// It was never opened, and may not be.
    Closed,
    /// It may be opened, and waits for the record.
    Ready,
    /// It is in effect.
    Active,
    /// It was opened, is not in effect now, and may come back.
    Suspended,
    /// Its time is over.
    Expired,
    /// It was rejected or revoked, or it or one of its decisions was deleted.
    Revoked,
    /// Another took its place.
    Superseded,
}

impl Standing {
    /// The same in a word.
    pub fn state(&self) -> State {
        match self {
            Self::Closed(_) => State::Closed,
            Self::Ready => State::Ready,
            Self::Active(_) => State::Active,
            Self::Suspended(_) => State::Suspended,
            Self::Ended(End::Expired, _) => State::Expired,
            Self::Ended(End::Revoked, _) => State::Revoked,
            Self::Ended(End::Superseded, _) => State::Superseded,
        }
    }
}

/// How `transfer` stands at `now`.
pub fn standing(transfer: &TransferFacts, snapshot: &Snapshot, now: Timestamp) -> Standing {
    Judges::default().standing(transfer, snapshot, now)
}

/// How a transfer stands by its record alone, at `now`: where the transfer itself is not at hand. Whether the law still lets
/// it be in effect, and whether somebody keeps watch, no record tells.
pub fn standing_on_record(transfer: &Uid, transfers: &Transfers, now: Timestamp) -> Standing {
    let chain = Chain::of(transfer, transfers);
    if let Some((end, why)) = chain.ended() {
        return Standing::Ended(end, why.to_owned());
    }
    let activation = chain.activation();
    let until = activation.and_then(|event| event.spec.transfer.as_ref()).map(|recorded| recorded.until.0);
    let over = Over::by_record(transfer, transfers).or_else(|| Over::by_time(until?, transfers.clock(now)));
    if let Some(Over { end, why, absent: _ }) = over {
        return Standing::Ended(end, why);
    }
    match until {
        None => Standing::Closed("nothing on record opened it".to_owned()),
        Some(until) if chain.is_open() => Standing::Active(until),
        Some(_) => Standing::Suspended(chain.last_why().to_owned()),
    }
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
