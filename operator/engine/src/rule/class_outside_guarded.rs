//! A class on an object outside guarded namespaces.

use alloc::{collections::BTreeSet, format, vec::Vec};

use bund_crds::Mode;

use crate::{FieldPath, Finding, Provenance, Reason, Subject, subject::Labels};

/// Whatever the policies' modes, the object is refused: nothing in an unguarded namespace is checked.
pub(crate) fn judge(subject: &Subject, namespace: &str, findings: &mut Vec<Finding>) {
    for (at, labels) in labels(subject) {
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

/// Every place of an object where a class label may be, each once.
fn labels(subject: &Subject) -> Vec<(FieldPath, &Labels)> {
    let own = (FieldPath::of("metadata.labels"), &subject.labels);
    let of_shapes = subject.shapes.iter().map(|shape| (shape.labels_at.clone(), &shape.labels));
    let of_claims = subject
        .shapes
        .iter()
        .flat_map(|shape| shape.claims.iter())
        .map(|claim| (claim.at.key("metadata").key("labels"), &claim.labels));
    let inner = subject.inner_labels.iter().map(|(at, labels)| (at.clone(), labels));
    let mut seen = BTreeSet::new();
    let all = core::iter::once(own).chain(of_shapes).chain(of_claims).chain(inner);
    all.filter(|(at, _)| seen.insert(at.clone())).collect()
}
