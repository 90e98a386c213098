//! A field of the subject cannot be read.

use alloc::{format, vec::Vec};

use bund_crds::Mode;

use crate::{Finding, Reason, Subject};

/// Judges a subject that holds classes which policies keep with at most `mode`.
pub(crate) fn judge(subject: &Subject, mode: Mode, findings: &mut Vec<Finding>) {
    for defect in &subject.defects {
        let what = format!("has a field that is not {}", defect.expected);
        findings.push(
            Finding::without_policy(Reason::FieldUnreadable, mode)
                .at(defect.field.clone(), defect.field.as_str(), what)
                .remedied(format!("write {} there", defect.expected)),
        );
    }
}
