//! A classified volume or copy would go to a namespace that is not guarded.

use alloc::{format, vec::Vec};

use crate::{
    FieldPath, Finding, Provenance, Reason, Snapshot, Subject, select::Requirement, snapshot::Enrolment,
    storage::StoredFacts,
};

/// Judges what a volume, or the contents of a snapshot, is kept for.
pub(crate) fn judge(
    subject: &Subject,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let Some(facts) = &subject.carrier else { return };
    let (namespace, field) = match &facts.stored {
        StoredFacts::Volume(volume) => (&volume.claim_namespace, "spec.claimRef.namespace"),
        StoredFacts::Content(content) => (&content.snapshot_namespace, "spec.volumeSnapshotRef.namespace"),
        StoredFacts::Elsewhere | StoredFacts::Claim(_) | StoredFacts::Snapshot(_) => return,
    };
    let Some(namespace) = namespace else { return };
    tell(namespace, &FieldPath::of(field), requirement, provenance, snapshot, findings);
}

/// Tells of `namespace`, which `field` names, if it is not guarded.
pub(crate) fn tell(
    namespace: &str,
    field: &FieldPath,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    if snapshot.enrolment(namespace) != Enrolment::Unguarded {
        return;
    }
    let what = format!("would hand {} to namespace {namespace}, which is not guarded", requirement.class);
    findings.push(Finding::of(Reason::ClaimOutsideGuarded, requirement, provenance).at(
        field.clone(),
        namespace,
        what,
    ));
}
