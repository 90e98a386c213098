//! A whole cluster with a real node: etcd, the API server, its controllers, a kubelet, containerd and pods that run.
//!
//! It lives in namespaces of its own (network, mounts, processes) that have no way out, and in cgroups of its own; see
//! [`sandbox`]. When the first process in there ends, everything ends, and nothing of the machine has changed.

pub mod images;
mod kubelet;
pub mod network;
mod runtime;
pub mod sandbox;
pub mod seccomp;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use self::{kubelet::Kubelet, runtime::Runtime};
use crate::{
    control_plane::{ControlPlane, Options, Reach},
    tools::{Tools, bin_directories},
};

/// The name of the node. Its labels and its provider say that it is in Hangzhou.
pub const NAME: &str = "hangzhou-1";

/// A running cluster with one real node. Dropping it kills it.
#[derive(Debug)]
pub struct Node {
    // Users before what they use: fields are dropped in this order.
    kubelet: Kubelet,
    runtime: Runtime,
    /// The control plane.
    pub plane: ControlPlane,
}

/// The programs of a node.
#[derive(Debug, Clone)]
pub struct NodeTools {
    containerd: PathBuf,
    ctr: PathBuf,
    runc: PathBuf,
    kubelet: PathBuf,
    /// The folder of the network plugins.
    plugins: PathBuf,
}

impl NodeTools {
    /// Asks `e2e/build-tools` for the programs, which builds what is not built yet: some minutes the first time.
    pub async fn find() -> Result<Self> {
        let folders = bin_directories(&["containerd", "runc", "kubelet", "cni"]).await?;
        let [containerd, runc, kubelet, plugins] = folders.as_slice() else {
            anyhow::bail!("e2e/build-tools printed {} folders instead of 4", folders.len());
        };
        Ok(Self {
            containerd: containerd.join("containerd"),
            ctr: containerd.join("ctr"),
            runc: runc.join("runc"),
            kubelet: kubelet.join("kubelet"),
            plugins: plugins.clone(),
        })
    }
}

impl Node {
    /// Starts the cluster with these image archives on its node, and waits until the node takes pods. Only inside
    /// [`sandbox`]: it takes addresses and mounts as its own.
    pub async fn start(tools: &Tools, node: &NodeTools, cgroup: &str, images: &[PathBuf]) -> Result<Self> {
        network::up().await?;
        let options = Options { kwok: false, reach: Reach::Service, ..Options::default() };
        let mut plane = ControlPlane::start(tools, options).await?;
        match Self::join(&plane, node, cgroup, images).await {
            Ok((kubelet, runtime)) => Ok(Self { kubelet, runtime, plane }),
            Err(error) => {
                plane.keep();
                Err(error)
            }
        }
    }

    /// Starts what makes a machine a node.
    async fn join(
        plane: &ControlPlane,
        tools: &NodeTools,
        cgroup: &str,
        images: &[PathBuf],
    ) -> Result<(Kubelet, Runtime)> {
        let runtime = Runtime::start(tools, &plane.directory())?;
        plane.eventually("containerd answers", async || runtime.answers().await).await?;
        for image in images {
            runtime.import(image).await?;
        }
        let kubelet = Kubelet::start(tools, plane, cgroup)?;
        let ready = plane.eventually("the node takes pods", async || kubelet.check_ready(plane).await).await;
        ready.with_context(|| format!("{}\n{}", kubelet.log_tail(), runtime.log_tail()))?;
        Ok((kubelet, runtime))
    }

    /// Stops the kubelet and kills every container of a namespace: what is lost when a node is lost.
    pub async fn lose(&self, namespace: &str) -> Result<usize> {
        self.kubelet.kill();
        self.runtime.kill_containers(namespace).await
    }

    /// Starts the kubelet again.
    pub fn recover(&self) -> Result<()> {
        self.kubelet.restart()
    }

    /// Leaves the logs where they are, for somebody to read.
    pub fn keep(&mut self) {
        self.plane.keep();
    }

    /// How the log of every process ends.
    pub fn diagnosis(&self) -> String {
        [self.plane.diagnosis(), self.kubelet.log_tail(), self.runtime.log_tail()].join("\n\n")
    }
}

/// Writes a file of the node's configuration.
fn write(path: &Path, content: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
