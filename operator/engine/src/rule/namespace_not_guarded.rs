//! A Namespace holds a class and is not enrolled.

use alloc::{format, vec::Vec};

use bund_crds::{Mode, labels};

use crate::{FieldPath, Finding, Provenance, Reason, Subject};

pub(crate) fn judge(subject: &Subject, findings: &mut Vec<Finding>) {
    if subject.labels.get(labels::GUARDED) == Some(labels::GUARDED_VALUE) {
        return;
    }
    let field = FieldPath::of("metadata.labels");
    for class in subject.labels.classes() {
        let what = format!("holds {class} and is not enrolled, so nothing in it would be checked");
        let mut finding =
            Finding::without_policy(Reason::NamespaceNotGuarded, Mode::Deny).at(field.clone(), class, what);
        finding.class = Some(class.into());
        finding.provenance.push(Provenance::Label { field: field.clone() });
        findings.push(finding);
    }
}
