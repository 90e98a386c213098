//! Workloads, pods that no controller made, and objects of mapped kinds: what people and pipelines create.

use bund_engine::{FieldPath, Snapshot, Step, Subject, snapshot::MadeBy, subject::PodShape, subject::Role};
use serde_json::Value;

use super::{GroupKind, Inventory, list, text};

/// Something that somebody created and that makes pods, or names places.
#[derive(Debug)]
pub struct Owner<'i> {
    /// The object.
    pub object: &'i Value,
    /// What the engine reads of it.
    pub subject: Subject,
}

impl<'i> Owner<'i> {
    /// Its namespace; empty for what lives in none.
    pub fn namespace(&self) -> &str {
        self.subject.id.namespace.as_deref().unwrap_or_default()
    }

    /// Each pod or template with its pod spec.
    pub fn pods(&self) -> impl Iterator<Item = (&PodShape, &'i Value)> {
        self.subject.shapes.iter().filter_map(|shape| Some((shape, resolve(self.object, &shape.spec_at)?)))
    }
}

/// Every owner, in order of namespace, kind and name. What a workload made repeats the workload and is left out; what a
/// controller of another kind made is an owner itself, unless that controller is at hand as one.
pub fn owners<'i>(inventory: &'i Inventory, snapshot: &Snapshot) -> Vec<Owner<'i>> {
    let made_by_mapped = |object: &Value| {
        controller(object).is_some_and(|owner| {
            let GroupKind { group, kind } = GroupKind::of(owner);
            snapshot.world().mappings_of(&group, &kind).any(|mapping| !mapping.templates.is_empty())
        })
    };
    let is_mirror = |object: &Value| MadeBy::read(object) == MadeBy::Kubelet;
    let repeats =
        |object: &Value| repeats_its_workload(object) || is_mirror(object) || made_by_mapped(object);
    let candidates = inventory.objects.iter().filter(|object| !repeats(object));
    let mut owners: Vec<_> = candidates
        .map(|object| Owner { object, subject: snapshot.extract(object, None, None) })
        .filter(|owner| is_owner(owner, snapshot))
        .collect();
    owners.sort_by(|a, b| order(a).cmp(&order(b)));
    owners
}

fn is_owner(owner: &Owner<'_>, snapshot: &Snapshot) -> bool {
    match owner.subject.role {
        Role::Pod | Role::Workload(_) => true,
        Role::Binding { .. } | Role::Namespace | Role::Carrier(_) | Role::Grant(_) | Role::Network(_) => {
            false
        }
        Role::Other => snapshot.world().maps(&owner.subject.id.group, &owner.subject.id.kind),
    }
}

fn order<'o>(owner: &'o Owner<'_>) -> (&'o str, &'o str, &'o str) {
    (owner.namespace(), &owner.subject.id.kind, &owner.subject.id.name)
}

/// The reference to the controller that made the object.
pub fn controller(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences")
        .find(|owner| owner.get("controller") == Some(&Value::Bool(true)))
}

/// Whether a built-in workload made the pod: then the workload says all that the pod says.
pub(super) fn repeats_its_workload(object: &Value) -> bool {
    const WORKLOADS: [&str; 6] =
        ["ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", "Deployment"];
    controller(object).is_some_and(|owner| {
        let built_in = matches!(text(owner, "/apiVersion"), "apps/v1" | "batch/v1" | "v1");
        (built_in && WORKLOADS.contains(&text(owner, "/kind"))) || text(owner, "/kind") == "CronJob"
    })
}

/// The value at a path.
pub fn resolve<'v>(object: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    path.steps().iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(*index),
    })
}
