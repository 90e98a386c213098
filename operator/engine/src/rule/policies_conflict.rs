//! Policies leave no place where the data may be.

use alloc::{format, vec::Vec};

use crate::{FieldPath, Finding, Provenance, Reason, select::Requirement};

/// Whether the policies of a requirement conflict; adds the finding if they do.
pub(crate) fn judge(
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    findings: &mut Vec<Finding>,
) -> bool {
    if !requirement.jurisdictions.is_empty() {
        return false;
    }
    let what = format!("holds {}, for which the policies have no jurisdiction in common", requirement.class);
    findings.push(Finding::of(Reason::PoliciesConflict, requirement, provenance).at(
        field_of(provenance),
        "",
        what,
    ));
    true
}

/// Requirements that each allow some place, and together none.
pub(crate) fn judge_together(
    requirements: &[(&Requirement<'_>, &[Provenance])],
    findings: &mut Vec<Finding>,
) {
    for (requirement, provenance) in requirements {
        let what = "holds classes whose policies together leave no region where its pods may run";
        findings.push(Finding::of(Reason::PoliciesConflict, requirement, provenance).at(
            field_of(provenance),
            "",
            what,
        ));
    }
}

fn field_of(provenance: &[Provenance]) -> FieldPath {
    provenance.first().map(Provenance::field).unwrap_or_default()
}
