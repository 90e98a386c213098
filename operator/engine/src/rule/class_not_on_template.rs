//! A class on a workload does not reach its pods.

use alloc::{collections::BTreeSet, format, vec::Vec};

use crate::{FieldPath, Finding, HeldClass, Provenance, Reason, Subject, select::Requirement};

/// The classes that the labels of a workload name and that none of its pods would hold.
pub(crate) fn missing(subject: &Subject, of_pods: &BTreeSet<HeldClass>) -> Vec<(HeldClass, FieldPath)> {
    let own = subject.labels.classes().map(|class| (class, FieldPath::of("metadata.labels")));
    let inner = subject
        .inner_labels
        .iter()
        .flat_map(|(at, labels)| labels.classes().map(|class| (class, at.clone())));
    own.chain(inner)
        .filter(|(class, _)| !of_pods.contains(*class))
        .map(|(class, at)| (HeldClass::from(class), at))
        .collect()
}

pub(crate) fn judge(
    subject: &Subject,
    requirement: &Requirement<'_>,
    field: FieldPath,
    findings: &mut Vec<Finding>,
) {
    let provenance = [Provenance::Label { field: field.clone() }];
    let template = subject.shapes.first().map(|shape| shape.labels_at.as_str()).unwrap_or_default();
    let what = format!("is labelled {}, which its pods would not be", requirement.class);
    findings.push(
        Finding::of(Reason::ClassNotOnTemplate, requirement, &provenance)
            .at(field, "", what)
            .remedied(format!("write the label data-class.bund.dev/{} in {template} too", requirement.class)),
    );
}
