//! What the record says of the decisions on one transfer.

use alloc::{boxed::Box, format, string::String};

use bund_crds::{EventType, TransferDecision, Uid, ledger_event::RecordedDecision};

use super::Absent;
use crate::snapshot::{ApprovalFacts, TransferKind, Transfers};

/// A decision that was recorded because it counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded<'s> {
    pub(super) decision: &'s RecordedDecision,
    namespace: &'s str,
    /// How many events had opened and closed the transfer before it.
    sequence: u32,
}

/// The decisions on a transfer that were recorded because they counted, in order of name.
pub(super) fn decisions<'s>(transfer: &Uid, transfers: &'s Transfers) -> impl Iterator<Item = Recorded<'s>> {
    let decided = transfers.events_of(transfer).filter(|facts| facts.spec.event == EventType::Decided);
    decided.filter_map(|facts| {
        let transfer = facts.spec.transfer.as_ref()?;
        let decision = facts.spec.decision.as_ref()?;
        Some(Recorded { decision, namespace: &transfer.namespace, sequence: transfer.sequence })
    })
}

impl Recorded<'_> {
    /// Whether it ends the transfer for good.
    pub(super) fn is_final(&self) -> bool {
        match self.decision.decision {
            TransferDecision::Approved => false,
            TransferDecision::Rejected | TransferDecision::Revoked => true,
        }
    }

    /// Whether it is an approval that was deleted, or is to be.
    pub(super) fn is_gone(&self, transfers: &Transfers) -> bool {
        let RecordedDecision { name, uid, decision, username: _ } = self.decision;
        let is_it = |facts: &ApprovalFacts| facts.uid.as_ref() == Some(uid) && !facts.going;
        *decision == TransferDecision::Approved
            && !transfers.is_unreadable(TransferKind::TransferApproval, self.namespace, name)
            && !transfers.approval(self.namespace, name).is_some_and(is_it)
    }

    /// Whether its deletion is on record as one before the transfer was opened with it.
    pub(super) fn is_withdrawn(&self, transfers: &Transfers) -> bool {
        transfers.event(&withdrawn_name(&self.decision.uid)).is_some()
    }

    /// The approval that is gone.
    pub(super) fn absent(&self) -> Absent {
        let RecordedDecision { name, uid, .. } = self.decision;
        Absent::of(TransferKind::TransferApproval, self.namespace, name, uid)
    }

    /// Who decided what.
    pub(super) fn told(&self) -> String {
        told(&self.decision.username, self.decision.decision)
    }

    /// Whether the opening of this number may rest on it.
    pub(super) fn precedes(&self, opening: Option<u32>) -> bool {
        opening.is_some_and(|opening| self.sequence <= opening)
    }
}

/// The name of the event that a decision counts.
pub(super) fn decided_name(approval: &Uid) -> Box<str> {
    format!("{}.decided", approval.as_str().to_ascii_lowercase()).into()
}

/// The name of the event that a decision does not count.
pub(super) fn refused_name(approval: &Uid) -> Box<str> {
    format!("{}.refused", approval.as_str().to_ascii_lowercase()).into()
}

/// The name of the event that a decision was deleted before anything was opened with it.
pub(super) fn withdrawn_name(approval: &Uid) -> Box<str> {
    format!("{}.withdrawn", approval.as_str().to_ascii_lowercase()).into()
}

/// Who decided, as a sentence names them.
pub(super) fn approver(facts: &ApprovalFacts) -> &str {
    named(facts.spec.approver.as_ref().map_or("", |approver| &approver.username))
}

/// Who decided what, and why.
pub(super) fn told_of(facts: &ApprovalFacts) -> String {
    let why = facts.spec.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    told(approver(facts), facts.spec.decision) + &why
}

fn told(username: &str, decision: TransferDecision) -> String {
    let done = match decision {
        TransferDecision::Approved => "approved",
        TransferDecision::Rejected => "rejected",
        TransferDecision::Revoked => "revoked",
    };
    format!("{} {done} it", named(username))
}

fn named(username: &str) -> &str {
    if username.is_empty() { "somebody who was not stamped" } else { username }
}
