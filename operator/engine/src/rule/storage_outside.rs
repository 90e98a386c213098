//! A volume, a claim or a copy is not stored inside, or nothing says that it is.

use alloc::{collections::BTreeSet, format, vec::Vec};

use bund_crds::JurisdictionName;

use super::Case;
use crate::{
    FieldPath, Finding, Provenance, Reason, Snapshot, Subject,
    select::Requirement,
    snapshot::CarrierId,
    storage::{
        Stored, StoredFacts, claim_place, content_place, snapshot_place, source_place, stored_in,
        volume_place,
    },
    subject::{Access, ClaimInUse, VolumeKind},
};

/// Judges a carrier by where it says that it is stored.
pub(crate) fn judge_carrier(
    subject: &Subject,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let Some(facts) = &subject.carrier else { return };
    let inside = &requirement.jurisdictions;
    let (stored, outside) = match &facts.stored {
        StoredFacts::Elsewhere => return,
        StoredFacts::Claim(claim) => (claim_place(claim, inside, snapshot), Reason::StorageOutside),
        StoredFacts::Volume(volume) => {
            (volume_place(volume, &facts.labels, inside, snapshot), Reason::StorageOutside)
        }
        StoredFacts::Snapshot(asked) => {
            (snapshot_place(&asked.class, &facts.links, inside, snapshot), Reason::CopyOutside)
        }
        StoredFacts::Content(content) => (content_place(content, inside, snapshot), Reason::CopyOutside),
    };
    tell(stored, outside, requirement, provenance, findings);
}

/// Judges the volumes of a pod that it may write, and those that hold the class already.
pub(crate) fn judge_shape(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    let Case { shape, requirement, provenance, snapshot, .. } = case;
    let inside = &requirement.jurisdictions;
    let holds = |field: &FieldPath| provenance.iter().any(|way| way.field() == *field);
    for volume in shape.volumes.iter() {
        if volume.access == Access::Read && !holds(&volume.at) {
            continue;
        }
        let stored = match &volume.kind {
            VolumeKind::Claim(name) => {
                claimed(&CarrierId::claim(namespace, name), &volume.at, inside, snapshot)
            }
            VolumeKind::Inline(source) => source_place(source, inside, snapshot),
        };
        tell(stored, Reason::StorageOutside, requirement, provenance, findings);
    }
    for claim in shape.claims.iter() {
        let stored = claim_place(&claim.stored, inside, snapshot);
        tell(stored, Reason::StorageOutside, requirement, provenance, findings);
    }
}

/// Judges the claims of a pod that gets its node: by now each has its volume.
pub(crate) fn judge_claims(
    claims: &[ClaimInUse],
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    for ClaimInUse { claim, at, access: _ } in claims.iter().filter(|used| used.access == Access::Write) {
        let stored = claimed(claim, at, &requirement.jurisdictions, snapshot);
        tell(stored, Reason::StorageOutside, requirement, provenance, findings);
    }
}

/// Where a claim lies that a pod names in `at`.
fn claimed(
    claim: &CarrierId,
    at: &FieldPath,
    inside: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
) -> Stored {
    let leads = format!("uses PersistentVolumeClaim {}", claim.name);
    stored_in(claim, inside, snapshot).through(at, &claim.name, &leads)
}

fn tell(
    stored: Stored,
    outside: Reason,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    findings: &mut Vec<Finding>,
) {
    let (reason, fault) = match stored {
        Stored::Inside => return,
        Stored::Outside(fault) => (outside, fault),
        Stored::Open(fault) => (Reason::StorageUnconfined, fault),
    };
    let what = format!("{}, not in {}", fault.what, super::where_to_stay(requirement));
    findings.push(
        Finding::of(reason, requirement, provenance)
            .at(fault.field, fault.text, what)
            .towards(fault.destination),
    );
}
