//! Putting everything together, in an order in which nothing can be locked. (client)
//!
//! Watch and listen. When everything is listed, compete for the lease; the leader makes certificates, registers the
//! webhooks and writes statuses. With certificates: ready. On the way out: not ready, give the lease back, answer on until whoever routes
//! to us has seen it, let open requests end, stop.

mod duties;

use std::net::SocketAddr;
use std::time::Duration;

use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::info;

use crate::certificates::{Custody, Store};
use crate::configuration::{CertificateSource, Configuration, Owner};
use crate::geography;
use crate::health::{self, Readiness};
use crate::index;
use crate::leader::Candidate;
use crate::ledger::Kept;
use crate::metrics::{self, Metrics};
use crate::registration::Registration;
use crate::webhook::{self, Server, Webhook};

use duties::Duties;

/// How long open requests may take to end after we stopped accepting.
const DRAIN: Duration = Duration::from_secs(10);

/// What a process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Answers reviews. It reads and writes nothing, so that as many as are wanted may run.
    Webhook,
    /// Competes for the lease; the leader makes certificates, registers the webhooks and writes statuses.
    Controller,
    /// Both.
    #[default]
    All,
}

impl Role {
    fn answers(self) -> bool {
        match self {
            Self::Webhook | Self::All => true,
            Self::Controller => false,
        }
    }

    fn leads(self) -> bool {
        match self {
            Self::Controller | Self::All => true,
            Self::Webhook => false,
        }
    }
}

/// How to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What this process does.
    pub role: Role,
    /// Our own namespace: of the Lease, the Secret and the Service. Nothing is refused in it.
    pub namespace: String,
    /// Who we are among the replicas.
    pub identity: String,
    /// What is the same for all replicas.
    pub configuration: Configuration,
}

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The webhook cannot listen.
    #[error("the webhook cannot run")]
    Webhook(#[source] webhook::Error),
    /// `/livez` and `/readyz`, or `/metrics`, cannot be answered.
    #[error("cannot answer {what} on {address}")]
    Address {
        /// What is asked for there.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A task that must run for ever has ended.
    #[error("a task of the operator ended")]
    Ended(#[source] Option<tokio::task::JoinError>),
}

/// Runs until `stop` is done and everything has ended in order.
///
/// Fails at once where an address cannot be listened on, and where a task that must run for ever ends. An API
/// server that cannot be reached, or custom resources that are not installed yet, are no failure: they are waited for.
/// `once` is a client that tries nothing again by itself, for what has to know the first answer.
pub async fn run(
    settings: Settings,
    client: Client,
    once: Client,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut tasks = JoinSet::new();
    let metrics = Metrics::default();
    let readiness = Readiness::new(metrics.clone());
    let (stopping, stopped) = watch::channel(Stage::Running);
    let outcome = {
        let serving = serve(&settings, client, once, &metrics, &readiness, &mut tasks, stopped);
        let looked_at = looked_at(&settings.configuration, &metrics, &readiness);
        tokio::pin!(serving, looked_at);
        tokio::select! {
            () = stop => {
                info!("stopping");
                readiness.set(false);
                stopping.send_replace(Stage::Leaving);
                let closing = async {
                    sleep(settings.configuration.shutdown_delay()).await;
                    stopping.send_replace(Stage::Closing);
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    served = &mut serving => served,
                    error = &mut looked_at => Err(error),
                    () = closing => Ok(()),
                }
            }
            served = &mut serving => served,
            error = &mut looked_at => Err(error),
        }
    };
    tasks.shutdown().await;
    outcome
}

/// Answers for health and metrics for ever: why it cannot.
async fn looked_at(configuration: &Configuration, metrics: &Metrics, readiness: &Readiness) -> Error {
    let (health, figures) = (configuration.health.address, configuration.metrics.address);
    let failed = |what, address, ended: std::io::Result<()>| match ended {
        Err(source) => Error::Address { what, address, source },
        Ok(()) => Error::Ended(None),
    };
    tokio::select! {
        ended = health::serve(health, readiness.clone()) => failed("/livez and /readyz", health, ended),
        ended = metrics::serve(figures, metrics.registry()) => failed("/metrics", figures, ended),
    }
}

/// How far we are on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// Not ready any more; reviews are still answered.
    Leaving,
    /// No new connections.
    Closing,
}

/// Done when `stage` is reached.
fn reached(stages: &watch::Receiver<Stage>, stage: Stage) -> impl Future<Output = ()> + Send + 'static {
    let mut stages = stages.clone();
    async move {
        // The sender lives as long as we run; without it there is nothing to wait for.
        let _ = stages.wait_for(|reached| *reached >= stage).await;
    }
}

