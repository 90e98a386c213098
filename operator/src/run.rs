//! Putting everything together, in an order in which nothing can be locked. (client)
//!
//! Watch, make certificates, listen. When everything is listed: ready; compete for the lease. The leader registers
//! the webhooks and writes statuses. On the way out: not ready, give the lease back, answer on until whoever routes
//! to us has seen it, let open requests end, stop.

use std::net::SocketAddr;
use std::time::Duration;

use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::info;

use crate::certificates::{self, Store};
use crate::controller::Controller;
use crate::health::{self, Readiness};
use crate::index;
use crate::leader::Candidate;
use crate::registration::{Endpoint, Registrar, Registration};
use crate::webhook::{self, Server, Webhook};

/// How long open requests may take to end after we stopped accepting.
const DRAIN: Duration = Duration::from_secs(10);
/// Between two tries to make the certificates known at the start.
const RETRY: Duration = Duration::from_secs(1);

/// How to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our own namespace: of the Lease, the Secret and the Service. Nothing is refused in it.
    pub namespace: String,
    /// Where the webhook listens.
    pub webhook_address: SocketAddr,
    /// Where `/livez` and `/readyz` are answered.
    pub health_address: SocketAddr,
    /// Where the API server finds the webhook.
    pub endpoint: Endpoint,
    /// Who we are among the replicas.
    pub identity: String,
    /// How long we answer on after we said that we are about to stop.
    pub shutdown_delay: Duration,
}

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The webhook cannot listen.
    #[error("the webhook cannot run")]
    Webhook(#[source] webhook::Error),
    /// `/livez` and `/readyz` cannot be answered.
    #[error("cannot answer on the health address {address}")]
    Health {
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
pub async fn run(settings: Settings, client: Client, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let mut tasks = JoinSet::new();
    let readiness = Readiness::default();
    let (stopping, stopped) = watch::channel(Stage::Running);
    let outcome = {
        let serving = serve(&settings, client, &readiness, &mut tasks, stopped);
        tokio::pin!(serving);
        let health = health::serve(settings.health_address, readiness.clone());
        tokio::pin!(health);
        let address = settings.health_address;
        let failed = |ended: std::io::Result<()>| match ended {
            Err(source) => Error::Health { address, source },
            Ok(()) => Error::Ended(None),
        };
        tokio::select! {
            () = stop => {
                info!("stopping");
                readiness.set(false);
                stopping.send_replace(Stage::Leaving);
                let closing = async {
                    sleep(settings.shutdown_delay).await;
                    stopping.send_replace(Stage::Closing);
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    served = &mut serving => served,
                    ended = &mut health => Err(failed(ended)),
                    () = closing => Ok(()),
                }
            }
            served = &mut serving => served,
            ended = &mut health => Err(failed(ended)),
        }
    };
    tasks.shutdown().await;
    outcome
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
    readiness: &Readiness,
    tasks: &mut JoinSet<()>,
    stages: watch::Receiver<Stage>,
) -> Result<(), Error> {
    let index = index::start(&client, tasks);
    let store = Store::new(client.clone(), &settings.namespace, settings.endpoint.certificate_names());
    let material = store.material();
    let webhook = Webhook::new(index.clone(), client.clone());
    let server =
        Server::listen(settings.webhook_address, store.resolver(), webhook).await.map_err(Error::Webhook)?;
    tasks.spawn(keep_certificates(store));
    let server = server.run(reached(&stages, Stage::Closing), DRAIN);
    tokio::pin!(server);

    let registration = Registration {
        index: index.clone(),
        material: material.clone(),
        endpoint: settings.endpoint.clone(),
        namespace: settings.namespace.clone(),
    };
    let candidate = Candidate::new(client.clone(), &settings.namespace, settings.identity.clone());
    let leading = candidate.leading();
    let (mut revisions, mut known, readiness) = (index.revisions(), material, readiness.clone());
    let stop = reached(&stages, Stage::Leaving);
    let lead = async move {
        let listed = revisions.wait_for(|revision| revision.ready).await.is_ok();
        let certified = known.wait_for(Option::is_some).await.is_ok();
        if listed && certified && *stages.borrow() == Stage::Running {
            readiness.set(true);
            info!("ready");
        }
        candidate.run(stop).await;
        // What is left is to answer until the server ends.
        std::future::pending::<()>().await;
    };
    let duties = Duties { client, index, registration };
    tokio::select! {
        () = &mut server => Ok(()),
        () = lead => Ok(()),
        () = duties.follow(leading) => Err(Error::Ended(None)),
        Some(ended) = tasks.join_next() => Err(Error::Ended(ended.err())),
    }
}

async fn keep_certificates(store: Store) {
    while let Err(error) = store.refresh().await {
        log_certificates(&error);
        sleep(RETRY).await;
    }
    store.follow().await;
}

fn log_certificates(error: &certificates::Error) {
    tracing::warn!(error = crate::chain(error), "there are no certificates yet; they are tried again");
}

/// What the leader does.
struct Duties {
    client: Client,
    index: std::sync::Arc<index::Index>,
    registration: Registration,
}

impl Duties {
    /// Does them while we lead. Stops in the middle when we do not: every write is whole in itself.
    async fn follow(self, mut leading: watch::Receiver<bool>) {
        loop {
            if leading.wait_for(|leads| *leads).await.is_err() {
                // The candidate is gone, because we are stopping.
                return std::future::pending().await;
            }
            let registrar = Registrar::new(self.client.clone(), self.registration.clone());
            let controller = Controller::new(self.client.clone(), self.index.clone());
            let mut until = leading.clone();
            tokio::select! {
                _ = until.wait_for(|leads| !*leads) => {}
                () = registrar.run() => return,
                () = controller.run() => return,
            }
        }
    }
}
