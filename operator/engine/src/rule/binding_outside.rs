//! A pod is bound to a node that is not inside.

use alloc::{format, vec::Vec};

use super::{node_outside::location_of, where_to_stay};
use crate::{
    FieldPath, Finding, Location, Provenance, Reason, Snapshot,
    cover::{FlowDestination, FlowPlace},
    select::Requirement,
};

/// Judges the binding of a pod to `node`; `None` where the target is no node.
pub(crate) fn judge(
    node: Option<&str>,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let location = match node {
        Some(node) => location_of(node, requirement, snapshot),
        None => Location::Unknown("the target is not a node".into()),
    };
    if location.is_inside() {
        return;
    }
    let destination = node.map_or(FlowDestination::Untold, |node| FlowPlace::Node(node.into()).into());
    let node = node.unwrap_or_default();
    let what = format!(
        "would bind its pod to node {node}, which is {location}, not in {}",
        where_to_stay(requirement)
    );
    findings.push(
        Finding::of(Reason::BindingOutside, requirement, provenance)
            .at(FieldPath::of("target.name"), node, what)
            .towards(destination),
    );
}
