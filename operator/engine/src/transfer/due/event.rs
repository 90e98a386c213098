//! Events as the record keeps them.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{
    ClassName, EventType, LedgerEventSpec, Moment, Uid,
    ledger_event::{RecordedDecision, RecordedTransfer},
};

use super::Due;
use crate::{
    Timestamp,
    snapshot::{ApprovalFacts, EventFacts, Transfers},
    transfer::{
        NO_CREDENTIAL,
        case::{Case, Judged},
        chain::{Chain, name_at},
        recorded::{Recorded, told_of, withdrawn_name},
    },
};

/// As many characters as a reason may have.
const LONGEST_WHY: usize = 1024;

/// A transfer as its next event tells of it.
pub(super) struct Told {
    pub(super) transfer: RecordedTransfer,
    data_classes: Vec<ClassName>,
    observed_at: Moment,
}

impl Told {
    /// Of a transfer that is there. From its activation on it is told of as it was then.
    pub(super) fn of_case(case: &Case<'_>, judged: &Judged) -> Self {
        Self::of_declared(case, judged.ends)
    }

    /// The same, where `ends` is when it ends by itself.
    pub(super) fn of_declared(case: &Case<'_>, ends: Timestamp) -> Self {
        let Case { transfer, uid, digest, transfers, chain, now, .. } = case;
        if let Some(told) =
            chain.activation().and_then(|activation| Self::of_record(uid, chain, activation, transfers, *now))
        {
            return told;
        }
        let superseded = || {
            let name = transfer.spec.supersedes.as_deref()?;
            transfers.transfer(&transfer.namespace, name)?.uid.clone()
        };
        let recorded = RecordedTransfer {
            namespace: transfer.namespace.to_string(),
            name: transfer.name.to_string(),
            uid: (*uid).clone(),
            digest: (*digest).clone(),
            sequence: chain.next(uid, transfers),
            exporter: transfer.spec.exporter.clone(),
            persons: transfer.spec.persons,
            supersedes: superseded(),
            until: Moment::of(ends),
        };
        Self {
            transfer: recorded,
            data_classes: transfer.spec.data_classes.clone(),
            observed_at: Moment::of(*now),
        }
    }

    /// Of a transfer as it was activated.
    pub(super) fn of_record(
        uid: &Uid,
        chain: &Chain<'_>,
        activation: &EventFacts,
        transfers: &Transfers,
        now: Timestamp,
    ) -> Option<Self> {
        let recorded = activation.spec.transfer.clone()?;
        Some(Self {
            transfer: RecordedTransfer { sequence: chain.next(uid, transfers), ..recorded },
            data_classes: activation.spec.data_classes.clone(),
            observed_at: Moment::of(now),
        })
    }

    /// The next event that opens or closes it.
    pub(super) fn link(&self, event: EventType, why: &str) -> Due {
        self.event(name_at(&self.transfer.uid, self.transfer.sequence), event, why, None)
    }

    /// A decision that counts.
    pub(super) fn decided(&self, name: Box<str>, facts: &ApprovalFacts) -> Option<Due> {
        let has_credential =
            facts.spec.approver.as_ref().is_some_and(|approver| approver.credential.is_some());
        let note = if has_credential { String::new() } else { format!("; {NO_CREDENTIAL}") };
        // The note is what must not be cut off.
        let why = cut(&told_of(facts), LONGEST_WHY - note.len()) + &note;
        Some(self.event(name, EventType::Decided, &why, Some(recorded(facts)?)))
    }

    /// A decision that does not count.
    pub(super) fn refused(&self, name: Box<str>, facts: &ApprovalFacts, why: &str) -> Option<Due> {
        Some(self.event(name, EventType::DecisionRefused, why, Some(recorded(facts)?)))
    }

    /// A decision that was deleted before it opened anything.
    pub(super) fn withdrawn(&self, recorded: &Recorded<'_>) -> Due {
        let name = withdrawn_name(&recorded.decision.uid);
        let why = "it was deleted before the transfer was opened with it";
        let due = self.event(name, EventType::DecisionRefused, why, Some(recorded.decision.clone()));
        Due { absent: Some(recorded.absent()), ..due }
    }

    fn event(&self, name: Box<str>, event: EventType, why: &str, decision: Option<RecordedDecision>) -> Due {
        let spec = LedgerEventSpec {
            event,
            observed_at: self.observed_at,
            why: cut(why, LONGEST_WHY),
            transfer: Some(self.transfer.clone()),
            decision,
            object: None,
            data_classes: self.data_classes.clone(),
        };
        Due { name, spec, absent: None }
    }
}

fn recorded(facts: &ApprovalFacts) -> Option<RecordedDecision> {
    let username = facts.spec.approver.as_ref().map(|approver| approver.username.clone());
    Some(RecordedDecision {
        name: facts.name.to_string(),
        uid: facts.uid.clone()?,
        decision: facts.spec.decision,
        username: username.unwrap_or_default(),
    })
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}
