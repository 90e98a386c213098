//! Whether a transfer is in effect.

use alloc::string::String;

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
pub fn standing(_transfer: &TransferFacts, _snapshot: &Snapshot, _now: Timestamp) -> Standing {
    Standing::Closed(String::new())
}
