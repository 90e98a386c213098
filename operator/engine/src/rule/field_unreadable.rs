//! A field of the subject cannot be read.

use alloc::{format, vec::Vec};

use crate::{Finding, Provenance, Reason, Subject, select::Requirement};

pub(crate) fn judge(
    subject: &Subject,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    findings: &mut Vec<Finding>,
) {
    for defect in &subject.defects {
        let what = format!("has a field that is not {}", defect.expected);
        findings.push(
            Finding::of(Reason::FieldUnreadable, requirement, provenance)
                .at(defect.field.clone(), defect.field.as_str(), what)
                .remedied(format!("write {} there", defect.expected)),
        );
    }
}
