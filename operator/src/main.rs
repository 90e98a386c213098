//! The operator's process: arguments, logs, signals.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bund_operator::Settings;
use bund_operator::registration::Endpoint;
use clap::Parser;
use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Keeps the data of users in mainland China inside the mainland.
#[derive(Debug, Parser)]
#[command(name = "bund-operator", version)]
struct Arguments {
    /// Our own namespace: of the Lease, the Secret and the Service.
    #[arg(long, env = "BUND_NAMESPACE", default_value = "bund-system")]
    namespace: String,
    /// Where the webhook listens.
    #[arg(long, env = "BUND_WEBHOOK_ADDRESS", default_value = "0.0.0.0:8443")]
    webhook_address: SocketAddr,
    /// Where /livez and /readyz are answered.
    #[arg(long, env = "BUND_HEALTH_ADDRESS", default_value = "0.0.0.0:8080")]
    health_address: SocketAddr,
    /// Where the API server finds us when we run outside the cluster, such as https://127.0.0.1:8443.
    #[arg(long, env = "BUND_WEBHOOK_URL")]
    webhook_url: Option<String>,
    /// The Service by which the API server finds us.
    #[arg(long, env = "BUND_SERVICE_NAME", default_value = "bund-webhook", conflicts_with = "webhook_url")]
    service_name: String,
    /// The port of that Service.
    #[arg(long, env = "BUND_SERVICE_PORT", default_value_t = 443, conflicts_with = "webhook_url")]
    service_port: u16,
    /// Who we are among the replicas; the pod's name is a good choice. Left out: the host's name and the process id.
    #[arg(long, env = "BUND_IDENTITY")]
    identity: Option<String>,
    /// For how many seconds reviews are answered after SIGTERM, until nobody sends any more. At most 10.
    #[arg(long, env = "BUND_SHUTDOWN_DELAY", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=10))]
    shutdown_delay: u64,
}

impl Arguments {
    fn settings(self) -> anyhow::Result<Settings> {
        let endpoint = match self.webhook_url {
            Some(url) => {
                anyhow::ensure!(
                    url.starts_with("https://"),
                    "--webhook-url `{url}` does not begin with https://"
                );
                Endpoint::Url(url)
            }
            None => Endpoint::Service {
                namespace: self.namespace.clone(),
                name: self.service_name,
                port: self.service_port,
            },
        };
        Ok(Settings {
            namespace: self.namespace,
            webhook_address: self.webhook_address,
            health_address: self.health_address,
            endpoint,
            identity: self.identity.unwrap_or_else(default_identity),
            shutdown_delay: Duration::from_secs(self.shutdown_delay),
        })
    }
}

fn default_identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "bund-operator".to_owned());
    format!("{host}_{}", std::process::id())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
    match operate(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With everything that led to it, in one line.
            tracing::error!(error = format!("{error:#}"), "the operator ends");
            ExitCode::FAILURE
        }
    }
}

async fn operate(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.settings()?;
    let ring = rustls::crypto::ring::default_provider();
    anyhow::ensure!(ring.install_default().is_ok(), "another cryptography provider is installed");
    let client = Client::try_default().await.context("no way to reach the API server")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    bund_operator::run(settings, client, stop).await.context("the operator failed")
}
