//! What is judged by itself, and what it is told of. (pure)

use std::sync::Arc;

use bund_engine::snapshot::{CarrierId, CarrierKind, MadeBy};
use bund_engine::{Holder, ObjectId, Subject};

use super::{KINDS, WatchedKind};

/// Something that is judged by itself: a pod, what makes pods, what leads connections on, or what stands for data at rest. In the order of
/// reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectKey {
    /// Its namespace; empty for what lies in none.
    pub namespace: Box<str>,
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: Box<str>,
}

/// Something that makes pods, or leads connections on.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) uid: Box<str>,
    pub(super) made_by: MadeBy,
    /// What is judged; `None` where another watched workload made it, which says the same, and where it leads nowhere.
    pub(super) subject: Option<Arc<Subject>>,
}

impl SubjectKey {
    /// The pod of this namespace and name.
    pub fn pod(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), kind: "Pod", name: name.into() }
    }

    /// The object that is meant, if objects of its kind are watched.
    pub fn of_object(id: &ObjectId) -> Option<Self> {
        let kind = WatchedKind::of(&id.group, &id.kind)?;
        let namespace = id.namespace.clone().unwrap_or_default();
        Some(Self { namespace, kind: kind.kind, name: id.name.clone() })
    }

    /// Its kind as it is watched.
    pub fn watched_kind(&self) -> Option<&'static WatchedKind> {
        KINDS.iter().find(|watched| watched.kind == self.kind)
    }

    /// The carrier that is meant.
    pub fn of_carrier(id: &CarrierId) -> Self {
        let (namespace, name) = (id.namespace.clone().unwrap_or_default(), id.name.clone());
        Self { namespace, kind: id.kind.as_str(), name }
    }

    /// The carrier that it is, if it is one.
    pub fn carrier(&self) -> Option<CarrierId> {
        let kind = CarrierKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind)?;
        let namespace = kind.is_namespaced().then(|| self.namespace.clone());
        Some(CarrierId { kind, namespace, name: self.name.clone() })
    }

    /// What passes classes on, as a subject.
    pub fn of_holder(holder: &Holder) -> Self {
        match holder {
            Holder::Carrier(id) => Self::of_carrier(id),
            Holder::Pod(pod) => Self::pod(&pod.namespace, &pod.name),
        }
    }
}

/// Whether an object of the network says anything that rules judge. Most Services and routes lead to pods of their own namespace
/// and nowhere else.
pub(super) fn says_something(subject: &Subject) -> bool {
    !subject.forwards.is_empty() || !subject.defects.is_empty() || subject.labels.classes().next().is_some()
}

/// Whether a watched workload made the object and stands for it. What the controller of another kind made (a database
/// operator's pod, a Rollout's ReplicaSet) stands for itself.
pub(super) fn stands_for_it(made_by: &MadeBy) -> bool {
    match made_by {
        MadeBy::Controller(id) => {
            let kind = WatchedKind::of(&id.group, &id.kind);
            kind.is_some_and(WatchedKind::makes_pods)
        }
        MadeBy::Unknown | MadeBy::Kubelet => false,
    }
}
