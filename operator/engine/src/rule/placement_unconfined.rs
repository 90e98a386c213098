//! A node outside could satisfy the pod.

use alloc::{format, string::String, vec::Vec};

use super::{Case, how_to_confine};
use crate::{
    FieldPath, Finding, Reason,
    placement::{Reach, runs_in},
    subject::{Role, WorkloadKind},
};

pub(super) fn judge(case: &Case<'_>, reach: &Reach, findings: &mut Vec<Finding>) {
    if case.will_be_confined() || case.subject.role == Role::Workload(WorkloadKind::DaemonSet) {
        return;
    }
    let Some(hole) = reach.first_hole() else { return };
    let what = format!("could be placed outside {}", case.where_to_stay());
    findings.push(
        Finding::of(Reason::PlacementUnconfined, case.requirement, case.provenance)
            .at(hole_at(case, hole), openings(case, reach), what)
            .remedied(how_to_confine(case))
            .towards(runs_in(case.shape, &case.requirement.jurisdictions, case.snapshot)),
    );
}

/// The field that lets the pod out: the term, or the affinity where there is none.
pub(super) fn hole_at(case: &Case<'_>, hole: usize) -> FieldPath {
    match &case.shape.required_terms {
        None => case.shape.spec_at.key("affinity"),
        Some(_) => required_at(case).key("nodeSelectorTerms").index(hole),
    }
}

/// Everything that lets the pod out, as one text: the finding is another one when it changes.
pub(super) fn openings(case: &Case<'_>, reach: &Reach) -> String {
    let selector = case.shape.node_selector.iter().map(|(key, value)| format!("{key}={value}"));
    let holes = reach.terms.iter().enumerate().filter(|(_, term)| term.outside);
    let parts: Vec<_> = selector.chain(holes.map(|(hole, _)| offending(case, hole))).collect();
    parts.join(" ")
}

/// One term, as text.
pub(super) fn offending(case: &Case<'_>, hole: usize) -> String {
    let term = case.shape.required_terms.as_ref().and_then(|terms| terms.get(hole));
    term.map(|term| format!("{term:?}")).unwrap_or_default()
}

/// The required node affinity.
pub(super) fn required_at(case: &Case<'_>) -> FieldPath {
    case.shape.spec_at.join("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
}
