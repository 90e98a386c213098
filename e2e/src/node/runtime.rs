//! containerd, and what is asked of it directly.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::{NodeTools, images, network, seccomp, write};
use crate::control_plane::process::{CommandLine, Process};

/// Where containerd listens. `/run` is the sandbox's own.
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";

/// The containerd namespace of the kubelet's containers.
const NAMESPACE: &str = "k8s.io";

/// A running containerd.
#[derive(Debug)]
pub(super) struct Runtime {
    process: Process,
    ctr: PathBuf,
}

impl Runtime {
    /// Writes its configuration below `directory` and starts it.
    pub(super) fn start(tools: &NodeTools, directory: &Path) -> Result<Self> {
        let network = directory.join("cni");
        write(&network.join("10-bund.conflist"), &network::plugins(&directory.join("addresses")))?;
        let runc = seccomp::write_wrapper(&tools.runc, &directory.join("runc"))?;
        let file = directory.join("containerd.toml");
        write(&file, &configuration(&directory.join("containerd"), &tools.plugins, &network, &runc))?;
        let command = CommandLine {
            name: "containerd",
            program: tools.containerd.clone(),
            arguments: vec!["--config".into(), file.display().to_string()],
            ports: vec![],
        };
        Ok(Self { process: Process::spawn(command, directory)?, ctr: tools.ctr.clone() })
    }

    /// An error until it answers.
    pub(super) async fn answers(&self) -> Result<()> {
        self.process.check()?;
        self.ctr(&["version"]).await.map(drop)
    }

    /// Imports the images of an archive.
    pub(super) async fn import(&self, archive: &Path) -> Result<()> {
        let path = archive.to_str().context("the path of an image is not UTF-8")?;
        self.ctr(&["images", "import", path]).await.map(drop)
    }

    /// Kills the containers of a namespace of the cluster. Returns how many.
    pub(super) async fn kill_containers(&self, namespace: &str) -> Result<usize> {
        let filter = format!("labels.\"io.kubernetes.pod.namespace\"=={namespace}");
        let found = self.ctr(&["containers", "list", "--quiet", &filter]).await?;
        let containers: Vec<&str> = found.lines().collect();
        for container in &containers {
            let killed = self.ctr(&["tasks", "kill", "--signal", "SIGKILL", container]).await;
            match killed {
                // A container of an earlier life has no process any more.
                Err(error) if !format!("{error:#}").contains("not found") => return Err(error),
                _ => {}
            }
        }
        Ok(containers.len())
    }

    async fn ctr(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.ctr);
        command.args(["--address", SOCKET, "--namespace", NAMESPACE]).args(arguments);
        let output = command.output().await.context("ctr cannot be started")?;
        if !output.status.success() {
            bail!("ctr {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub(super) fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}

/// Images are copied (`native`), because overlays need a file system below that not every machine has. Without
/// CAP_SYS_RESOURCE a container's `oom_score_adj` cannot be lowered, hence the restriction.
fn configuration(root: &Path, plugins: &Path, network: &Path, runc: &Path) -> String {
    let [root, plugins, network, runc] =
        [root, plugins, network, runc].map(|path| path.display().to_string());
    let sandbox = images::PAUSE;
    format!(
        r#"version = 3
root = "{root}"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt"]

[grpc]
address = "{SOCKET}"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{sandbox}"

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{network}"

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "{runc}"
SystemdCgroup = false
"#
    )
}
