//! The kubelet of the one real node.

use std::path::Path;

use anyhow::Result;
use k8s_openapi::api::core::v1::Node as NodeObject;
use kube::Api;
use serde_json::{Value, json};

use super::{NAME, NodeTools, network::NODE_ADDRESS, runtime::SOCKET, write};
use crate::control_plane::{
    ControlPlane, User,
    nodes::{REGION, ZONE, takes_pods},
    process::{CommandLine, Process},
};

/// A running kubelet.
#[derive(Debug)]
pub(super) struct Kubelet {
    process: Process,
}

impl Kubelet {
    /// Writes its configuration and starts it. It registers its node as a kubelet in Hangzhou would whose cluster has no
    /// cloud controller.
    pub(super) fn start(tools: &NodeTools, plane: &ControlPlane, cgroup: &str) -> Result<Self> {
        let directory = plane.directory();
        let file = directory.join("kubelet.yaml");
        write(&file, &configuration(&directory, cgroup).to_string())?;
        let kubeconfig = plane.kubeconfig(User::KUBELET)?;
        let command = CommandLine {
            name: "kubelet",
            program: tools.kubelet.clone(),
            arguments: vec![
                format!("--config={}", file.display()),
                format!("--kubeconfig={}", kubeconfig.display()),
                format!("--root-dir={}", directory.join("kubelet").display()),
                format!("--cert-dir={}", directory.join("kubelet-pki").display()),
                format!("--hostname-override={NAME}"),
                format!("--node-ip={NODE_ADDRESS}"),
                format!("--node-labels={REGION}=cn-hangzhou,{ZONE}=cn-hangzhou-h"),
            ],
            ports: vec![],
        };
        Ok(Self { process: Process::spawn(command, &directory)? })
    }

    /// An error until the node takes pods.
    pub(super) async fn check_ready(&self, plane: &ControlPlane) -> Result<()> {
        self.process.check()?;
        let nodes: Api<NodeObject> = Api::all(plane.client(User::ADMIN).await?);
        takes_pods(&nodes.get(NAME).await?)
    }

    pub(super) fn kill(&self) {
        self.process.kill();
    }

    pub(super) fn restart(&self) -> Result<()> {
        self.process.start()
    }

    pub(super) fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}

/// It is JSON, which every reader of YAML reads.
fn configuration(directory: &Path, cgroup: &str) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
        "providerID": format!("cn-hangzhou.i-{NAME}"),
        // Whoever reaches it is in the sandbox.
        "authentication": { "anonymous": { "enabled": true }, "webhook": { "enabled": false } },
        "authorization": { "mode": "AlwaysAllow" },
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{cgroup}"),
        "failCgroupV1": false,
        "failSwapOn": false,
        "enforceNodeAllocatable": [],
        // Otherwise it would set the kernel's; the sandbox shows it what it wants to see.
        "protectKernelDefaults": true,
        // The machine may be nearly full without that being this test's business.
        "localStorageCapacityIsolation": false,
        "evictionHard": {
            "memory.available": "1Mi", "nodefs.available": "0%", "nodefs.inodesFree": "0%",
            "imagefs.available": "0%", "imagefs.inodesFree": "0%"
        },
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": directory.join("pods"),
        "volumePluginDir": directory.join("volume-plugins"),
        // Nobody answers names here.
        "resolvConf": "",
        "nodeStatusUpdateFrequency": "2s"
    })
}
