//! A pod gets its node before the volumes that it may write hold its class.
//!
//! Whoever writes may be gone before anybody marked the volume. So marking comes first, and no loss of a process of
//! ours lets data into a volume that does not say what it holds.

use alloc::{format, string::String, vec::Vec};

use crate::{
    Finding, Provenance, Reason, Snapshot,
    select::Requirement,
    snapshot::CarrierId,
    subject::{Access, ClaimInUse},
};

/// Judges the claims that a pod uses. `provenance` tells how the pod came to hold the class.
pub(crate) fn judge(
    claims: &[ClaimInUse],
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let class = requirement.class.as_str();
    for ClaimInUse { claim, at, access: _ } in claims.iter().filter(|used| used.access == Access::Write) {
        // What comes from the claim itself is there already.
        if provenance.iter().all(|way| way.field() == *at) {
            continue;
        }
        let Some(unmarked) = unmarked(claim, class, snapshot) else { continue };
        let what = format!("would write {class} to PersistentVolumeClaim {}, but {unmarked}", claim.name);
        findings.push(Finding::of(Reason::VolumeUnmarked, requirement, provenance).at(
            at.clone(),
            claim.name.as_ref(),
            what,
        ));
    }
}

/// What does not hold the class: the claim, or its volume.
fn unmarked(claim: &CarrierId, class: &str, snapshot: &Snapshot) -> Option<String> {
    let lacks = |id: &CarrierId| match snapshot.carrier(id) {
        None => Some(format!("{id} is not there yet")),
        Some(facts) if facts.labels.attach(class) => None,
        Some(_) => Some(format!("{id} does not carry the label yet")),
    };
    lacks(claim).or_else(|| snapshot.volumes_of(claim).find_map(lacks))
}
