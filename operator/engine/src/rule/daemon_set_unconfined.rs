//! A `DaemonSet` would run on nodes outside too.

use alloc::{format, vec::Vec};

use super::{
    Case, how_to_confine,
    placement_unconfined::{hole_at, openings},
};
use crate::{
    Finding, Reason,
    placement::{Reach, runs_in},
    subject::{Role, WorkloadKind},
};

pub(super) fn judge(case: &Case<'_>, reach: &Reach, findings: &mut Vec<Finding>) {
    if case.subject.role != Role::Workload(WorkloadKind::DaemonSet) {
        return;
    }
    let Some(hole) = reach.first_hole() else { return };
    let what = format!(
        "would also run on nodes outside {}; a DaemonSet is never confined by injection",
        case.where_to_stay()
    );
    findings.push(
        Finding::of(Reason::DaemonSetUnconfined, case.requirement, case.provenance)
            .at(hole_at(case, hole), openings(case, reach), what)
            .remedied(how_to_confine(case))
            .towards(runs_in(case.shape, &case.requirement.jurisdictions, case.snapshot)),
    );
}
