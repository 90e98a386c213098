//! A field that this version does not know.

use alloc::vec::Vec;

use crate::{Finding, Provenance, Reason, Subject, select::Requirement};

pub(crate) fn judge(
    subject: &Subject,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    findings: &mut Vec<Finding>,
) {
    for field in &subject.unknown_fields {
        let what = "has a field that this version does not know and did not judge";
        findings.push(Finding::of(Reason::UnknownField, requirement, provenance).at(
            field.clone(),
            field.as_str(),
            what,
        ));
    }
}
