//! kube-network-policies, which decides on the node what NetworkPolicies let through.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::{
    control_plane::{
        ControlPlane, User,
        ports::bind_any,
        process::{CommandLine, Process},
    },
    node::sandbox,
    tools::bin_directories,
};

/// The queue that packets wait in for a decision.
const QUEUE: &str = "100";

/// What an agent enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforces {
    /// NetworkPolicies, as every agent does.
    NetworkPolicies,
    /// ClusterNetworkPolicies too, whose kind has to be served: until then it lets nothing through.
    Tiers,
}

/// The programs that enforce policies.
#[derive(Debug, Clone)]
pub struct EnforcerTools {
    agent: PathBuf,
    divert: PathBuf,
}

impl EnforcerTools {
    /// Asks `e2e/build-tools` for the programs, which builds what is not built yet: some minutes the first time.
    pub async fn find(enforces: Enforces) -> Result<Self> {
        let folders = bin_directories(&["kube-network-policies"]).await?;
        let folder = folders.first().context("e2e/build-tools printed no folder")?;
        let agent = match enforces {
            Enforces::NetworkPolicies => "kube-network-policies",
            Enforces::Tiers => "npa-v1alpha2",
        };
        Ok(Self { agent: folder.join(agent), divert: folder.join("nfqueue-divert") })
    }
}

/// Why packets cannot be enforced upon on this machine, if that is so.
pub fn missing(tools: &EnforcerTools) -> Option<String> {
    if let Some(reason) = sandbox::missing() {
        return Some(reason);
    }
    let script = format!(
        "{} {QUEUE} && nsenter --version && cat /proc/net/netfilter/nfnetlink_queue",
        tools.divert.display()
    );
    let output = std::process::Command::new("unshare").args(["--net", "sh", "-c", &script]).output();
    match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "the kernel needs nftables with xtables' target NFQUEUE (NFT_COMPAT, NETFILTER_XT_TARGET_NFQUEUE), and the machine `nsenter`: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Some(format!("`unshare` cannot be started: {error}")),
    }
}

/// A node whose packets are decided upon.
#[derive(Debug)]
pub(super) struct Enforcer {
    process: Process,
}

impl Enforcer {
    /// Puts every new packet to the agent from now on, and starts it for this node.
    pub(super) async fn start(tools: &EnforcerTools, plane: &ControlPlane, node: &str) -> Result<Self> {
        divert(&tools.divert).await?;
        let kubeconfig = plane.kubeconfig(User::ADMIN)?;
        let metrics = bind_any()?.local_addr()?;
        let command = CommandLine {
            name: "kube-network-policies",
            program: tools.agent.clone(),
            arguments: vec![
                format!("-kubeconfig={}", kubeconfig.display()),
                format!("-hostname-override={node}"),
                format!("-nfqueue-id={QUEUE}"),
                format!("-metrics-bind-address={metrics}"),
                "-fail-open=false".to_owned(),
                // No container runtime tells it of pods.
                "-disable-nri".to_owned(),
                // Of connections that are open it is asked to do what most network plugins do: leave them.
                "-strict-mode=false".to_owned(),
            ],
            ports: vec![],
        };
        let enforcer = Self { process: Process::spawn(command, &plane.directory())? };
        plane.eventually("packets are decided upon", async || enforcer.check_deciding()).await?;
        Ok(enforcer)
    }

    /// An error until somebody reads the queue.
    fn check_deciding(&self) -> Result<()> {
        self.process.check()?;
        let queues = std::fs::read_to_string("/proc/net/netfilter/nfnetlink_queue")?;
        let read = queues.lines().any(|line| line.split_whitespace().next() == Some(QUEUE));
        ensure!(read, "nobody reads the queue");
        Ok(())
    }

    pub(super) fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}

async fn divert(program: &Path) -> Result<()> {
    let status =
        Command::new(program).arg(QUEUE).status().await.context("nfqueue-divert cannot be started")?;
    ensure!(status.success(), "packets cannot be put to a queue");
    Ok(())
}
