//! What is to be recorded.

use alloc::{boxed::Box, vec::Vec};

use bund_crds::LedgerEventSpec;

use crate::{Snapshot, Timestamp};

/// Something that happened and is not on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The name of its event, which is made of what happened: it can be written once.
    pub name: Box<str>,
    /// What happened.
    pub spec: LedgerEventSpec,
}

/// What happened to transfers and is not on record, in the order in which it is to be recorded: what closes first.
pub fn due(_snapshot: &Snapshot, _now: Timestamp) -> Vec<Due> {
    Vec::new()
}
