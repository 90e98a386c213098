//! A pod reads what its node keeps of other pods: logs, volumes, the files and sockets of the runtime.

use alloc::{format, vec::Vec};

use crate::{
    Classification, FieldPath, Finding, Reason, Snapshot,
    select::{policies_in, requirements},
    snapshot::{CarrierId, Enrolment},
    storage::{Backing, StoredFacts, nested},
    subject::{PodShape, VolumeKind},
};

/// Directories and sockets of a node in which data of other pods lies, or by which it is had.
const KEPT_BY_NODE: [&str; 17] = [
    "/etc/kubernetes",
    "/proc",
    "/run/containerd",
    "/run/cri-dockerd.sock",
    "/run/crio",
    "/run/docker.sock",
    "/run/k3s",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/lib/rancher",
    "/var/log/containers",
    "/var/log/journal",
    "/var/log/pods",
    "/var/run",
];

/// Tells of every class that policies keep here, that the pod does not hold, and that it could read.
pub(crate) fn judge(
    shape: &PodShape,
    namespace: &str,
    held: &Classification,
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    if snapshot.enrolment(namespace) == Enrolment::Exempt {
        return;
    }
    let read = kept_paths(shape, namespace, snapshot);
    if read.is_empty() {
        return;
    }
    let names = policies_in(snapshot, namespace).flat_map(|policy| &policy.spec.data_classes);
    let unheld: Classification = names
        .map(|name| (name.as_str().into(), Vec::new()))
        .filter(|(class, _)| !held.contains_key(class))
        .collect();
    for requirement in requirements(&unheld, snapshot, namespace) {
        for (field, path) in &read {
            let what = format!(
                "mounts {path} of its node, where {} of other pods may lie, and does not hold that class",
                requirement.class
            );
            findings.push(Finding::of(Reason::NodeReader, &requirement, &[]).at(
                field.clone(),
                path.as_str(),
                what,
            ));
        }
    }
}

/// The paths of the node that a pod mounts and in which data of other pods lies, inline or through a claim.
fn kept_paths(
    shape: &PodShape,
    namespace: &str,
    snapshot: &Snapshot,
) -> Vec<(FieldPath, alloc::string::String)> {
    let mut read = Vec::new();
    for volume in shape.volumes.iter() {
        let backings: Vec<Backing> = match &volume.kind {
            VolumeKind::Inline(source) => source.backings.clone(),
            VolumeKind::Claim(name) => backings_of_claim(name, namespace, snapshot),
        };
        for backing in backings {
            let Backing::NodePath { path, nodes: _ } = backing else { continue };
            if KEPT_BY_NODE.iter().any(|kept| nested(kept, &path)) {
                read.push((volume.at.clone(), path.into()));
            }
        }
    }
    read
}

fn backings_of_claim(name: &str, namespace: &str, snapshot: &Snapshot) -> Vec<Backing> {
    let claim = CarrierId::claim(namespace, name);
    let volumes = snapshot.volumes_of(&claim).filter_map(|id| snapshot.carrier(id));
    volumes
        .filter_map(|facts| match &facts.stored {
            StoredFacts::Volume(volume) => volume.source.as_ref(),
            StoredFacts::Elsewhere
            | StoredFacts::Claim(_)
            | StoredFacts::Snapshot(_)
            | StoredFacts::Content(_) => None,
        })
        .flat_map(|source| source.backings.clone())
        .collect()
}
