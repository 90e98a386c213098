//! Where nodes are that satisfy a volume's node affinity, or the topologies of a class.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Named,
    named::place_inside,
    parameters::PlaceKind,
    place::{Fault, Jurisdictions, Stored},
};
use crate::{
    FieldPath, Snapshot,
    decide::every_node_inside,
    locate::{REGION_KEYS, ZONE_KEYS, locate_in_any},
    placement::reach_of_terms,
    subject::{Labels, NodeTerm, Operator},
};

/// Where nodes must be that satisfy one of `terms`.
pub(super) fn terms_place(
    terms: &[NodeTerm],
    field: &FieldPath,
    inside: Jurisdictions<'_>,
    snapshot: &Snapshot,
) -> Stored {
    let outside = || {
        let text = values_of(terms);
        Stored::outside(
            field.clone(),
            text.clone(),
            format!("admits only places that are not inside ({text})"),
        )
    };
    if every_node_inside(inside, snapshot.world()) {
        let contradicts = |term: &NodeTerm| {
            term.labels.iter().any(|requirement| match &requirement.operator {
                Operator::In(values) => {
                    let kind = place_kind(&requirement.key, snapshot);
                    kind.is_some_and(|kind| {
                        !values.iter().any(|text| {
                            let place = Named { field: FieldPath::root(), kind, text: text.clone() };
                            place_inside(&place, inside, snapshot)
                        })
                    })
                }
                Operator::NotIn(_)
                | Operator::Exists
                | Operator::DoesNotExist
                | Operator::Gt(_)
                | Operator::Lt(_) => false,
            })
        };
        return if !terms.is_empty() && terms.iter().all(contradicts) { outside() } else { Stored::Inside };
    }
    if let Some(stored) = named_nodes(terms, field, inside, snapshot) {
        return stored;
    }
    let reach = reach_of_terms(terms, inside, snapshot);
    if reach.first_hole().is_none() {
        return if reach.inside() || terms.is_empty() { Stored::Inside } else { outside() };
    }
    if !reach.inside() {
        return outside();
    }
    let text = values_of(terms);
    let what = format!("admits places that are not inside ({text})");
    Stored::Open(Fault { field: field.clone(), text, what })
}

/// The label by which local volumes name the node that they are on.
const HOST_NAME: &str = "kubernetes.io/hostname";

/// Whether terms that name nodes by their host names name nodes inside. What lies on a node lies where that node is,
/// whatever other node may call itself so tomorrow: data does not move with a name.
fn named_nodes(
    terms: &[NodeTerm],
    field: &FieldPath,
    inside: Jurisdictions<'_>,
    snapshot: &Snapshot,
) -> Option<Stored> {
    let mut names: Vec<&str> = Vec::new();
    for term in terms {
        let hosts = term.labels.iter().find_map(|requirement| match &requirement.operator {
            Operator::In(values) if *requirement.key == *HOST_NAME => Some(values),
            _ => None,
        })?;
        names.extend(hosts.iter().map(AsRef::as_ref));
    }
    for name in &names {
        let called = |labels: &Labels| labels.get(HOST_NAME) == Some(*name);
        let nodes: Vec<_> = snapshot.nodes().filter(|(_, node)| called(&node.labels)).collect();
        let astray = nodes.iter().find_map(|(_, node)| {
            let location = locate_in_any(node, inside, snapshot.world());
            (!location.is_inside()).then(|| location.to_string())
        });
        let told = match astray {
            Some(location) => location,
            None if nodes.is_empty() => "not known".to_string(),
            None => continue,
        };
        let what = format!("is on node {name}, which is {told}");
        return Some(Stored::outside(field.clone(), *name, what));
    }
    (!names.is_empty()).then_some(Stored::Inside)
}

fn place_kind(key: &str, snapshot: &Snapshot) -> Option<PlaceKind> {
    if ZONE_KEYS.contains(&key) {
        Some(PlaceKind::Zone)
    } else if REGION_KEYS.contains(&key) || *key == *snapshot.world().location().node_key {
        Some(PlaceKind::Region)
    } else {
        None
    }
}

/// The values that terms ask for, to tell them apart and to show them.
fn values_of(terms: &[NodeTerm]) -> String {
    let mut values: Vec<&str> = Vec::new();
    for requirement in terms.iter().flat_map(|term| &term.labels) {
        match &requirement.operator {
            Operator::In(listed) => values.extend(listed.iter().map(AsRef::as_ref)),
            Operator::NotIn(_)
            | Operator::Exists
            | Operator::DoesNotExist
            | Operator::Gt(_)
            | Operator::Lt(_) => {
                values.push(&requirement.key);
            }
        }
    }
    values.join(", ")
}
