//! The pinned binaries of the test bed, built or found by `e2e/build-tools`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::process::Command;

/// Where each binary of the default tool groups is.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The API server.
    pub kube_apiserver: PathBuf,
    /// Its store.
    pub etcd: PathBuf,
    /// The controllers that own pods, service accounts, node taints and namespaces.
    pub kube_controller_manager: PathBuf,
    /// The scheduler.
    pub kube_scheduler: PathBuf,
    /// The command line that users have.
    pub kubectl: PathBuf,
    /// Plays the kubelet for nodes that only need to exist.
    pub kwok: PathBuf,
    /// Installs the chart as users do.
    pub helm: PathBuf,
}

impl Tools {
    /// Asks `e2e/build-tools` for the binaries of the default groups, which builds what is not built yet: a
    /// quarter of an hour the first time. What it says goes to our standard error.
    pub async fn find() -> anyhow::Result<Self> {
        let directories = bin_directories(&[]).await?;
        let find = |name: &str| {
            let mut candidates = directories.iter().map(|directory| directory.join(name));
            candidates.find(|path| path.is_file()).with_context(|| format!("no tool group built `{name}`"))
        };
        Ok(Self {
            kube_apiserver: find("kube-apiserver")?,
            etcd: find("etcd")?,
            kube_controller_manager: find("kube-controller-manager")?,
            kube_scheduler: find("kube-scheduler")?,
            kubectl: find("kubectl")?,
            kwok: find("kwok")?,
            helm: find("helm")?,
        })
    }
}

/// The bin directories of the named tool groups, in their order. No names means the default groups.
pub async fn bin_directories(groups: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("build-tools");
    let output = Command::new(&script)
        .arg("--print-paths")
        .args(groups)
        .stderr(std::process::Stdio::inherit())
        .output()
        .await
        .with_context(|| format!("cannot run `{}`", script.display()))?;
    if !output.status.success() {
        bail!("`{}` failed ({}), see what it said above", script.display(), output.status);
    }
    let paths =
        String::from_utf8(output.stdout).context("e2e/build-tools printed a path that is not UTF-8")?;
    Ok(paths.lines().map(PathBuf::from).collect())
}
