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

use super::{Material, Resolver, Step, issue, plan};
use crate::index::patiently;

/// How often it is checked whether something has grown old.
const CHECK: Duration = Duration::from_hours(1);
/// How often a write is tried against other replicas.
const TRIES: usize = 8;
/// The name of the Secret.
pub const SECRET: &str = "bund-webhook-tls";
const TYPE: &str = "bund.dev/webhook-tls";

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Secret cannot be read.
    #[error("cannot read Secret `{SECRET}`")]
    Read(#[source] kube::Error),
    /// The Secret cannot be written.
    #[error("cannot write Secret `{SECRET}`")]
    Write(#[source] kube::Error),
    /// A certificate cannot be made.
    #[error("cannot renew the certificates")]
    Issue(#[source] issue::Error),
    /// Other replicas were faster each time, and what they wrote is not what is needed.
    #[error("Secret `{SECRET}` changes faster than it can be written")]
    Contended,
    /// What the Secret holds cannot be served.
    #[error("cannot serve the certificate of Secret `{SECRET}`")]
    Serve(#[source] super::resolver::Error),
}

/// Keeps the certificates fresh, served and known.
pub struct Store {
    secrets: Api<Secret>,
    names: Vec<String>,
    resolver: Arc<Resolver>,
    known: watch::Sender<Option<Arc<Material>>>,
}

impl Store {
    /// The store of `namespace`, for leaves that are good for `names`.
    pub fn new(client: Client, namespace: &str, names: Vec<String>) -> Self {
        let secrets = Api::namespaced(client, namespace);
        Self { secrets, names, resolver: Arc::default(), known: watch::Sender::new(None) }
    }

    /// What answers handshakes.
    pub fn resolver(&self) -> Arc<Resolver> {
        self.resolver.clone()
    }

    /// What is in use; `None` before the first [`Store::refresh`].
    pub fn material(&self) -> watch::Receiver<Option<Arc<Material>>> {
        self.known.subscribe()
    }

    /// Reads the Secret, does what is due, and takes the result into use. If another replica writes at the same
    /// time, what it wrote is looked at anew.
    pub async fn refresh(&self) -> Result<(), Error> {
        for _ in 0..TRIES {
            let secret = self.secrets.get_opt(SECRET).await.map_err(Error::Read)?;
            let material = secret.as_ref().and_then(read);
            let now = Timestamp::now();
            let step = plan(material.as_ref(), &self.names, now);
            if step == Step::Keep {
                return material.map_or(Ok(()), |material| self.take(material));
            }
            let made = issue(step, material.as_ref(), &self.names, now).map_err(Error::Issue)?;
            if self.write(secret, &made).await? {
                info!(step = ?step, leaf = ?made.leaf, "certificates were renewed");
            }
        }
        Err(Error::Contended)
    }

    /// Follows the Secret and the clock for ever.
    pub async fn follow(self) {
        let events = patiently(watch_object(self.secrets.clone(), SECRET), |_| true);
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
            }
            if let Err(error) = self.refresh().await {
                warn!(
                    error = crate::chain(&error),
                    "the certificates could not be refreshed; those in use stay"
                );
            }
        }
    }

    fn take(&self, material: Material) -> Result<(), Error> {
        self.resolver.serve(&material.leaf).map_err(Error::Serve)?;
        self.known.send_if_modified(|known| {
            let changed = known.as_deref() != Some(&material);
            if changed {
                *known = Some(Arc::new(material));
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
                    metadata: ObjectMeta { name: Some(SECRET.to_owned()), ..ObjectMeta::default() },
                    type_: Some(TYPE.to_owned()),
                    data: Some(material.data()),
                    ..Secret::default()
                };
                self.secrets.create(&PostParams::default(), &secret).await
            }
            // With the resource version that was read, so that the write fails if anybody else wrote since.
            Some(secret) => {
                let secret = Secret { data: Some(material.data()), ..secret };
                self.secrets.replace(SECRET, &PostParams::default(), &secret).await
            }
        };
        match written {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(Error::Write(error)),
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
