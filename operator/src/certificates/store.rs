//! The Secret that all replicas share. (client)

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::watcher::{self, watch_object};
use kube::{Api, Client};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{Material, Resolver, Serving, Step, Unusable, issue, plan};
use crate::index::patiently;

/// Between two tries while there are no certificates.
const RETRY: Duration = Duration::from_secs(1);
/// How often it is checked whether something has grown old.
const CHECK: Duration = Duration::from_hours(1);
/// How often a write is tried against other replicas.
const TRIES: usize = 8;
const TYPE: &str = "bund.dev/webhook-tls";

/// Whether we make the certificates or only serve them.
#[derive(Clone, Debug)]
pub enum Custody {
    /// We write the Secret while we lead: who makes certificates must be able to make them known, or the API
    /// server would meet an authority that it has not heard of.
    Keeper {
        /// Whether we lead.
        leading: watch::Receiver<bool>,
    },
    /// Somebody else writes it: the controllers of Bund, or cert-manager.
    Reader,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Secret cannot be read.
    #[error("cannot read Secret `{0}`")]
    Read(String, #[source] kube::Error),
    /// The Secret is not there, and it is not for us to make it.
    #[error(
        "Secret `{0}` is not there yet; it is written by the controller, or by whoever makes the certificates"
    )]
    Absent(String),
    /// The Secret holds something else, and it is not for us to make it anew.
    #[error("Secret `{0}` cannot be used")]
    Unusable(String, #[source] Unusable),
    /// The Secret cannot be written.
    #[error("cannot write Secret `{0}`")]
    Write(String, #[source] kube::Error),
    /// A certificate cannot be made.
    #[error("cannot renew the certificates")]
    Issue(#[source] issue::Error),
    /// Other replicas were faster each time, and what they wrote is not what is needed.
    #[error("Secret `{0}` changes faster than it can be written")]
    Contended(String),
    /// What the Secret holds cannot be served.
    #[error("cannot serve the certificate of Secret `{0}`")]
    Serve(String, #[source] super::resolver::Error),
}

/// Keeps the certificates fresh, served and known.
pub struct Store {
    secrets: Api<Secret>,
    name: String,
    custody: Custody,
    names: Vec<String>,
    resolver: Arc<Resolver>,
    known: watch::Sender<Option<Arc<Serving>>>,
}

impl Store {
    /// The store in Secret `name` of `namespace`, for leaves that are good for `names`.
    pub fn new(client: Client, namespace: &str, name: &str, custody: Custody, names: Vec<String>) -> Self {
        Self {
            secrets: Api::namespaced(client, namespace),
            name: name.to_owned(),
            custody,
            names,
            resolver: Arc::default(),
            known: watch::Sender::new(None),
        }
    }

    /// What answers handshakes.
    pub fn resolver(&self) -> Arc<Resolver> {
        self.resolver.clone()
    }

    /// What is in use; `None` until there are any.
    pub fn serving(&self) -> watch::Receiver<Option<Arc<Serving>>> {
        self.known.subscribe()
    }

    /// Reads the Secret, does what is due if that is for us to do, and takes the result into use.
    async fn refresh(&self) -> Result<(), Error> {
        match &self.custody {
            Custody::Keeper { leading } if *leading.borrow() => self.keep().await,
            Custody::Keeper { .. } | Custody::Reader => self.read().await,
        }
    }

    async fn get(&self) -> Result<Option<Secret>, Error> {
        self.secrets.get_opt(&self.name).await.map_err(|error| Error::Read(self.name.clone(), error))
    }

    async fn read(&self) -> Result<(), Error> {
        let secret = self.get().await?.ok_or_else(|| Error::Absent(self.name.clone()))?;
        let data = secret.data.unwrap_or_default();
        let serving = Serving::read(&data).map_err(|error| Error::Unusable(self.name.clone(), error))?;
        self.take(serving)
    }

    /// If a leader before us still writes, what it wrote is looked at anew.
    async fn keep(&self) -> Result<(), Error> {
        for _ in 0..TRIES {
            let secret = self.get().await?;
            let material = secret.as_ref().and_then(read);
            let now = Timestamp::now();
            let step = plan(material.as_ref(), &self.names, now);
            if step == Step::Keep {
                return material.map_or(Ok(()), |material| self.take(Serving::from(&material)));
            }
            let made = issue(step, material.as_ref(), &self.names, now).map_err(Error::Issue)?;
            if self.write(secret, &made).await? {
                info!(step = ?step, leaf = ?made.leaf, "certificates were renewed");
            }
        }
        Err(Error::Contended(self.name.clone()))
    }

    /// Takes certificates into use as soon as there are any, then follows the Secret, the clock and the leadership;
    /// for ever.
    pub async fn run(mut self) {
        let mut said = None;
        while let Err(error) = self.refresh().await {
            let error = crate::chain(&error);
            if said.as_ref() != Some(&error) {
                info!(error, "there are no certificates yet; they are tried again");
            }
            said = Some(error);
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = self.leadership_changes() => {}
            }
        }
        self.follow().await;
    }

    /// Done when we begin to lead, or cease to.
    async fn leadership_changes(&mut self) {
        match &mut self.custody {
            Custody::Keeper { leading } => {
                if leading.changed().await.is_err() {
                    // The candidate is gone, because we are stopping.
                    std::future::pending::<()>().await;
                }
            }
            Custody::Reader => std::future::pending().await,
        }
    }

    async fn follow(mut self) {
        let events = patiently(watch_object(self.secrets.clone(), &self.name), |_| true);
        pin_mut!(events);
        let mut clock = tokio::time::interval(CHECK);
        clock.tick().await;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        warn!(error = crate::chain::<watcher::Error>(&error), "watching our Secret failed; it is tried again");
                        continue;
                    }
                    None => return,
                },
                _ = clock.tick() => {}
                () = self.leadership_changes() => {}
            }
            if let Err(error) = self.refresh().await {
                warn!(
                    error = crate::chain(&error),
                    "the certificates could not be refreshed; those in use stay"
                );
            }
        }
    }

    fn take(&self, serving: Serving) -> Result<(), Error> {
        self.resolver.serve(&serving.leaf).map_err(|error| Error::Serve(self.name.clone(), error))?;
        self.known.send_if_modified(|known| {
            let changed = known.as_deref() != Some(&serving);
            if changed {
                *known = Some(Arc::new(serving));
            }
            changed
        });
        Ok(())
    }

    /// Whether the Secret could be written: not if somebody else was faster.
    async fn write(&self, old: Option<Secret>, material: &Material) -> Result<bool, Error> {
        let written = match old {
            None => {
                let secret = Secret {
                    metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
                    type_: Some(TYPE.to_owned()),
                    data: Some(material.data()),
                    ..Secret::default()
                };
                self.secrets.create(&PostParams::default(), &secret).await
            }
            // With the resource version that was read, so that the write fails if anybody else wrote since.
            Some(secret) => {
                let secret = Secret { data: Some(material.data()), ..secret };
                self.secrets.replace(&self.name, &PostParams::default(), &secret).await
            }
        };
        match written {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(Error::Write(self.name.clone(), error)),
        }
    }
}

fn read(secret: &Secret) -> Option<Material> {
    match Material::read(secret.data.as_ref()?) {
        Ok(material) => Some(material),
        Err(error) => {
            warn!(error = crate::chain(&error), "our Secret cannot be used; everything in it is made anew");
            None
        }
    }
}
