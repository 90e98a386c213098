//! Transfers that were seen ended. In this process they never come back, whatever the store shows later. (pure)
//!
//! A store that is set back shows transfers as they were before they ended. Who lives through that knows better.
//! Only what is seen to happen counts, not what is missing: watches of different kinds run apart, and a decision may be
//! shown later than the event that tells of it.

use std::sync::Arc;

use bund_crds::Uid;
use bund_engine::snapshot::{ApprovalFacts, TransferFacts, TransferKind};
use bund_engine::transfer::{Standing, is_end, standing, tally};
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

    /// Takes in that transfers ended, whatever is shown of them, and takes them out of the snapshot.
    pub(super) fn learn(&mut self, uids: &[Uid], snapshot: &mut Snapshot) {
        for uid in uids {
            self.uids.insert_mut(uid.clone());
        }
        let all = snapshot.transfers().transfers();
        let names: Vec<_> = all.map(|transfer| (transfer.namespace.clone(), transfer.name.clone())).collect();
        for name in &names {
            self.look_at(name, snapshot);
        }
    }

    /// Takes in a change of the object of `kind` and `key`, and takes out of `after` what had ended.
    pub(super) fn take(
        &mut self,
        kind: TransferKind,
        key: &ObjectKey,
        before: &Snapshot,
        after: &mut Snapshot,
    ) {
        let namespace = key.namespace.clone().unwrap_or_default();
        let name = (namespace, key.name.clone());
        match kind {
            TransferKind::Exporter => {}
            TransferKind::CrossBorderTransfer => self.take_transfer(&name, before, after),
            TransferKind::TransferApproval => self.take_approval(&name, before, after),
            TransferKind::LedgerEvent => self.take_event(&name.1, before, after),
        }
    }

    fn take_transfer(&mut self, name: &TransferName, before: &Snapshot, after: &mut Snapshot) {
        self.set_back.remove_mut(name);
        let uid = |snapshot: &Snapshot| snapshot.transfers().transfer(&name.0, &name.1)?.uid.clone();
        let (was, is) = (uid(before), uid(after));
        if let Some(was) = was.filter(|was| Some(was) != is.as_ref())
            && !is_unreadable(TransferKind::CrossBorderTransfer, name, after)
        {
            self.uids.insert_mut(was);
        }
        self.look_at(name, after);
    }

    fn take_approval(&mut self, (namespace, name): &TransferName, before: &Snapshot, after: &mut Snapshot) {
        let find = |snapshot: &Snapshot| snapshot.transfers().approval(namespace, name).cloned();
        let (was, is) = (find(before), find(after));
        let transfer =
            |approval: &ApprovalFacts| (namespace.clone(), approval.spec.transfer.name.as_str().into());
        let goes = |was: &&ApprovalFacts| is.as_ref().is_none_or(|is| is.going || is.uid != was.uid);
        if let Some(gone) = was.as_ref().filter(goes) {
            self.end_by_absence(&transfer(gone), before, after);
        }
        for approval in was.iter().chain(&is) {
            self.look_at(&transfer(approval), after);
        }
    }

    fn take_event(&mut self, name: &str, before: &Snapshot, after: &mut Snapshot) {
        let event = [&*after, before].into_iter().find_map(|side| side.transfers().event(name));
        let Some(transfer) = event.and_then(|event| event.spec.transfer.clone()) else { return };
        if after.transfers().event(name).is_some_and(|event| is_end(&event.spec)) {
            self.uids.insert_mut(transfer.uid);
        }
        self.look_at(&(transfer.namespace.into(), transfer.name.into()), after);
    }

    /// Notes a transfer that ended because an approval went.
    fn end_by_absence(&mut self, name: &TransferName, before: &Snapshot, after: &Snapshot) {
        let find = |snapshot: &Snapshot| snapshot.transfers().transfer(&name.0, &name.1).cloned();
        if let (Some(was), Some(is)) = (find(before), find(after))
            && !looks_ended(&was, before)
            && looks_ended(&is, after)
            && let Some(uid) = is.uid
        {
            self.uids.insert_mut(uid);
        }
    }

    /// Looks at a transfer: did it end, or had it ended and does not look so?
    fn look_at(&mut self, name: &TransferName, snapshot: &mut Snapshot) {
        let Some(transfer) = snapshot.transfers().transfer(&name.0, &name.1) else { return };
        let Some(uid) = transfer.uid.clone() else { return };
        if is_seen_ended(transfer, snapshot) {
            self.uids.insert_mut(uid.clone());
        }
        if self.uids.contains(&uid) && !looks_ended(transfer, snapshot) {
            self.set_back.insert_mut(name.clone(), Arc::new(transfer.clone()));
            snapshot.forget(&transfer_id(name));
        }
    }
}

/// Whether something is there that says it: a decision or an event.
fn is_seen_ended(transfer: &TransferFacts, snapshot: &Snapshot) -> bool {
    let Some(uid) = &transfer.uid else { return false };
    let tally = tally(transfer, snapshot);
    let refused = tally.rejected.is_some() || tally.revoked.is_some() || transfer.going;
    refused || snapshot.transfers().events_of(uid).any(|event| is_end(&event.spec))
}

/// Whether all that is known comes to an end of it. What was recorded is the clock: a clock of ours that is wrong for a
/// moment must not end what lasts.
fn looks_ended(transfer: &TransferFacts, snapshot: &Snapshot) -> bool {
    matches!(standing(transfer, snapshot, Timestamp::UNIX_EPOCH), Standing::Ended(..))
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
