//! The custom resource definitions of volume snapshots, from the pinned module of the CSI project.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use crate::{repository, shop::manifests};

const MODULE: &str = "github.com/kubernetes-csi/external-snapshotter/client/v8";
const FILES: [&str; 3] = ["volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"];

/// What `go mod download -json` answers, as far as it is of use.
#[derive(Deserialize)]
struct Download {
    #[serde(rename = "Dir")]
    directory: PathBuf,
}

/// The definitions of VolumeSnapshotClass, VolumeSnapshotContent and VolumeSnapshot.
pub async fn definitions() -> anyhow::Result<Vec<Value>> {
    let folder = module().await?.join("config/crd");
    let mut definitions = Vec::new();
    for plural in FILES {
        definitions.extend(manifests(&folder.join(format!("snapshot.storage.k8s.io_{plural}.yaml")))?);
    }
    Ok(definitions)
}

/// Where the module is, downloaded if it is not there yet.
async fn module() -> anyhow::Result<PathBuf> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", MODULE])
        .env("GOFLAGS", "-mod=readonly")
        .env("GOWORK", "off")
        .current_dir(repository::root().join("e2e/tools/external-snapshotter"))
        .stderr(std::process::Stdio::inherit())
        .output()
        .await
        .context("cannot run `go`")?;
    ensure!(output.status.success(), "`go mod download` failed ({}), see what it said above", output.status);
    let download: Download =
        serde_json::from_slice(&output.stdout).context("`go mod download` says no JSON")?;
    Ok(download.directory)
}
