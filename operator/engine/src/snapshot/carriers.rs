//! Every carrier that is known, and how they hang together.

use alloc::{boxed::Box, collections::BTreeSet, sync::Arc, vec::Vec};

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::{CarrierFacts, CarrierId, CarrierKind, Origin};
use crate::storage::{Backing, BackingKey, StoredFacts};

/// Every carrier that is known. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub(super) struct Carriers {
    facts: RedBlackTreeMapSync<CarrierId, Arc<CarrierFacts>>,
    /// Carriers, known or not, with those that link to them: claims with the volumes that are kept for them,
    /// bound or not yet; snapshots with their contents; volumes with their claims; sources with their copies.
    linked: Links<CarrierId>,
    /// Volumes and snapshots by what they lie on.
    backed: Links<BackingKey>,
    /// Contents of snapshots by what that of which they are copies lies on.
    copied: Links<BackingKey>,
    /// Copies of something unknown by the namespace in which that may lie.
    of_unknown: Links<Box<str>>,
}

type Links<K> = RedBlackTreeMapSync<K, RedBlackTreeSetSync<CarrierId>>;

impl Carriers {
    pub(super) fn get(&self, id: &CarrierId) -> Option<&CarrierFacts> {
        self.facts.get(id).map(AsRef::as_ref)
    }

    pub(super) fn shared(&self, id: &CarrierId) -> Option<&Arc<CarrierFacts>> {
        self.facts.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&CarrierId, &CarrierFacts)> {
        self.facts.iter().map(|(id, facts)| (id, facts.as_ref()))
    }

    /// The carriers of one kind in one namespace whose names start with `prefix`, in order of name.
    pub(super) fn named<'s>(
        &'s self,
        kind: CarrierKind,
        namespace: &str,
        prefix: &'s str,
    ) -> impl Iterator<Item = (&'s CarrierId, &'s CarrierFacts)> {
        let first = CarrierId { kind, namespace: Some(namespace.into()), name: prefix.into() };
        let scope = first.clone();
        self.facts
            .range(first..)
            .take_while(move |(id, _)| {
                id.kind == kind && id.namespace == scope.namespace && id.name.starts_with(prefix)
            })
            .map(|(id, facts)| (id, facts.as_ref()))
    }

    /// What is kept for a claim or a snapshot: whatever it holds, the claim or snapshot will hold once it is bound.
    pub(super) fn kept_for(&self, id: &CarrierId) -> impl Iterator<Item = &CarrierId> {
        let kept = |other: &&CarrierId| keeps_for(other.kind) == Some(id.kind);
        self.linked.get(id).into_iter().flatten().filter(kept)
    }

    /// The carriers, known or not, of one kind in one namespace to which others link.
    pub(super) fn linked_in(&self, kind: CarrierKind, namespace: &str) -> impl Iterator<Item = &CarrierId> {
        let first = CarrierId { kind, namespace: Some(namespace.into()), name: Box::default() };
        let scope = first.clone();
        let here = self.linked.range(first..).map(|(id, _)| id);
        here.take_while(move |id| id.kind == kind && id.namespace == scope.namespace)
    }

    /// Tells `lead` of the carriers that take classes over from the carrier `id`, with `facts` where it is known.
    pub(super) fn heirs(
        &self,
        id: &CarrierId,
        facts: Option<&CarrierFacts>,
        lead: &mut dyn FnMut(&CarrierId),
    ) {
        self.linked.get(id).into_iter().flatten().for_each(&mut *lead);
        let keeps = |link: &&CarrierId| keeps_for(id.kind) == Some(link.kind);
        facts.into_iter().flat_map(|facts| &facts.links).filter(keeps).for_each(&mut *lead);
        if let (CarrierKind::PersistentVolumeClaim | CarrierKind::VolumeSnapshot, Some(namespace)) =
            (id.kind, &id.namespace)
        {
            self.of_unknown.get(namespace).into_iter().flatten().for_each(&mut *lead);
        }
        for backing in facts.into_iter().flat_map(backings_of) {
            let key = backing.key();
            let alike = [&self.backed, &self.copied].into_iter().filter_map(|links| links.get(&key));
            alike.flatten().for_each(&mut *lead);
        }
    }

    /// Everything that may lie on what `backings` lie on, in order, each once.
    pub(super) fn lying_on(&self, backings: &[Backing]) -> Vec<CarrierId> {
        let mut found = BTreeSet::new();
        for backing in backings {
            let near = self.backed.get(&backing.key()).into_iter().flatten();
            let alike = near.filter(|id| {
                let facts = self.get(id);
                facts.is_some_and(|facts| backings_of(facts).any(|other| other.overlaps(backing)))
            });
            found.extend(alike.cloned());
        }
        found.into_iter().collect()
    }

    pub(super) fn insert(&mut self, id: CarrierId, facts: CarrierFacts) {
        self.remove(&id);
        for link in &facts.links {
            link_to(&mut self.linked, link.clone(), id.clone());
        }
        for backing in backings_of(&facts) {
            link_to(&mut self.backed, backing.key(), id.clone());
        }
        if let Some(copied) = copied(&facts) {
            link_to(&mut self.copied, copied.key(), id.clone());
        }
        if let Origin::Unknown { namespace: Some(namespace), .. } = &facts.origin {
            link_to(&mut self.of_unknown, namespace.clone(), id.clone());
        }
        self.facts.insert_mut(id, Arc::new(facts));
    }

    pub(super) fn remove(&mut self, id: &CarrierId) {
        let Some(facts) = self.facts.get(id).cloned() else { return };
        self.facts.remove_mut(id);
        for link in &facts.links {
            unlink(&mut self.linked, link, id);
        }
        for backing in backings_of(&facts) {
            unlink(&mut self.backed, &backing.key(), id);
        }
        if let Some(copied) = copied(&facts) {
            unlink(&mut self.copied, &copied.key(), id);
        }
        if let Origin::Unknown { namespace: Some(namespace), .. } = &facts.origin {
            unlink(&mut self.of_unknown, namespace, id);
        }
    }
}