async fn serve(
    settings: &Settings,
    client: Client,
    once: Client,
    metrics: &Metrics,
    readiness: &Readiness,
    tasks: &mut JoinSet<()>,
    stages: watch::Receiver<Stage>,
) -> Result<(), Error> {
    let Settings { role, namespace, identity, configuration } = settings;
    let databases = geography::open(configuration.geo.sources()).await;
    let databases = databases.map_err(|error| Error::Ended(Some(error)))?;
    let index = index::start(&client, namespace, metrics, tasks);
    tasks.spawn(geography::follow(databases, index.clone(), metrics.clone()));
    let endpoint = configuration.endpoint(namespace);
    let secret = &configuration.certificates.secret_name;
    let candidate = Candidate::new(client.clone(), namespace, identity.clone());
    let custody = custody(settings, &candidate);
    let store = Store::new(client.clone(), namespace, secret, custody, endpoint.certificate_names());
    let known = store.serving();
    let server = if role.answers() {
        let webhook = Webhook::new(index.clone(), client.clone(), metrics.clone());
        let address = configuration.webhook.address;
        Some(Server::listen(address, store.resolver(), webhook).await.map_err(Error::Webhook)?)
    } else {
        None
    };
    tasks.spawn(keep_certificates(store, metrics.clone()));
    let closing = reached(&stages, Stage::Closing);
    let server = async move {
        match server {
            Some(server) => server.run(closing, DRAIN).await,
            None => closing.await,
        }
    };

    let registration = Registration {
        index: index.clone(),
        serving: known.clone(),
        endpoint,
        namespace: namespace.clone(),
        owner: configuration.owner.as_ref().map(|Owner { cluster_role }| cluster_role.clone()),
        elsewhere: !role.answers(),
    };
    let leading = candidate.leading();
    let (mut revisions, mut known, readiness) = (index.revisions(), known, readiness.clone());
    let (leads, stop) = (role.leads(), reached(&stages, Stage::Leaving));
    let mut listed = index.revisions();
    let lead = async move {
        // Nothing is decided for others before everything is known; and who answers answers by then.
        let listed = listed.wait_for(|revision| revision.ready).await.is_ok();
        if listed && leads {
            candidate.run(stop).await;
        }
        // What is left is to answer until the server ends.
        std::future::pending::<()>().await;
    };
    let get_ready = async move {
        let listed = revisions.wait_for(|revision| revision.ready).await.is_ok();
        let certified = known.wait_for(Option::is_some).await.is_ok();
        if listed && certified && *stages.borrow() == Stage::Running {
            readiness.set(true);
            info!("ready");
        }
        std::future::pending::<()>().await;
    };
    let (metrics, identity) = (metrics.clone(), identity.clone());
    let kept = Kept {
        configured: configuration.ledger.clone(),
        namespace: namespace.clone(),
        identity: identity.clone(),
    };
    let egress = configuration.egress;
    let duties = Duties { client, once, index, registration, kept, egress, metrics, identity };
    tokio::select! {
        () = server => Ok(()),
        () = lead => Ok(()),
        () = get_ready => Ok(()),
        () = duties.follow(leading) => Err(Error::Ended(None)),
        Some(ended) = tasks.join_next() => Err(Error::Ended(ended.err())),
    }
}

/// Whoever only answers only reads; so does everybody where somebody else makes the certificates.
fn custody(settings: &Settings, candidate: &Candidate) -> Custody {
    match (settings.role, settings.configuration.certificates.source) {
        (Role::Controller | Role::All, CertificateSource::Own) => {
            Custody::Keeper { leading: candidate.leading() }
        }
        (Role::Webhook, _) | (_, CertificateSource::Secret) => Custody::Reader,
    }
}

/// Keeps the certificates, and tells when they expire.
async fn keep_certificates(store: Store, metrics: Metrics) {
    let mut known = store.serving();
    let told = async move {
        while known.changed().await.is_ok() {
            if let Some(serving) = known.borrow_and_update().as_deref() {
                metrics.serves(serving);
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = told => {}
        () = store.run() => {}
    }
}
