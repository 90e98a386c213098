//! Transfers that were seen ended. In this process they never come back, whatever the store shows later. (pure)
//!
//! A store that is set back shows transfers as they were before they ended. Who lives through that knows better.
//! Only what is seen to happen counts, not what is missing: watches of different kinds run apart, and a decision may be
//! shown later than the event that tells of it.

use std::sync::Arc;

use bund_crds::{EventType, LedgerEventSpec, TransferDecision, Uid};
use bund_engine::snapshot::{ApprovalFacts, TransferFacts, TransferKind};
use bund_engine::transfer::{Standing, standing, tally};
use bund_engine::{Snapshot, Timestamp};
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::ObjectKey;

/// Namespace and name of a transfer.
type TransferName = (Box<str>, Box<str>);

/// What was seen ended, and what of it the store shows as if it had not.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    uids: RedBlackTreeSetSync<Uid>,
    /// What was taken out of the snapshot.
    set_back: RedBlackTreeMapSync<TransferName, Arc<TransferFacts>>,
}

impl Ended {
    /// Everything that `snapshot`, in which every kind was listed, shows as ended.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut ended = Self::default();
        for transfer in snapshot.transfers().transfers().filter(|transfer| is_seen_ended(transfer, snapshot))
        {
            if let Some(uid) = &transfer.uid {
                ended.uids.insert_mut(uid.clone());
            }
        }
        ended
    }

    /// What the store shows as if it had not ended.
    pub(super) fn set_back(&self) -> impl Iterator<Item = &TransferFacts> {
        self.set_back.values().map(AsRef::as_ref)
    }

    /// Takes in a change of the object of `kind` and `key`, and takes out of `after` what had ended.
    pub(super) fn take(
        &mut self,
        kind: TransferKind,
        key: &ObjectKey,
        before: &Snapshot,
        after: &mut Snapshot,
    ) {
        let namespace = key.namespace.as_deref().unwrap_or_default();
        match kind {
            TransferKind::Exporter => {}
            TransferKind::CrossBorderTransfer => {
                let name: TransferName = (namespace.into(), key.name.clone());
                self.set_back.remove_mut(&name);
                let is = after.transfers().transfer(namespace, &key.name).and_then(|is| is.uid.clone());
                let was = before.transfers().transfer(namespace, &key.name).and_then(|was| was.uid.clone());
                if let Some(was) = was.filter(|was| Some(was) != is.as_ref())
                    && !is_unreadable(kind, &name, after)
                {
                    self.uids.insert_mut(was);
                }
                self.look_at(&name, after);
            }
            TransferKind::TransferApproval => {
                let find = |snapshot: &Snapshot| {
                    snapshot.transfers().approvals_in(namespace).find(|facts| facts.name == key.name).cloned()
                };
                let (was, is) = (find(before), find(after));
                let taken_back = was.as_ref().filter(|was| {
                    let gone = is.as_ref().is_none_or(|is| is.going || is.uid != was.uid);
                    gone && !is_unreadable(kind, &(namespace.into(), key.name.clone()), after)
                });
                if let Some(approval) = taken_back.filter(|approval| had_counted(approval, after)) {
                    self.uids.insert_mut(approval.spec.transfer.uid.clone());
                }
                for approval in [was, is].into_iter().flatten() {
                    self.look_at(&(namespace.into(), approval.spec.transfer.name.into()), after);
                }
            }
            TransferKind::LedgerEvent => {
                let event = [&*after, before].into_iter().find_map(|side| side.transfers().event(&key.name));
                let Some(transfer) = event.and_then(|event| event.spec.transfer.clone()) else { return };
                if after.transfers().event(&key.name).is_some_and(|event| ends(&event.spec)) {
                    self.uids.insert_mut(transfer.uid);
                }
                self.look_at(&(transfer.namespace.into(), transfer.name.into()), after);
            }
        }
    }

    /// Looks at a transfer: did it end, or had it ended and does not look so?
    fn look_at(&mut self, name: &TransferName, snapshot: &mut Snapshot) {
        let Some(transfer) = snapshot.transfers().transfer(&name.0, &name.1) else { return };
        let Some(uid) = transfer.uid.clone() else { return };
        if is_seen_ended(transfer, snapshot) {
            self.uids.insert_mut(uid.clone());
        }
        // What was recorded is the clock: a clock of ours that is wrong for a moment must not end what lasts.
        let looks_ended =
            || matches!(standing(transfer, snapshot, Timestamp::UNIX_EPOCH), Standing::Ended(..));
        if self.uids.contains(&uid) && !looks_ended() {
            self.set_back.insert_mut(name.clone(), Arc::new(transfer.clone()));
            snapshot.forget(&transfer_id(name));
        }
    }
}

/// Whether something is there that says it: a decision or an event.
fn is_seen_ended(transfer: &TransferFacts, snapshot: &Snapshot) -> bool {
    let tally = tally(transfer, snapshot);
    let Some(uid) = &transfer.uid else { return false };
    let refused = tally.rejected.is_some() || tally.revoked.is_some() || transfer.going;
    refused || chain(uid, snapshot).any(ends)
}

/// Whether an event says that a transfer ended.
fn ends(event: &LedgerEventSpec) -> bool {
    match event.event {
        EventType::Expired | EventType::Revoked | EventType::Superseded => true,
        EventType::Decided => event.decision.as_ref().is_some_and(|decision| match decision.decision {
            TransferDecision::Rejected | TransferDecision::Revoked => true,
            TransferDecision::Approved => false,
        }),
        EventType::DecisionRefused
        | EventType::Activated
        | EventType::Suspended
        | EventType::Resumed
        | EventType::ModeDowngraded
        | EventType::Declassified => false,
    }
}

/// Whether an approval is on record, and its transfer was opened.
fn had_counted(approval: &ApprovalFacts, snapshot: &Snapshot) -> bool {
    let Some(uid) = &approval.uid else { return false };
    let decided = snapshot.transfers().event(&format!("{uid}.decided"));
    let approved = decided.and_then(|event| event.spec.decision.as_ref());
    approved.is_some_and(|decision| decision.decision == TransferDecision::Approved)
        && chain(&approval.spec.transfer.uid, snapshot).next().is_some()
}

/// The events that opened and closed a transfer, in their order.
pub(crate) fn chain<'s>(uid: &Uid, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s LedgerEventSpec> {
    let name = move |sequence: u32| format!("{uid}.{sequence}");
    (0..).map_while(move |sequence| Some(&snapshot.transfers().event(&name(sequence))?.spec))
}

fn is_unreadable(kind: TransferKind, name: &TransferName, snapshot: &Snapshot) -> bool {
    snapshot.transfers().unreadable().any(|object| object.kind == kind && object.key == *name)
}

fn transfer_id(name: &TransferName) -> bund_engine::ObjectId {
    bund_engine::ObjectId {
        group: bund_crds::GROUP.into(),
        kind: TransferKind::CrossBorderTransfer.as_str().into(),
        namespace: Some(name.0.clone()),
        name: name.1.clone(),
    }
}

#[cfg(test)]
mod tests;
