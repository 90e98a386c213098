//! A field that this version does not know.

use alloc::vec::Vec;

use bund_crds::Mode;

use crate::{Finding, Reason, Subject};

/// Judges a subject that holds classes which policies keep; `mode` is theirs for hints.
pub(crate) fn judge(subject: &Subject, mode: Mode, findings: &mut Vec<Finding>) {
    for field in &subject.unknown_fields {
        let what = "has a field that this version does not know and did not judge";
        findings.push(Finding::without_policy(Reason::UnknownField, mode).at(
            field.clone(),
            field.as_str(),
            what,
        ));
    }
}
