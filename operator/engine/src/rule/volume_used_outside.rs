//! A pod that is not inside uses a volume that would be written.

use alloc::{collections::BTreeSet, format, vec::Vec};

use super::node_outside::location_of;
use crate::{
    Finding, Provenance, Reason, Snapshot,
    cover::FlowPlace,
    select::Requirement,
    snapshot::{CarrierId, CarrierKind, PodKey, lies_on},
    subject::{Access, ClaimInUse},
};

/// Judges the claims that the pod `own` uses.
pub(crate) fn judge(
    claims: &[ClaimInUse],
    own: &PodKey,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    for ClaimInUse { claim, at, access: _ } in claims.iter().filter(|used| used.access == Access::Write) {
        for alike in claims_on_the_same(claim, snapshot) {
            let others = snapshot.users(&alike).filter(|(user, _)| *user != own);
            for ((namespace, name), _) in others {
                let pod = snapshot.pod(namespace, name);
                let node =
                    pod.and_then(|pod| pod.shapes.first()).and_then(|shape| shape.node_name.as_deref());
                let Some(node) = node else { continue };
                let location = location_of(node, requirement, snapshot);
                if location.is_inside() {
                    continue;
                }
                let what = format!(
                    "would write {} to PersistentVolumeClaim {}, which Pod {namespace}/{name} uses {location}",
                    requirement.class, claim.name
                );
                findings.push(
                    Finding::of(Reason::VolumeUsedOutside, requirement, provenance)
                        .at(at.clone(), format!("{}: {namespace}/{name}", claim.name), what)
                        .towards(FlowPlace::Node(node.into())),
                );
            }
        }
    }
}

/// The claim, and every other whose volume lies on the same thing.
fn claims_on_the_same(claim: &CarrierId, snapshot: &Snapshot) -> BTreeSet<CarrierId> {
    let mut claims = BTreeSet::from([claim.clone()]);
    for facts in snapshot.volumes_of(claim).filter_map(|id| snapshot.carrier(id)) {
        let alike = snapshot.lying_on(&lies_on(facts));
        let facts = alike.iter().filter_map(|id| snapshot.carrier(id));
        let kept_for = facts.flat_map(|facts| &facts.links);
        claims.extend(kept_for.filter(|id| id.kind == CarrierKind::PersistentVolumeClaim).cloned());
    }
    claims
}
