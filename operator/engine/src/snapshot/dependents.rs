//! What is to be judged again when something changes: one index from what passes classes on to what takes them over.
//!
//! The ways are those of `classify`, the other way round, and a little wider: what is told here may turn out to be
//! judged as before; what is not told is.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{CarrierId, CarrierKind, Origin, PodKey, Snapshot};
use crate::{
    Holder, Subject,
    classify::PodId,
    subject::{ClaimName, ClaimTemplate, PodShape, VolumeKind},
};

impl Snapshot {
    /// Everything that may hold other classes, or be judged otherwise, when `changed` change: they themselves, what
    /// takes classes over from them, and the pods that use it.
    pub fn dependents(&self, changed: impl IntoIterator<Item = Holder>) -> BTreeSet<Holder> {
        let mut found: BTreeSet<Holder> = BTreeSet::new();
        let mut next: Vec<Holder> = changed.into_iter().collect();
        while let Some(holder) = next.pop() {
            if found.insert(holder.clone()) {
                self.lead_on(&holder, &mut |dependent| next.push(dependent));
            }
        }
        found
    }

    /// What is in a namespace, or is kept for something there, known or not.
    pub fn holders_in(&self, namespace: &str) -> Vec<Holder> {
        let carriers = CarrierKind::ALL.into_iter().filter(|kind| kind.is_namespaced());
        let carriers = carriers.flat_map(|kind| {
            let known = self.carriers.named(kind, namespace, "").map(|(id, _)| id);
            known.chain(self.carriers.linked_in(kind, namespace)).cloned().map(Holder::Carrier)
        });
        let pods = self.pods_in(namespace).map(|pod| Holder::pod(namespace, &pod.id.name));
        carriers.chain(pods).collect()
    }

    fn lead_on(&self, holder: &Holder, lead: &mut dyn FnMut(Holder)) {
        match holder {
            Holder::Carrier(id) => {
                self.carriers.heirs(id, self.carrier(id), &mut |heir| lead(Holder::Carrier(heir.clone())));
                self.users(id).for_each(|((namespace, name), _)| lead(Holder::pod(namespace, name)));
                self.readers(id, &mut |namespace, name| lead(Holder::pod(namespace, name)));
            }
            Holder::Pod(PodId { namespace, name, .. }) => {
                let claims = self.pod(namespace, name).map(|pod| pod.claims_in_use(namespace));
                claims.into_iter().flatten().for_each(|in_use| lead(Holder::Carrier(in_use.claim)));
            }
        }
    }

    /// The pods that take over from a carrier in another way than by using a claim.
    fn readers(&self, id: &CarrierId, lead: &mut dyn FnMut(&str, &str)) {
        let mut lead_if = |(namespace, name): (&str, &str), pod: &Subject| {
            if pod.rests_on(id, self) {
                lead(namespace, name);
            }
        };
        match (id.kind, &id.namespace) {
            // Only pods of its namespace can name it, by its plain name.
            (CarrierKind::Secret | CarrierKind::ConfigMap | CarrierKind::ServiceAccount, Some(namespace)) => {
                self.pods_in(namespace).for_each(|pod| lead_if((namespace, &pod.id.name), pod));
            }
            _ => {
                for (namespace, name) in &self.indirect {
                    if let Some(pod) = self.pod(namespace, name) {
                        lead_if((namespace, name), pod);
                    }
                }
            }
        }
    }

    /// Keeps in mind whether the pod at `key` takes over from storage in another way than by using a claim.
    pub(super) fn note_indirect(&mut self, key: &PodKey, pod: &Subject) {
        if pod.shapes.iter().any(is_indirect) {
            self.indirect.insert_mut(key.clone());
        }
    }
}

/// Whether a shape takes over from storage in another way than by using a claim.
fn is_indirect(shape: &PodShape) -> bool {
    let used = |name: &str| {
        shape.volumes.iter().any(|volume| matches!(&volume.kind, VolumeKind::Claim(used) if **used == *name))
    };
    let claims = shape.references.iter().filter(|named| named.carrier == CarrierKind::PersistentVolumeClaim);
    !shape.claims.is_empty()
        || shape.volumes.iter().any(|volume| matches!(volume.kind, VolumeKind::Inline(_)))
        || claims.into_iter().any(|named| !used(&named.name))
}

impl Subject {
    /// Whether a pod, or what makes pods, takes classes over from the carrier `id` by naming it or what lies there.
    pub fn rests_on(&self, id: &CarrierId, snapshot: &Snapshot) -> bool {
        let here = self.id.namespace.as_deref().unwrap_or_default();
        let is_here = id.namespace.as_deref() == Some(here);
        self.shapes.iter().any(|shape| {
            let named = |carrier, name: &str| carrier == id.kind && *name == *id.name;
            let inline = |kind: &VolumeKind| match kind {
                VolumeKind::Claim(_) => false,
                VolumeKind::Inline(source) => snapshot.lying_on(&source.backings).contains(id),
            };
            (is_here && shape.references.iter().any(|reference| named(reference.carrier, &reference.name)))
                || shape.claims.iter().any(|claim| makes_of(claim, id, is_here))
                || shape.volumes.iter().any(|volume| inline(&volume.kind))
        })
    }
}

/// Whether a claim that is made of a template may hold what `id` holds.
fn makes_of(claim: &ClaimTemplate, id: &CarrierId, is_here: bool) -> bool {
    let is_source = |source: &CarrierId| {
        let namespace_agrees = match &source.namespace {
            None => is_here || id.namespace.is_none(),
            named => *named == id.namespace,
        };
        source.kind == id.kind && source.name == id.name && namespace_agrees
    };
    let is_it = id.kind == CarrierKind::PersistentVolumeClaim
        && match &claim.name {
            ClaimName::Exact(name) => *name == id.name,
            ClaimName::WithOrdinal(prefix) => id.name.starts_with(prefix.as_ref()),
            ClaimName::Unknown => false,
        };
    let is_copied = matches!(id.kind, CarrierKind::PersistentVolumeClaim | CarrierKind::VolumeSnapshot);
    let unknown = match &claim.origin {
        Origin::Known => false,
        Origin::Unknown { namespace: None, .. } => is_copied && is_here,
        Origin::Unknown { namespace, .. } => is_copied && *namespace == id.namespace,
    };
    claim.sources.iter().any(is_source) || (is_it && is_here) || unknown
}
