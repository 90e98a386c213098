//! Helm as users call it, on the chart of this repository.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::control_plane::OWN_NAMESPACE;
use crate::repository;
use crate::tools::Tools;

/// The name of the release that tests install.
pub const RELEASE: &str = "bund";

/// Helm with a home of its own, so that nothing of the machine's configuration is read or written.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    /// Whose cluster; without it only what needs no cluster works.
    kubeconfig: Option<PathBuf>,
    home: TempDir,
}

/// The chart.
pub fn chart() -> PathBuf {
    repository::root().join("charts/bund")
}

impl Helm {
    /// Helm without a cluster.
    pub fn new(tools: &Tools) -> anyhow::Result<Self> {
        Ok(Self { program: tools.helm.clone(), kubeconfig: None, home: TempDir::new()? })
    }

    /// Helm as the user of a kubeconfig.
    pub fn of(tools: &Tools, kubeconfig: &Path) -> anyhow::Result<Self> {
        Ok(Self { kubeconfig: Some(kubeconfig.to_owned()), ..Self::new(tools)? })
    }

    /// Runs `helm <arguments> --namespace bund-system` with these values, and returns what it printed. The error
    /// is what it said.
    pub async fn run(&self, arguments: &[&str], values: Option<&Value>) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--namespace", OWN_NAMESPACE]);
        if let Some(values) = values {
            let file = self.home.path().join("values.json");
            std::fs::write(&file, values.to_string())?;
            command.arg("--values").arg(file);
        }
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.kubeconfig.as_deref().unwrap_or_else(|| Path::new("/dev/null")))
            .stdin(Stdio::null());
        let output = command.output().await.context("helm cannot be started")?;
        if !output.status.success() {
            bail!("helm {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        String::from_utf8(output.stdout).context("helm printed something that is not UTF-8")
    }

    /// The same for a command that takes the release and the chart.
    pub async fn release(
        &self,
        command: &str,
        further: &[&str],
        values: Option<&Value>,
    ) -> anyhow::Result<String> {
        let chart = chart();
        let chart = chart.to_str().context("the path of the chart is not UTF-8")?;
        let arguments: Vec<_> =
            [command, RELEASE, chart].into_iter().chain(further.iter().copied()).collect();
        self.run(&arguments, values).await
    }

    /// What the chart renders to, in a file that lives as long as this.
    pub async fn template(&self, further: &[&str], values: Option<&Value>) -> anyhow::Result<PathBuf> {
        let file = self.home.path().join("rendered.yaml");
        std::fs::write(&file, self.release("template", further, values).await?)?;
        Ok(file)
    }
}

/// Values that turn every option of the chart on.
pub fn everything_on() -> Value {
    serde_json::json!({
        "image": {
            "repository": "registry.example.cn/bund/bund",
            "digest": format!("sha256:{}", "0".repeat(64)),
            "pullPolicy": "Always"
        },
        "imagePullSecrets": [{ "name": "registry" }],
        "webhook": {
            "replicas": 3,
            "nodeSelector": { "kubernetes.io/os": "linux" },
            "tolerations": [{ "key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule" }],
            "affinity": { "nodeAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [
                { "weight": 1, "preference": { "matchExpressions": [{ "key": "ssd", "operator": "Exists" }] } }
            ] } },
            "podLabels": { "team": "platform" },
            "podAnnotations": { "example.com/note": "kept" }
        },
        "controller": { "replicas": 3 },
        "response": { "evict": true, "taint": true },
        "ledger": {
            "store": "S3", "name": "ledger.example.com/prod", "inception": "2026-05-09",
            "s3": {
                "url": "s3://bucket/prefix", "endpoint": "https://s3.example.com:9000", "region": "cn-north-1",
                "credentialsSecretName": "bucket"
            }
        },
        "listenAddress": "::",
        "certificates": { "certManager": { "enabled": true } },
        "tracing": { "otlpEndpoint": "http://collector.observability:4317" },
        "metrics": {
            "serviceMonitor": { "enabled": true, "labels": { "release": "prometheus" } },
            "prometheusRule": { "enabled": true },
            "dashboard": { "enabled": true }
        },
        "networkPolicy": {
            "enabled": true,
            "apiServer": { "cidrs": ["10.0.0.0/8"] },
            "ledger": { "cidrs": ["10.9.0.0/16"] },
            "metrics": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "monitoring" } } },
            "tracing": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "observability" } } }
        },
        "clusterLocation": {
            "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"], "exemptNamespaces": ["monitoring"]
        },
        "starter": { "policy": {
            "enforcement": { "hints": "Audit" },
            "overrides": [{ "namespaces": ["shop"], "enforcement": { "placement": "Deny" } }],
            "placementStrategy": "Require"
        } }
    })
}
