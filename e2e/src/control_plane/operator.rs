//! The operator beside the control plane: a process on loopback that the API server calls by URL.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ObjectMeta, PostParams};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::ports::bind_any;
use super::process::{CommandLine, Process};
use super::{ControlPlane, User};

/// The operator's own namespace on a test bed.
pub const OWN_NAMESPACE: &str = "bund-system";

/// A running operator. Dropping it kills it.
#[derive(Debug)]
pub struct Operator {
    pub(super) process: Process,
    pub(super) webhook: SocketAddr,
    pub(super) health: u16,
    pub(super) metrics: u16,
}

/// What an operator is started with.
struct Setting<'s> {
    binary: &'s Path,
    name: &'static str,
    kubeconfig: &'s Path,
    /// Where the webhook listens.
    host: IpAddr,
    /// Where the API server reaches it, if not there.
    reached_at: Option<SocketAddr>,
    namespace: &'s str,
    /// Where the log goes.
    directory: &'s Path,
    /// What is configured besides; null where nothing is.
    further: &'s Value,
}

fn spawn(setting: &Setting<'_>) -> anyhow::Result<Operator> {
    let Setting { binary, name, kubeconfig, host, reached_at, namespace, directory, further } = setting;
    let (webhook, health, metrics) = (bind_any()?, bind_any()?, bind_any()?);
    let [webhook, health, metrics] =
        [webhook.local_addr()?.port(), health.local_addr()?.port(), metrics.local_addr()?.port()];
    let address = SocketAddr::new(*host, webhook);
    let mut configuration = json!({
        "webhook": { "address": address, "url": format!("https://{}", reached_at.unwrap_or(address)) },
        "health": { "address": SocketAddr::from((Ipv4Addr::LOCALHOST, health)) },
        "metrics": { "address": SocketAddr::from((Ipv4Addr::LOCALHOST, metrics)) },
    });
    if let (Some(all), Some(further)) = (configuration.as_object_mut(), further.as_object()) {
        all.extend(further.clone());
    }
    let file = directory.join(format!("{name}.yaml"));
    std::fs::write(&file, configuration.to_string())?;
    let command = CommandLine {
        name,
        program: "/usr/bin/env".into(),
        arguments: vec![
            format!("KUBECONFIG={}", kubeconfig.display()),
            binary.display().to_string(),
            format!("--config={}", file.display()),
            format!("--namespace={namespace}"),
            format!("--identity={name}"),
        ],
        ports: vec![webhook, health, metrics],
    };
    Ok(Operator { process: Process::spawn(command, directory)?, webhook: address, health, metrics })
}

/// Starts the operator against a cluster that is not ours, and waits at most two minutes until it is ready.
pub async fn serve_operator(
    binary: &Path,
    kubeconfig: &Path,
    host: IpAddr,
    namespace: &str,
) -> anyhow::Result<Operator> {
    let directory = kubeconfig.parent().context("the kubeconfig has no folder")?;
    let operator = spawn(&Setting {
        binary,
        name: "bund-operator",
        kubeconfig,
        host,
        reached_at: None,
        namespace,
        directory,
        further: &Value::Null,
    })?;
    let ready = async {
        while operator.check_ready().await.is_err() {
            operator.process.check()?;
            tokio::time::sleep(super::PAUSE).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(super::PATIENCE, ready).await.context("the operator is not ready")??;
    Ok(operator)
}

impl ControlPlane {
    /// Starts the operator of `binary` and waits until it says that it is ready.
    pub async fn start_operator(&self, binary: &Path) -> anyhow::Result<Operator> {
        self.start_operator_with(binary, &Value::Null).await
    }

    /// The same, with what is configured besides.
    pub async fn start_operator_with(&self, binary: &Path, further: &Value) -> anyhow::Result<Operator> {
        self.own_namespace().await?;
        let operator = self.spawn_operator_with(binary, "bund-operator", further)?;
        self.operator_ready(&operator).await?;
        Ok(operator)
    }

    /// The namespace in which the operator keeps its certificate and its lease.
    pub(crate) async fn own_namespace(&self) -> anyhow::Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.client(User::ADMIN).await?);
        let namespace = Namespace {
            metadata: ObjectMeta { name: Some(OWN_NAMESPACE.to_owned()), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        match namespaces.create(&PostParams::default(), &namespace).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Starts the operator without waiting. `name` tells its log from those of others.
    pub fn spawn_operator(&self, binary: &Path, name: &'static str) -> anyhow::Result<Operator> {
        self.spawn_operator_with(binary, name, &Value::Null)
    }

    fn spawn_operator_with(
        &self,
        binary: &Path,
        name: &'static str,
        further: &Value,
    ) -> anyhow::Result<Operator> {
        spawn(&Setting {
            binary,
            name,
            kubeconfig: self.kubeconfig(User::ADMIN)?,
            host: Ipv4Addr::LOCALHOST.into(),
            reached_at: None,
            namespace: OWN_NAMESPACE,
            directory: self.directory.path(),
            further,
        })
    }

    /// Starts one of several operators that the API server reaches at one address, without waiting. `further` is what is
    /// configured besides.
    pub fn spawn_replica(
        &self,
        binary: &Path,
        name: &'static str,
        kubeconfig: &Path,
        reached_at: SocketAddr,
        further: &Value,
    ) -> anyhow::Result<Operator> {
        spawn(&Setting {
            binary,
            name,
            kubeconfig,
            host: Ipv4Addr::LOCALHOST.into(),
            reached_at: Some(reached_at),
            namespace: OWN_NAMESPACE,
            directory: self.directory.path(),
            further,
        })
    }

    /// Waits until the operator says that it is ready, and with it that its webhooks are registered.
    pub async fn operator_ready(&self, operator: &Operator) -> anyhow::Result<()> {
        self.eventually("the operator is ready", async || operator.check_ready().await).await
    }
}

impl Operator {
    /// An error until the operator is ready.
    pub async fn check_ready(&self) -> anyhow::Result<()> {
        let answer = self.get(self.health, "/readyz").await?;
        let first = answer.lines().next().unwrap_or_default();
        ensure!(first.contains(" 200"), "it answers {first}");
        Ok(())
    }

    /// What it tells Prometheus.
    pub async fn metrics(&self) -> anyhow::Result<String> {
        self.get(self.metrics, "/metrics").await
    }

    async fn get(&self, port: u16, path: &str) -> anyhow::Result<String> {
        self.process.check()?;
        let mut connection = TcpStream::connect(("127.0.0.1", port)).await.context("it does not listen")?;
        connection.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// Where its webhook listens.
    pub fn webhook(&self) -> SocketAddr {
        self.webhook
    }

    /// The id of its process.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.process.pid()
    }

    /// Resident memory in bytes, as it tells it itself.
    pub async fn resident_memory(&self) -> anyhow::Result<u64> {
        let metrics = self.metrics().await?;
        let line = metrics.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
        Ok(line.context("it does not tell its memory")?.parse()?)
    }

    /// Asks the operator to end, as a kubelet does, and waits until it has.
    pub fn terminate(&self) -> anyhow::Result<()> {
        self.process.terminate()
    }

    /// Kills the operator as a lost node would.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again on the same ports.
    pub fn restart(&self) -> anyhow::Result<()> {
        self.process.start()
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}
