//! A container is added to a pod that runs outside.

use alloc::{format, vec::Vec};

use super::{Case, Change, node_outside::location_of};
use crate::{Finding, Reason, cover::FlowPlace};

pub(super) fn judge(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.change != Change::AddedContainer {
        return;
    }
    let Some(node) = case.shape.node_name.as_deref() else { return };
    let location = location_of(node, case.requirement, case.snapshot);
    if location.is_inside() {
        return;
    }
    let what = format!(
        "would get a container while it runs on node {node}, which is {location}, not in {}",
        case.where_to_stay()
    );
    findings.push(
        Finding::of(Reason::RunsOutside, case.requirement, case.provenance)
            .at(case.shape.spec_at.key("nodeName"), node, what)
            .towards(FlowPlace::Node(node.into())),
    );
}
