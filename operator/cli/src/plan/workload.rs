//! Who sends and who receives: what makes pods, and pods that nothing known made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bund_crds::Mode;
use bund_engine::{
    Snapshot, Subject,
    egress::{Holds, NamespacePlan, held},
    snapshot::MadeBy,
    subject::Labels,
};

use crate::inventory::{Inventory, text};

/// Pods that are alike.
#[derive(Clone, Debug)]
pub(super) struct Workload<'k> {
    pub(super) namespace: &'k str,
    /// The pod, or what makes the pods.
    pub(super) subject: &'k Subject,
    /// The labels of the pods.
    pub(super) labels: &'k Labels,
    /// What they hold, by the mode in which their namespace is closed.
    pub(super) holds: Holds,
}

impl fmt::Display for Workload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject.id.kind, self.subject.id.name)
    }
}

/// Every workload that is known, in order of namespace.
pub(super) fn all<'k>(
    inventory: &'k Inventory,
    plans: &BTreeMap<&str, &NamespacePlan>,
    snapshot: &'k Snapshot,
) -> Vec<Workload<'k>> {
    let namespaces: BTreeSet<&str> =
        inventory.objects.iter().map(|object| text(object, "/metadata/namespace")).collect();
    let namespaces = namespaces.into_iter().filter(|namespace| !namespace.is_empty());
    namespaces
        .flat_map(|namespace| {
            let mode = plans.get(namespace).map(|plan| plan.mode);
            let pods = snapshot.pods_in(namespace).filter(|pod| stands_alone(pod));
            let subjects = snapshot.templates_in(namespace).chain(pods);
            subjects.filter_map(move |subject| workload(namespace, subject, mode, snapshot))
        })
        .collect()
}

fn workload<'k>(
    namespace: &'k str,
    subject: &'k Subject,
    mode: Option<Mode>,
    snapshot: &'k Snapshot,
) -> Option<Workload<'k>> {
    let labels = &subject.shapes.first()?.labels;
    let holds = mode.map(|mode| held(subject, mode, snapshot)).unwrap_or_default();
    Some(Workload { namespace, subject, labels, holds })
}

/// Whether no workload of a built-in kind made a pod, which would be told instead.
fn stands_alone(pod: &Subject) -> bool {
    match &pod.made_by {
        MadeBy::Controller(id) => {
            !matches!(id.group.as_ref(), "apps" | "batch") && id.kind.as_ref() != "ReplicationController"
        }
        MadeBy::Unknown | MadeBy::Kubelet => true,
    }
}
