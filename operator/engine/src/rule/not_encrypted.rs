//! A class asks for encryption at rest, and the storage class does not ask its driver for it.

use alloc::{format, vec::Vec};

use bund_crds::data_class::AtRest as Asked;

use super::{Case, safeguards};
use crate::{
    Finding, Provenance, Reason, Snapshot, Subject,
    select::Requirement,
    storage::{
        ClaimFacts, StoredFacts,
        parameters::{AtRest, at_rest},
    },
};

/// Judges a claim.
pub(crate) fn judge_carrier(
    subject: &Subject,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    if let Some(StoredFacts::Claim(claim)) = subject.carrier.as_ref().map(|facts| &facts.stored) {
        judge(claim, requirement, provenance, snapshot, findings);
    }
}

/// Judges the claims that will be made for a pod.
pub(crate) fn judge_shape(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for claim in case.shape.claims.iter() {
        judge(&claim.stored, case.requirement, case.provenance, case.snapshot, findings);
    }
}

fn judge(
    claim: &ClaimFacts,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    if safeguards(requirement, snapshot).at_rest != Some(Asked::Aes256) {
        return;
    }
    let Some((field, name, storage)) = claim.storage_class(snapshot) else { return };
    let parameters = storage.parameters.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
    if at_rest(&storage.driver, parameters) != AtRest::Off {
        return;
    }
    let what = format!(
        "asks for StorageClass {name}, which does not have {} encrypt; {} asks for AES-256 at rest",
        storage.driver, requirement.class
    );
    findings.push(Finding::of(Reason::NotEncrypted, requirement, provenance).at(field, name, what));
}
