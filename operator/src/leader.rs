//! One replica writes: whoever holds the Lease.
//!
//! Answers of the webhook do not depend on it; every replica gives them. Two leaders for a moment would do no
//! harm either: everything that a leader writes is applied whole, from the same facts.

mod lease;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use lease::{Move, Sighting};

/// The name of the Lease.
const LEASE: &str = "bund-operator";
/// How long a lease holds that is not renewed.
const DURATION: Duration = Duration::from_secs(15);
/// A leader that could not renew for this long stops, before anybody else may begin.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How often the Lease is renewed, or looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// A candidate.
pub struct Candidate {
    leases: Api<Lease>,
    identity: String,
    leading: watch::Sender<bool>,
}

impl Candidate {
    /// A candidate in `namespace`. `identity` is its own: two that share one would both lead.
    pub fn new(client: Client, namespace: &str, identity: String) -> Self {
        Self { leases: Api::namespaced(client, namespace), identity, leading: watch::Sender::new(false) }
    }

    /// Whether it leads now.
    pub fn leading(&self) -> watch::Receiver<bool> {
        self.leading.subscribe()
    }

    /// Tries to lead until `stop` is done, then gives the lease back.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.campaign() => {}
        }
        let led = *self.leading.borrow();
        self.set_leading(false);
        if led && timeout(PERIOD, self.release()).await.is_err() {
            warn!("the lease could not be given back in time; others wait until it has run out");
        }
    }

    async fn campaign(&self) {
        let mut sighting: Option<Sighting> = None;
        let mut renewed = Instant::now();
        loop {
            let asked = Instant::now();
            match timeout(GIVE_UP / 2, self.try_once(&mut sighting)).await {
                Ok(Ok(true)) => {
                    renewed = asked;
                    self.set_leading(true);
                }
                Ok(Ok(false)) => self.set_leading(false),
                Ok(Err(error)) => {
                    warn!(error = crate::chain(&error), "the lease could not be read or written");
                }
                Err(_) => warn!("the API server did not answer about the lease in time"),
            }
            if renewed.elapsed() >= GIVE_UP {
                self.set_leading(false);
            }
            sleep(PERIOD).await;
        }
    }

    /// Whether the lease is ours after one look at it.
    async fn try_once(&self, sighting: &mut Option<Sighting>) -> Result<bool, kube::Error> {
        let lease = self.leases.get_opt(LEASE).await?;
        let spec = lease.as_ref().and_then(|lease| lease.spec.as_ref());
        let seen = Sighting::of(sighting.take(), spec, Instant::now());
        let unchanged = seen.since.elapsed();
        *sighting = Some(seen);
        let spec = match lease::next(spec, &self.identity, unchanged, DURATION, Timestamp::now()) {
            Move::Wait => return Ok(false),
            Move::Write(spec) => spec,
        };
        let written = match lease {
            None => {
                let metadata = ObjectMeta { name: Some(LEASE.to_owned()), ..ObjectMeta::default() };
                self.leases.create(&PostParams::default(), &Lease { metadata, spec: Some(*spec) }).await
            }
            // With the resource version that was read, so that only one candidate can take it.
            Some(lease) => {
                let lease = Lease { spec: Some(*spec), ..lease };
                self.leases.replace(LEASE, &PostParams::default(), &lease).await
            }
        };
        match written {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn release(&self) {
        let released = async {
            let lease = self.leases.get(LEASE).await?;
            let Some(spec) = lease::released(lease.spec.as_ref(), &self.identity) else { return Ok(()) };
            let lease = Lease { spec: Some(spec), ..lease };
            self.leases.replace(LEASE, &PostParams::default(), &lease).await.map(drop)
        };
        if let Err(error) = released.await {
            let error: kube::Error = error;
            warn!(error = crate::chain(&error), "the lease could not be given back");
        }
    }

    fn set_leading(&self, leads: bool) {
        let changed = self.leading.send_if_modified(|leading| std::mem::replace(leading, leads) != leads);
        if changed {
            info!(identity = self.identity, leads, "leadership changed");
        }
    }
}
