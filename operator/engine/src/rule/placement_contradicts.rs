//! No node inside can satisfy the pod.

use alloc::{format, vec::Vec};

use super::Case;
use crate::{Finding, Reason, placement::runs_in};

pub(super) fn judge(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let field = match &case.shape.required_terms {
        None => case.shape.spec_at.key("nodeSelector"),
        Some(_) => super::placement_unconfined::required_at(case),
    };
    let what = format!("asks for nodes of which none can be in {}", case.where_to_stay());
    let offending = asked(case);
    findings.push(
        Finding::of(Reason::PlacementContradicts, case.requirement, case.provenance)
            .at(field, offending, what)
            .towards(runs_in(case.shape, &case.requirement.jurisdictions, case.snapshot)),
    );
}

/// What the pod asks for, as one text: the finding is another one when it changes.
fn asked(case: &Case<'_>) -> alloc::string::String {
    let selector: Vec<_> =
        case.shape.node_selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    match &case.shape.required_terms {
        None => selector.join(","),
        Some(terms) => format!("{} {terms:?}", selector.join(",")),
    }
}
