//! Files of pinned Go modules: custom resource definitions of others, as they publish them.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::repository;

/// What `go mod download -json` answers, as far as it is of use.
#[derive(Deserialize)]
struct Download {
    #[serde(rename = "Dir")]
    directory: PathBuf,
}

/// Where `module` is, which `e2e/tools/<group>` pins; downloaded if it is not there yet.
pub(crate) async fn directory(group: &str, module: &str) -> anyhow::Result<PathBuf> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .env("GOFLAGS", "-mod=readonly")
        .env("GOWORK", "off")
        .current_dir(repository::root().join("e2e/tools").join(group))
        .stderr(std::process::Stdio::inherit())
        .output()
        .await
        .context("cannot run `go`")?;
    ensure!(output.status.success(), "`go mod download` failed ({}), see what it said above", output.status);
    let download: Download =
        serde_json::from_slice(&output.stdout).context("`go mod download` says no JSON")?;
    Ok(download.directory)
}
