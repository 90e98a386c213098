//! Several operators behind one address.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::balancer::Balancer;
use crate::control_plane::{ControlPlane, OWN_NAMESPACE, Operator, User};

/// How many run at one time.
const REPLICAS: usize = 2;
/// Who they are, one after the other; the names of those that ended are taken again.
const NAMES: [&str; 6] = ["operator-1", "operator-2", "operator-3", "operator-4", "operator-5", "operator-6"];
/// How often it is looked who is ready. Slower than a kubelet's probe may be set to, faster than it usually is.
const LOOK: Duration = Duration::from_millis(100);

/// The operators that run, by name.
type Running = Arc<Mutex<Vec<(&'static str, Arc<Operator>)>>>;

/// Two operators that one after the other are upgraded or killed.
pub struct Replicas<'p> {
    plane: &'p ControlPlane,
    binary: PathBuf,
    kubeconfig: PathBuf,
    /// What is configured besides.
    further: Value,
    balancer: Arc<Balancer>,
    running: Running,
    looking: JoinHandle<()>,
    next: usize,
}

impl<'p> Replicas<'p> {
    /// Starts them and waits until all are ready.
    pub async fn start(plane: &'p ControlPlane, binary: &Path) -> Result<Self> {
        Self::start_as(plane, binary, plane.kubeconfig(User::ADMIN)?, Value::Null).await
    }

    /// Starts them as whoever `kubeconfig` is, with `further` configuration, and waits until all are ready.
    pub async fn start_as(
        plane: &'p ControlPlane,
        binary: &Path,
        kubeconfig: &Path,
        further: Value,
    ) -> Result<Self> {
        plane.own_namespace().await?;
        let balancer = Arc::new(Balancer::listen().await?);
        let running = Running::default();
        let looking = tokio::spawn(look(running.clone(), balancer.clone()));
        let mut replicas = Self {
            plane,
            binary: binary.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            further,
            balancer,
            running,
            looking,
            next: 0,
        };
        replicas.fill().await?;
        Ok(replicas)
    }

    /// Starts as many as are missing, and waits until all are ready.
    pub async fn fill(&mut self) -> Result<()> {
        while self.running().len() < REPLICAS {
            self.add().await?;
        }
        Ok(())
    }

    /// Kills all of them.
    pub fn kill_all(&self) {
        let running = std::mem::take(&mut *self.lock());
        for (_, operator) in running {
            operator.kill();
        }
    }

    /// One more, once it is ready.
    async fn add(&mut self) -> Result<()> {
        let name = NAMES.get(self.next % NAMES.len()).context("a name")?;
        self.next += 1;
        let reached_at = self.balancer.address();
        let operator =
            self.plane.spawn_replica(&self.binary, name, &self.kubeconfig, reached_at, &self.further)?;
        let operator = Arc::new(operator);
        self.lock().push((name, operator.clone()));
        self.plane.operator_ready(&operator).await
    }

    /// A rolling upgrade: for each, first its successor is ready, then it is asked to end.
    pub async fn roll(&mut self) -> Result<()> {
        let old: Vec<_> = self.lock().clone();
        for (name, operator) in old {
            self.add().await?;
            // While it ends it answers on, so it stays among those that are looked at.
            tokio::task::spawn_blocking(move || operator.terminate()).await??;
            self.lock().retain(|(other, _)| *other != name);
        }
        Ok(())
    }

    /// Kills the one that leads, as a lost node would, and starts another.
    pub async fn kill_leader(&mut self) -> Result<()> {
        let (name, leader) = self.leader().await?;
        leader.kill();
        self.lock().retain(|(other, _)| *other != name);
        self.add().await
    }

    /// The one that leads.
    pub async fn leader(&self) -> Result<(&'static str, Arc<Operator>)> {
        let leases: Api<Lease> = Api::namespaced(self.plane.client(User::ADMIN).await?, OWN_NAMESPACE);
        let holder = async || {
            let spec = leases.get("bund-operator").await?.spec.context("an empty lease")?;
            let holder = spec.holder_identity.context("nobody leads")?;
            let running = self.lock().clone();
            let leader = running.into_iter().find(|(name, _)| *name == holder);
            leader.ok_or_else(|| anyhow!("{holder} leads, which does not run"))
        };
        self.plane.eventually("somebody leads", holder).await
    }

    /// Those that run.
    pub fn running(&self) -> Vec<(&'static str, Arc<Operator>)> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(&'static str, Arc<Operator>)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leads to those that are ready, as the endpoints of a Service follow the probes of a kubelet.
async fn look(running: Running, balancer: Arc<Balancer>) {
    loop {
        let operators = running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut ready = Vec::new();
        for (_, operator) in operators {
            if operator.check_ready().await.is_ok() {
                ready.push(operator.webhook());
            }
        }
        balancer.lead_to(ready);
        sleep(LOOK).await;
    }
}

impl Drop for Replicas<'_> {
    fn drop(&mut self) {
        self.looking.abort();
    }
}
