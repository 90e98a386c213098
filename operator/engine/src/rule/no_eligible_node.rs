//! There is no node inside to confine the pod to.

use alloc::{format, vec::Vec};

use super::{Case, certainly_no_node};
use crate::{Finding, Reason, placement::Reach};

pub(super) fn judge(case: &Case<'_>, reach: &Reach, findings: &mut Vec<Finding>) {
    if !case.will_be_confined() || reach.first_hole().is_none() || !certainly_no_node(case) {
        return;
    }
    let what = format!("would be confined to nodes in {}, and there is none", case.where_to_stay());
    findings.push(Finding::of(Reason::NoEligibleNode, case.requirement, case.provenance).at(
        case.shape.spec_at.key("affinity"),
        "",
        what,
    ));
}
