//! What was taken for granted, told with why it is not known.

use bund_engine::{
    Assumption,
    snapshot::{CarrierId, CarrierKind},
};

use super::Question;
use crate::inventory::Origin;

pub(super) fn assumed(question: &Question<'_>) -> Vec<String> {
    question.decision.assumptions.iter().filter_map(|assumption| told(question, assumption)).collect()
}

fn told(question: &Question<'_>, assumption: &Assumption) -> Option<String> {
    let (group, kind) = match assumption {
        // Every namespace has one that nobody writes down.
        Assumption::CarrierAbsent(CarrierId { kind: CarrierKind::ServiceAccount, name, .. })
            if name.as_ref() == "default" =>
        {
            return None;
        }
        // What lives in no namespace rests on it only where it is judged.
        Assumption::NamespaceAbsent(_)
            if question.subject.id.namespace.is_none() && question.decision.classes.is_empty() =>
        {
            return None;
        }
        Assumption::CarrierAbsent(id) => (id.kind.group(), id.kind.as_str()),
        Assumption::ClassAbsent(kind, _) => (kind.group(), kind.as_str()),
        Assumption::NamespaceAbsent(_) => ("", "Namespace"),
        Assumption::NodeAbsent(_) => ("", "Node"),
        Assumption::PodAbsent { .. } => ("", "Pod"),
        Assumption::LocationAbsent => (bund_crds::GROUP, "ClusterLocation"),
    };
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
