//! The volumes of a pod that hold data: which claim or storage each is, and whether the pod may write to it.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use serde_json::Value;

use super::Reader;
use crate::{
    FieldPath,
    snapshot::CarrierId,
    storage::{VolumeSource, source},
};

/// Whether a pod may write to a volume. Ordered: who may write may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It may read at most.
    Read,
    /// It may write.
    Write,
}

/// A volume that holds data beyond the pod's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodVolume {
    /// The field that says which: `spec.volumes[0].persistentVolumeClaim.claimName`, `spec.volumes[0].nfs`.
    pub at: FieldPath,
    /// What it is.
    pub kind: VolumeKind,
    /// Whether the pod may write to it.
    pub access: Access,
}

/// A claim that a pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimInUse {
    /// The claim.
    pub claim: CarrierId,
    /// The field of the pod that names it, or that it is made of.
    pub at: FieldPath,
    /// Whether the pod may write to it.
    pub access: Access,
}

/// What a pod's volume is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeKind {
    /// The claim of this name.
    Claim(Box<str>),
    /// Storage that the pod names itself.
    Inline(VolumeSource),
}

/// How the containers of a pod mount its volumes, by the volume's name.
pub(super) struct Mounts<'v>(BTreeMap<&'v str, Access>);

impl<'v> Mounts<'v> {
    /// Reads the mounts of every container of a pod spec.
    pub(super) fn read(spec: &'v Value) -> Self {
        let mut mounts = BTreeMap::new();
        let lists = ["containers", "initContainers", "ephemeralContainers"];
        let containers = lists.into_iter().flat_map(|list| entries(spec, list));
        for container in containers {
            let mounted = entries(container, "volumeMounts").map(|mount| (mount, read_only(mount)));
            let devices = entries(container, "volumeDevices").map(|device| (device, Access::Write));
            for (entry, access) in mounted.chain(devices) {
                if let Some(name) = entry.get("name").and_then(Value::as_str) {
                    let known = mounts.entry(name).or_insert(Access::Read);
                    *known = access.max(*known);
                }
            }
        }
        Self(mounts)
    }

    /// How the volume of this name is mounted. One that no container mounts is not written.
    pub(super) fn access(&self, name: &str) -> Access {
        self.0.get(name).copied().unwrap_or(Access::Read)
    }
}

/// The volumes of a pod spec that hold data beyond the pod's own.
pub(super) fn volumes(
    reader: &mut Reader,
    spec: &Value,
    at_spec: &FieldPath,
    mounts: &Mounts<'_>,
) -> Vec<PodVolume> {
    let at = at_spec.key("volumes");
    let mut volumes = Vec::new();
    for (index, volume) in reader.list(spec, at_spec, "volumes").iter().enumerate() {
        let at = at.index(index);
        let name = volume.get("name").and_then(Value::as_str).unwrap_or_default();
        for (member, value) in volume.as_object().into_iter().flatten() {
            let access = mounts.access(name).min(read_only(value));
            if member == "persistentVolumeClaim" {
                let claim = value.get("claimName").and_then(Value::as_str).filter(|claim| !claim.is_empty());
                let at = at.key(member).key("claimName");
                volumes.extend(claim.map(|claim| PodVolume {
                    at,
                    kind: VolumeKind::Claim(claim.into()),
                    access,
                }));
            } else if let Some(source) = source(member, value, &at, "") {
                volumes.push(PodVolume { at: source.at.clone(), kind: VolumeKind::Inline(source), access });
            }
        }
    }
    volumes
}

/// What a mount or a volume source leaves to its containers. Only a plain `true` takes writing away.
fn read_only(entry: &Value) -> Access {
    match entry.get("readOnly") {
        Some(Value::Bool(true)) => Access::Read,
        _ => Access::Write,
    }
}

fn entries<'v>(parent: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    parent.get(member).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_writes_where_one_of_its_containers_may() {
        let spec = json!({
            "initContainers": [{"volumeMounts": [{"name": "a", "readOnly": true}, {"name": "b", "readOnly": true}]}],
            "containers": [{"volumeMounts": [{"name": "a"}, {"name": "b", "readOnly": true}, {"name": "c", "readOnly": "true"}],
                            "volumeDevices": [{"name": "d"}]}],
            "volumes": [
                {"name": "a", "persistentVolumeClaim": {"claimName": "claim-a"}},
                {"name": "b", "persistentVolumeClaim": {"claimName": "claim-b"}},
                {"name": "c", "persistentVolumeClaim": {"claimName": "claim-c"}},
                {"name": "d", "persistentVolumeClaim": {"claimName": "claim-d"}},
                {"name": "a", "persistentVolumeClaim": {"claimName": "claim-e", "readOnly": true}},
                {"name": "f", "persistentVolumeClaim": {"claimName": "claim-f"}},
                {"name": "scratch", "emptyDir": {}}
            ]
        });
        let found = volumes(&mut Reader::default(), &spec, &FieldPath::of("spec"), &Mounts::read(&spec));
        let told: Vec<_> = found
            .iter()
            .map(|volume| match &volume.kind {
                VolumeKind::Claim(name) => (name.as_ref(), volume.access),
                VolumeKind::Inline(source) => (source.at.as_str(), volume.access),
            })
            .collect();
        assert_eq!(
            told,
            [
                ("claim-a", Access::Write),
                ("claim-b", Access::Read),
                ("claim-c", Access::Write),
                ("claim-d", Access::Write),
                ("claim-e", Access::Read),
                ("claim-f", Access::Read),
            ]
        );
    }
}
