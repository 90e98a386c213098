//! What was recorded, found by name, by transfer and by time.

use alloc::{boxed::Box, sync::Arc};

use bund_crds::{EventType, Uid};
use jiff::Timestamp;
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::EventFacts;

type Events = RedBlackTreeMapSync<Box<str>, Arc<EventFacts>>;

/// What was recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    by_name: Events,
    by_transfer: RedBlackTreeMapSync<Uid, Events>,
    /// Activations, by the transfer that they took the place of.
    successors: RedBlackTreeMapSync<Uid, Events>,
    by_time: RedBlackTreeSetSync<(Timestamp, Box<str>)>,
}

impl Record {
    pub(super) fn insert(&mut self, facts: EventFacts) {
        self.remove(&facts.name);
        let facts = Arc::new(facts);
        if let Some(transfer) = &facts.spec.transfer {
            add(&mut self.by_transfer, &transfer.uid, &facts);
        }
        if let Some(superseded) = superseded(&facts) {
            add(&mut self.successors, superseded, &facts);
        }
        self.by_time.insert_mut((facts.spec.observed_at.0, facts.name.clone()));
        self.by_name.insert_mut(facts.name.clone(), facts);
    }

    pub(super) fn remove(&mut self, name: &str) {
        let Some(facts) = self.by_name.get(name).cloned() else { return };
        self.by_name.remove_mut(name);
        self.by_time.remove_mut(&(facts.spec.observed_at.0, facts.name.clone()));
        if let Some(transfer) = &facts.spec.transfer {
            take(&mut self.by_transfer, &transfer.uid, name);
        }
        if let Some(superseded) = superseded(&facts) {
            take(&mut self.successors, superseded, name);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&EventFacts> {
        self.by_name.get(name).map(AsRef::as_ref)
    }

    /// Everything, in order of name.
    pub(super) fn all(&self) -> impl Iterator<Item = &EventFacts> {
        self.by_name.values().map(AsRef::as_ref)
    }

    /// Every transfer that something was recorded of, in order.
    pub(super) fn transfers(&self) -> impl Iterator<Item = &Uid> {
        self.by_transfer.keys()
    }

    /// What was recorded of a transfer, in order of name.
    pub(super) fn of_transfer(&self, uid: &Uid) -> impl Iterator<Item = &EventFacts> {
        self.by_transfer.get(uid).into_iter().flat_map(|events| events.values().map(AsRef::as_ref))
    }

    /// The first activation, by name, that took the place of a transfer.
    pub(super) fn successor(&self, uid: &Uid) -> Option<&EventFacts> {
        self.successors.get(uid)?.values().next().map(AsRef::as_ref)
    }

    /// The latest moment at which something was observed.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.by_time.last().map(|(at, _)| *at)
    }
}

/// The transfer that an activation took the place of; never itself.
fn superseded(facts: &EventFacts) -> Option<&Uid> {
    let transfer = facts.spec.transfer.as_ref().filter(|_| facts.spec.event == EventType::Activated)?;
    transfer.supersedes.as_ref().filter(|superseded| **superseded != transfer.uid)
}

fn add(index: &mut RedBlackTreeMapSync<Uid, Events>, uid: &Uid, facts: &Arc<EventFacts>) {
    let events = index.get(uid).cloned().unwrap_or_default();
    index.insert_mut(uid.clone(), events.insert(facts.name.clone(), facts.clone()));
}

fn take(index: &mut RedBlackTreeMapSync<Uid, Events>, uid: &Uid, name: &str) {
    let Some(events) = index.get(uid).map(|events| events.remove(name)) else { return };
    if events.is_empty() {
        index.remove_mut(uid);
    } else {
        index.insert_mut(uid.clone(), events);
    }
}
