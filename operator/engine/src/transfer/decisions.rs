//! Who decided on a transfer, and which decisions count.
//!
//! One function judges one decision: the [`tally`] asks it for what was decided, the webhook for what somebody is about to
//! decide. Whether who decides holds the right `approve` the API server is asked when the decision is made.

use alloc::{string::String, vec::Vec};

use bund_crds::{TransferApprovalSpec, TransferDecision};

use super::{case::still_counting, is_end};
use crate::{
    FieldPath, Snapshot,
    snapshot::{ApprovalFacts, TransferFacts},
};

mod judge;
mod person;
mod quorum;
#[cfg(test)]
mod tests;

use person::Person;
use quorum::Quorum;

/// What is told of a decision that names no credential.
pub const NO_CREDENTIAL: &str = "no credential: made by impersonation, or the authenticator names none";

/// Why a decision does not count: the field at fault, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field.
    pub field: FieldPath,
    /// Why, and what to do.
    pub why: String,
}

impl Refusal {
    fn at(field: &str, why: impl Into<String>) -> Self {
        Self { field: FieldPath::of(field), why: why.into() }
    }
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
pub fn tally<'s>(transfer: &TransferFacts, snapshot: &'s Snapshot) -> Tally<'s> {
    let quorum = Quorum::of(transfer, snapshot);
    let mut tally = Tally {
        approvals: Vec::new(),
        needed: 1,
        wanting: String::new(),
        refused: Vec::new(),
        rejected: None,
        revoked: None,
    };
    let decisions = snapshot.transfers().approvals_in(&transfer.namespace);
    let mut decisions: Vec<_> =
        decisions.filter(|decision| decision.spec.transfer.name == *transfer.name).collect();
    decisions.sort_by_key(|decision| (decision.created, &decision.name));
    for decision in decisions {
        let judged = judge::stands(decision)
            .and_then(|()| judge::decision(&decision.spec, transfer, &tally, &quorum, snapshot));
        match (judged, decision.spec.decision) {
            (Err(refusal), _) => tally.refused.push((decision, refusal)),
            (Ok(()), TransferDecision::Approved) => tally.approvals.push(decision),
            (Ok(()), TransferDecision::Rejected) => tally.rejected = tally.rejected.or(Some(decision)),
            (Ok(()), TransferDecision::Revoked) => tally.revoked = tally.revoked.or(Some(decision)),
        }
    }
    tally.needed = quorum.needed(&tally.approvals);
    tally.wanting = quorum.wanting(&tally.approvals);
    tally
}

/// Judges a decision that somebody is about to make in `namespace`, as the tally would count it.
pub fn judge_decision(
    namespace: &str,
    spec: &TransferApprovalSpec,
    snapshot: &Snapshot,
) -> Result<(), Refusal> {
    let name = &spec.transfer.name;
    let Some(transfer) = snapshot.transfers().transfer(namespace, name) else {
        let why = alloc::format!(
            "there is no CrossBorderTransfer {name} in namespace {namespace}; name one that is there"
        );
        return Err(Refusal::at("spec.transfer.name", why));
    };
    let counting = still_counting(transfer, snapshot);
    let before = tally(transfer, counting.as_ref().unwrap_or(snapshot));
    judge::decision(spec, transfer, &before, &Quorum::of(transfer, snapshot), snapshot)?;
    if spec.decision == TransferDecision::Approved && has_ended(transfer, snapshot) {
        return Err(Refusal::at("spec.transfer.name", ENDED));
    }
    Ok(())
}

const ENDED: &str = "the transfer ended, and does not come back; create another one";

/// Whether the record says that the transfer ended, or that a decision ended it which somebody deleted since.
fn has_ended(transfer: &TransferFacts, snapshot: &Snapshot) -> bool {
    let uid = transfer.uid.as_ref();
    uid.is_some_and(|uid| snapshot.transfers().events_of(uid).any(|event| is_end(&event.spec)))
}

/// Whether a decision counts only because who makes it holds `approve` for every class: every one but the revocation by
/// who asked for the transfer, who created it, or who approved it.
pub fn needs_right(namespace: &str, spec: &TransferApprovalSpec, snapshot: &Snapshot) -> bool {
    let transfer = snapshot.transfers().transfer(namespace, &spec.transfer.name);
    match (spec.decision, transfer, &spec.approver) {
        (TransferDecision::Revoked, Some(transfer), Some(approver)) => {
            let person = Person::of(approver);
            let counted = tally(transfer, snapshot).approvals;
            let mut others = counted.iter().filter_map(|approval| approval.spec.approver.as_ref());
            !person.asks_for(transfer) && !others.any(|other| person.is(Person::of(other)))
        }
        (TransferDecision::Revoked | TransferDecision::Approved | TransferDecision::Rejected, _, _) => true,
    }
}
