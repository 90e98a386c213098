//! The operator's process: arguments, configuration, logs, signals.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use bund_operator::{Configuration, Role, Settings, tracing_export};
use clap::{Parser, ValueEnum};
use kube::{Client, Config};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Keeps the data of users in mainland China inside the mainland.
#[derive(Debug, Parser)]
#[command(name = "bund-operator", version)]
struct Arguments {
    /// The configuration file. Left out: every key has its default.
    #[arg(long, env = "BUND_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// What this process does.
    #[arg(long, env = "BUND_ROLE", value_enum, default_value_t)]
    role: AskedRole,
    /// Our own namespace: of the Lease, the Secret and the Service.
    #[arg(long, env = "BUND_NAMESPACE", default_value = "bund-system")]
    namespace: String,
    /// Who we are among the replicas; the pod's name is a good choice. Left out: the host's name and the process id.
    #[arg(long, env = "BUND_IDENTITY")]
    identity: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum AskedRole {
    /// Answers reviews.
    Webhook,
    /// Competes for the lease; the leader makes certificates, registers the webhooks and writes statuses.
    Controller,
    /// Both.
    #[default]
    All,
}

impl From<AskedRole> for Role {
    fn from(asked: AskedRole) -> Self {
        match asked {
            AskedRole::Webhook => Self::Webhook,
            AskedRole::Controller => Self::Controller,
            AskedRole::All => Self::All,
        }
    }
}

impl Arguments {
    fn settings(self) -> anyhow::Result<Settings> {
        let Self { config, role, namespace, identity } = self;
        let configuration = match config {
            None => Configuration::default(),
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read the configuration {}", path.display()))?;
                Configuration::read(&text)
                    .with_context(|| format!("the configuration {} cannot be used", path.display()))?
            }
        };
        let identity = identity.unwrap_or_else(default_identity);
        Ok(Settings { role: role.into(), namespace, identity, configuration })
    }
}

fn default_identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "bund-operator".to_owned());
    format!("{host}_{}", std::process::id())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    match Box::pin(start(Arguments::parse())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With everything that led to it, in one line.
            let error = format!("{error:#}");
            if tracing::enabled!(tracing::Level::ERROR) {
                tracing::error!(error, "the operator ends");
            } else {
                eprintln!("the operator ends: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Logs as the configuration says, traces if it says so, and operates.
async fn start(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.settings()?;
    let Configuration { log, tracing, .. } = &settings.configuration;
    let filter = EnvFilter::try_new(&log.filter)
        .with_context(|| format!("log.filter `{}` is no filter", log.filter))?;
    let traces = tracing.as_ref().map(|to| tracing_export::start(to, &settings.identity)).transpose();
    let traces = traces.context("traces cannot be exported")?;
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    let exported = traces.as_ref().map(tracing_export::Export::layer);
    tracing_subscriber::registry().with(exported).with(filter).with(lines).init();
    let outcome = operate(settings).await;
    if let Some(traces) = traces {
        traces.flush();
    }
    outcome
}

async fn operate(settings: Settings) -> anyhow::Result<()> {
    let ring = rustls::crypto::ring::default_provider();
    anyhow::ensure!(ring.install_default().is_ok(), "another cryptography provider is installed");
    let unreachable = "no way to reach the API server";
    let config = Config::infer().await.context(unreachable)?;
    let mut once = config.clone();
    once.default_retry = false;
    let once = Client::try_from(once).context(unreachable)?;
    let client = Client::try_from(config).context(unreachable)?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    bund_operator::run(settings, client, once, stop).await.context("the operator failed")
}
