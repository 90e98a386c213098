//! A term of the affinity admits only nodes outside, while another remains.

use alloc::{format, vec::Vec};

use super::{
    Case,
    placement_unconfined::{hole_at, offending},
};
use crate::{Finding, Reason, placement::Reach};

pub(super) fn judge(case: &Case<'_>, reach: &Reach, findings: &mut Vec<Finding>) {
    if !case.will_be_confined() {
        return;
    }
    for term in reach.lost_terms() {
        let what = format!("has a term that no node in {} can satisfy", case.where_to_stay());
        findings.push(Finding::of(Reason::TermImpossible, case.requirement, case.provenance).at(
            hole_at(case, term),
            offending(case, term),
            what,
        ));
    }
}
