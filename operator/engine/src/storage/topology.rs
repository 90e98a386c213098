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
    cover::{FlowDestination, FlowPlace},
    decide::every_node_inside,
    locate::{REGION_KEYS, ZONE_KEYS, locate_in_any},
    placement::{reach_of_terms, stored_near},
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
            stored_near(terms, inside, snapshot),
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
    let destination = stored_near(terms, inside, snapshot);
    Stored::Open(Fault { field: field.clone(), text, what, destination })
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
    let stored = names.iter().map(|name| near_node(name, field, inside, snapshot));
    stored.reduce(|first, other| first.or_else(|| other))
}

/// Where the nodes are that call themselves so.
fn near_node(name: &str, field: &FieldPath, inside: Jurisdictions<'_>, snapshot: &Snapshot) -> Stored {
    let called = |labels: &Labels| labels.get(HOST_NAME) == Some(name);
    let nodes: Vec<_> = snapshot.nodes().filter(|(_, node)| called(&node.labels)).collect();
    let located = nodes.iter().map(|(id, node)| (*id, locate_in_any(node, inside, snapshot.world())));
    let astray: Vec<_> = located.filter(|(_, location)| !location.is_inside()).collect();
    let told = match astray.first() {
        Some((_, location)) => location.to_string(),
        None if nodes.is_empty() => "not known".to_string(),
        None => return Stored::Inside,
    };
    let what = format!("is on node {name}, which is {told}");
    let destination: FlowDestination = astray.iter().map(|(id, _)| FlowPlace::Node((*id).into())).collect();
    Stored::outside(field.clone(), name, what, destination)
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
