//! A class on an object outside guarded namespaces.

use alloc::{format, vec::Vec};

use bund_crds::Mode;

use crate::{Finding, Provenance, Reason, Subject};

/// Whatever the policies' modes, the object is refused: nothing in an unguarded namespace is checked.
pub(crate) fn judge(subject: &Subject, namespace: &str, findings: &mut Vec<Finding>) {
    for (at, labels) in subject.all_labels() {
        for class in labels.classes() {
            let what = format!("holds {class} in namespace {namespace}, which is not guarded");
            let mut finding =
                Finding::without_policy(Reason::ClassOutsideGuarded, Mode::Deny).at(at.clone(), class, what);
            finding.class = Some(class.into());
            finding.provenance.push(Provenance::Label { field: at.clone() });
            findings.push(finding);
        }
    }
}