/// The kind of what an object of this kind is kept for.
fn keeps_for(kind: CarrierKind) -> Option<CarrierKind> {
    match kind {
        CarrierKind::PersistentVolume => Some(CarrierKind::PersistentVolumeClaim),
        CarrierKind::VolumeSnapshotContent => Some(CarrierKind::VolumeSnapshot),
        CarrierKind::PersistentVolumeClaim
        | CarrierKind::Secret
        | CarrierKind::ConfigMap
        | CarrierKind::ServiceAccount
        | CarrierKind::VolumeSnapshot => None,
    }
}

fn backings_of(facts: &CarrierFacts) -> impl Iterator<Item = &Backing> {
    let backings: &[Backing] = match &facts.stored {
        StoredFacts::Volume(volume) => {
            volume.source.as_ref().map(|source| source.backings.as_slice()).unwrap_or_default()
        }
        StoredFacts::Content(content) => &content.is,
        StoredFacts::Elsewhere | StoredFacts::Claim(_) | StoredFacts::Snapshot(_) => &[],
    };
    backings.iter()
}

fn link_to<K: Ord>(links: &mut Links<K>, key: K, id: CarrierId) {
    let linked = links.get(&key).cloned().unwrap_or_default();
    links.insert_mut(key, linked.insert(id));
}

fn unlink<K: Ord + Clone>(links: &mut Links<K>, key: &K, id: &CarrierId) {
    let Some(left) = links.get(key).map(|linked| linked.remove(id)) else { return };
    if left.is_empty() {
        links.remove_mut(key);
    } else {
        links.insert_mut(key.clone(), left);
    }
}

/// What that lies on of which a carrier is a copy.
fn copied(facts: &CarrierFacts) -> Option<&Backing> {
    match &facts.stored {
        StoredFacts::Content(content) => content.of.as_ref(),
        StoredFacts::Elsewhere
        | StoredFacts::Claim(_)
        | StoredFacts::Snapshot(_)
        | StoredFacts::Volume(_) => None,
    }
}

/// What a carrier lies on, or is a copy of what lies there.
pub(crate) fn lies_on(facts: &CarrierFacts) -> Vec<Backing> {
    backings_of(facts).chain(copied(facts)).cloned().collect()
}

/// A pod by its namespace and name.
pub(crate) type PodKey = (Box<str>, Box<str>);
