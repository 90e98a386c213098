//! `spec.nodeName` names a node that is not inside.

use alloc::{format, vec::Vec};

use super::{Case, Change};
use crate::{
    Finding, Location, Reason, Snapshot, cover::FlowPlace, locate::locate_in_any, select::Requirement,
};

pub(super) fn judge(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.change == Change::AddedContainer {
        return;
    }
    let Some(node) = case.shape.node_name.as_deref() else { return };
    let location = location_of(node, case.requirement, case.snapshot);
    if location.is_inside() {
        return;
    }
    let what = format!("is put on node {node}, which is {location}, not in {}", case.where_to_stay());
    findings.push(
        Finding::of(Reason::NodeOutside, case.requirement, case.provenance)
            .at(case.shape.spec_at.key("nodeName"), node, what)
            .towards(FlowPlace::Node(node.into())),
    );
}

/// Where the node of this name is, as far as a requirement is concerned. A node that nobody knows is inside
/// only where every node is.
pub(super) fn location_of(node: &str, requirement: &Requirement<'_>, snapshot: &Snapshot) -> Location {
    let world = snapshot.world();
    if let Some(facts) = snapshot.node(node) {
        return locate_in_any(facts, &requirement.jurisdictions, world);
    }
    if crate::decide::every_node_inside(&requirement.jurisdictions, world) {
        Location::Inside
    } else {
        Location::Unknown("no such node is known".into())
    }
}
