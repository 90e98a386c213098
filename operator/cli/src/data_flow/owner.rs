//! To whom an object belongs: what made it, and what made that.

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::{
    ObjectId, Snapshot, Subject,
    snapshot::{CarrierId, CarrierKind, DEFAULT_NAMESPACE, MadeBy},
    subject::Role,
};
use serde_json::Value;

use crate::{inventory::Inventory, why::made_of};

/// How many makers of makers are followed.
const MOST_HOPS: usize = 8;

/// Who made what, as far as an inventory tells.
pub(super) struct Owners {
    /// The controller of each object that has one and is no pod.
    made: BTreeMap<ObjectId, ObjectId>,
    /// Everything that there is.
    there: BTreeSet<ObjectId>,
    /// What makes each claim of a template.
    claims: BTreeMap<CarrierId, ObjectId>,
}

impl Owners {
    pub(super) fn of(inventory: &Inventory, snapshot: &Snapshot) -> Self {
        let mut owners = Self { made: BTreeMap::new(), there: BTreeSet::new(), claims: BTreeMap::new() };
        for object in &inventory.objects {
            owners.take(object, snapshot);
        }
        let claims = std::mem::take(&mut owners.claims);
        owners.claims = claims.into_iter().map(|(claim, by)| (claim, owners.top(by))).collect();
        owners
    }

    fn take(&mut self, object: &Value, snapshot: &Snapshot) {
        let subject = snapshot.extract(object, None, None);
        let namespace = subject.id.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        for template in subject.shapes.iter().flat_map(|shape| shape.claims.iter()) {
            for claim in made_of(template, namespace, snapshot) {
                self.claims.insert(claim, maker(&subject.made_by).unwrap_or_else(|| subject.id.clone()));
            }
        }
        // Pods are many, and say themselves what made them.
        if subject.role == Role::Pod {
            return;
        }
        // Of what holds data at rest the subject does not say it.
        if let Some(maker) = maker(&MadeBy::read(object)) {
            self.made.insert(subject.id.clone(), maker);
        }
        self.there.insert(subject.id);
    }

    /// What stands at the top of what made `id`; itself where nothing did.
    fn top(&self, id: ObjectId) -> ObjectId {
        let mut top = id;
        for _ in 0..MOST_HOPS {
            match self.made.get(&top) {
                Some(maker) => top = maker.clone(),
                None => break,
            }
        }
        top
    }

    /// What made a workload that only repeats its maker, where that is there as well. Anybody may claim to be made by
    /// something; only of these pairs one repeats the other.
    pub(super) fn repeated(&self, subject: &Subject) -> Option<&ObjectId> {
        let maker = self.made.get(&subject.id).filter(|maker| self.there.contains(*maker))?;
        let pair = (&*subject.id.group, &*subject.id.kind, &*maker.group, &*maker.kind);
        matches!(pair, ("apps", "ReplicaSet", "apps", "Deployment") | ("batch", "Job", "batch", "CronJob"))
            .then_some(maker)
    }

    /// The owner of a subject; `None` for what stands alone.
    pub(super) fn owner(&self, subject: &Subject) -> Option<ObjectId> {
        match subject.role {
            Role::Pod => maker(&subject.made_by).map(|maker| self.top(maker)),
            Role::Carrier(CarrierKind::PersistentVolumeClaim | CarrierKind::VolumeSnapshot) => {
                Some(self.of_claim(&subject.id))
            }
            Role::Carrier(CarrierKind::PersistentVolume | CarrierKind::VolumeSnapshotContent) => {
                let links = subject.carrier.as_ref().map(|facts| facts.links.as_slice()).unwrap_or_default();
                let kept_for = links.iter().find(|link| is_kept_for(link.kind)).map(ObjectId::from);
                Some(kept_for.map_or_else(|| subject.id.clone(), |id| self.of_claim(&id)))
            }
            Role::Carrier(CarrierKind::Secret | CarrierKind::ConfigMap | CarrierKind::ServiceAccount) => None,
            Role::Workload(_)
            | Role::Binding { .. }
            | Role::Namespace
            | Role::Grant(_)
            | Role::Network(_)
            | Role::Other => Some(self.top(subject.id.clone())),
        }
    }

    fn of_claim(&self, id: &ObjectId) -> ObjectId {
        let claim = CarrierId {
            kind: CarrierKind::PersistentVolumeClaim,
            namespace: id.namespace.clone(),
            name: id.name.clone(),
        };
        let by_template = || self.claims.get(&claim).filter(|_| &*id.kind == claim.kind.as_str()).cloned();
        match self.top(id.clone()) {
            top if top == *id => by_template().unwrap_or(top),
            top => top,
        }
    }
}

fn maker(made_by: &MadeBy) -> Option<ObjectId> {
    match made_by {
        MadeBy::Controller(maker) => Some((**maker).clone()),
        MadeBy::Unknown | MadeBy::Kubelet => None,
    }
}

fn is_kept_for(kind: CarrierKind) -> bool {
    matches!(kind, CarrierKind::PersistentVolumeClaim | CarrierKind::VolumeSnapshot)
}
