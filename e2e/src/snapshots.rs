//! The custom resource definitions of volume snapshots, from the pinned module of the CSI project.

use serde_json::Value;

use crate::{go_module, shop::manifests};

const FILES: [&str; 3] = ["volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"];

/// The definitions of VolumeSnapshotClass, VolumeSnapshotContent and VolumeSnapshot.
pub async fn definitions() -> anyhow::Result<Vec<Value>> {
    let module = go_module::directory(
        "external-snapshotter",
        "github.com/kubernetes-csi/external-snapshotter/client/v8",
    );
    let folder = module.await?.join("config/crd");
    let mut definitions = Vec::new();
    for plural in FILES {
        definitions.extend(manifests(&folder.join(format!("snapshot.storage.k8s.io_{plural}.yaml")))?);
    }
    Ok(definitions)
}
