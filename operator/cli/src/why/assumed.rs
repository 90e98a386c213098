//! What was taken for granted, told with why it is not known.

use bund_crds::GROUP;
use bund_engine::{
    Assumption,
    snapshot::{CarrierId, CarrierKind, OwnKind, TransferKind},
    subject::Role,
};

use super::{Question, used::is_stored};
use crate::inventory::Origin;

pub(super) fn assumed(question: &Question<'_>) -> Vec<String> {
    question.decision.assumptions.iter().filter_map(|assumption| told(question, assumption)).collect()
}

/// Whether the verdict may be another one because something may not be read: what was assumed for it, or an object of
/// Bund.
pub(super) fn is_incomplete(question: &Question<'_>) -> bool {
    let from_cluster = matches!(question.inventory.origin, Origin::Cluster { .. });
    let gap = |(group, kind): (&str, &str)| question.inventory.gap(group, kind).is_some();
    // Broken glass changes what happens, and no verdict.
    let own = OwnKind::ALL.into_iter().filter(|kind| *kind != OwnKind::BreakGlass);
    // Transfers only cover what is found.
    let transfers = TransferKind::ALL.into_iter().filter(|_| !question.decision.findings.is_empty());
    let transfers = transfers.map(TransferKind::as_str);
    let mut own = own.map(OwnKind::as_str).chain(transfers).map(|kind| (GROUP, kind));
    let told = question.decision.assumptions.iter().filter(|assumption| !is_implied(assumption));
    let volumes = STORAGE.iter().copied().filter(|_| uses_volumes(question));
    from_cluster && (own.any(gap) || told.map(kind_of).chain(volumes).any(gap))
}

/// Kinds from which a class may come to a volume without anybody naming them.
const STORAGE: [(&str, &str); 5] = [
    ("", "Pod"),
    ("", "PersistentVolumeClaim"),
    ("", "PersistentVolume"),
    ("snapshot.storage.k8s.io", "VolumeSnapshot"),
    ("snapshot.storage.k8s.io", "VolumeSnapshotContent"),
];

/// Whether an object is a volume, a claim or a copy, or uses one.
fn uses_volumes(question: &Question<'_>) -> bool {
    let subject = question.subject;
    let is_stored = matches!(subject.role, Role::Carrier(kind) if is_stored(kind));
    is_stored || subject.shapes.iter().any(|shape| !shape.volumes.is_empty() || !shape.claims.is_empty())
}

/// Every namespace has a ServiceAccount `default` that nobody writes down.
fn is_implied(assumption: &Assumption) -> bool {
    match assumption {
        Assumption::CarrierAbsent(CarrierId { kind, name, .. }) => {
            *kind == CarrierKind::ServiceAccount && name.as_ref() == "default"
        }
        Assumption::LocationAbsent
        | Assumption::NamespaceAbsent(_)
        | Assumption::ClassAbsent(..)
        | Assumption::NodeAbsent(_)
        | Assumption::TargetAbsent { .. }
        | Assumption::PodAbsent { .. } => false,
    }
}

/// The kind of what is not known.
fn kind_of(assumption: &Assumption) -> (&'static str, &'static str) {
    match assumption {
        Assumption::CarrierAbsent(id) => (id.kind.group(), id.kind.as_str()),
        Assumption::ClassAbsent(kind, _) => (kind.group(), kind.as_str()),
        Assumption::NamespaceAbsent(_) => ("", "Namespace"),
        Assumption::NodeAbsent(_) => ("", "Node"),
        Assumption::TargetAbsent { .. } | Assumption::PodAbsent { .. } => ("", "Pod"),
        Assumption::LocationAbsent => (GROUP, OwnKind::ClusterLocation.as_str()),
    }
}

fn told(question: &Question<'_>, assumption: &Assumption) -> Option<String> {
    // What lives in no namespace rests on one only where it holds a class.
    let rests_on_none = question.subject.id.namespace.is_none() && question.decision.classes.is_empty();
    if is_implied(assumption) || (rests_on_none && matches!(assumption, Assumption::NamespaceAbsent(_))) {
        return None;
    }
    let (group, kind) = kind_of(assumption);
    let gap = question.inventory.gap(group, kind);
    match (&question.inventory.origin, gap, assumption) {
        (Origin::Cluster { .. }, Some(why), _) => Some(format!("{assumption} ({why})")),
        // It is known to be absent, which is no guess; what it gets later is judged then.
        (Origin::Cluster { .. }, None, Assumption::CarrierAbsent(id)) => {
            let place = id.namespace.as_ref().map(|namespace| format!(" in {namespace}")).unwrap_or_default();
            Some(format!("{id}{place} is not there yet; a class that it comes with will count"))
        }
        (Origin::Cluster { .. } | Origin::Files { .. }, _, _) => Some(assumption.to_string()),
    }
}
