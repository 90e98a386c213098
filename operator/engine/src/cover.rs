//! Whether a declared cross-border transfer covers a flow.

use alloc::{boxed::Box, collections::BTreeSet};

use serde::Serialize;

use crate::{Finding, HeldClass, ObjectId, Snapshot, Timestamp};

/// A flow of data out: who sends which classes where. One active transfer must cover all of it; two never add
/// up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow<'s> {
    /// What sends.
    pub subject: &'s ObjectId,
    /// Everything that it sends.
    pub classes: BTreeSet<&'s HeldClass>,
    /// Where to, as the finding names it.
    pub destination: &'s str,
}

/// The transfer that covers a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cover {
    /// Namespace of the `CrossBorderTransfer`.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
}

/// The active transfer that covers the flow behind a finding as a whole, at `now`.
///
/// No kind of this version declares transfers, so nothing is covered.
pub fn covers(_flow: &Flow<'_>, _finding: &Finding, _snapshot: &Snapshot, _now: Timestamp) -> Option<Cover> {
    None
}
