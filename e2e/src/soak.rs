//! Admissions under a steady load while everything that can be lost is lost, one after the other.
//!
//! Two operators behind one address, as behind a Service. What is asked for: no request of the load waits longer
//! for its answer than [`PATIENCE`] because of us; nothing classified is ever admitted abroad or unconfined;
//! memory does not grow.

mod balancer;
mod load;
mod memory;
pub mod replicas;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{Node, Secret};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::control_plane::{ControlPlane, OWN_NAMESPACE, Options, User, nodes};
use crate::shop::manifests;
use crate::tools::Tools;
use crate::{probe, repository};

use load::Load;
use replicas::Replicas;

pub use load::Told;
pub use memory::Growth;

/// How long a request may go without an answer because of us.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long everything takes.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// Load between two losses, and after the last.
    pub between: Duration,
    /// How often each loss happens.
    pub rounds: usize,
    /// Steady load at the end, over which memory is measured.
    pub steady: Duration,
    /// Requests of the load in a second.
    pub rate: u32,
}

/// What was seen.
#[derive(Debug)]
pub struct Outcome {
    /// What the load met.
    pub told: Told,
    /// How the memory of each operator grew while the load was steady.
    pub growth: Vec<Growth>,
}

/// Runs it, and says each step through `say`.
pub async fn soak(binary: &Path, length: Length, say: impl Fn(&str)) -> Result<Outcome> {
    let plane = ControlPlane::start(&Tools::find().await?, Options::api_only()).await?;
    let outcome = on(&plane, binary, length, say).await.map_err(|error| error.context(plane.diagnosis()))?;
    plane.stop()?;
    Ok(outcome)
}

async fn on(plane: &ControlPlane, binary: &Path, length: Length, say: impl Fn(&str)) -> Result<Outcome> {
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    set_up(plane, &admin).await?;
    let mut replicas = Replicas::start(plane, binary).await?;
    probe::enforced(plane, &admin).await?;
    let began = std::time::Instant::now();
    let say = |step: &str| say(&format!("{:>6.1} s  {step}", began.elapsed().as_secs_f32()));
    let load = Load::start(admin.client(), length.rate);
    sleep(length.between).await;
    for round in 1..=length.rounds {
        say(&format!("round {round} of {}: rolling upgrade", length.rounds));
        replicas.roll().await?;
        sleep(length.between).await;
        say("the leader is killed");
        replicas.kill_leader().await?;
        sleep(length.between).await;
        say("every certificate is thrown away");
        let secrets: Api<Secret> = Api::namespaced(admin.client(), OWN_NAMESPACE);
        secrets.delete("bund-webhook-tls", &DeleteParams::default()).await?;
        sleep(length.between).await;
        say("the API server is killed and started");
        plane.restart_apiserver().await?;
        sleep(length.between).await;
        say("etcd is killed and started");
        plane.restart_etcd().await?;
        sleep(length.between).await;
    }
    // What an allocator keeps for the next request it keeps from the first minutes on; that is no growth.
    let settling = length.steady / 5;
    say(&format!("steady load for {} s", settling.as_secs()));
    sleep(settling).await;
    say(&format!("steady load for {} s, and memory is measured", length.steady.as_secs()));
    let growth = memory::measure(replicas.running(), length.steady).await?;
    let told = load.stop().await?;
    Ok(Outcome { told, growth })
}

/// A guarded namespace whose policy refuses and confines, one that is not guarded, and nodes at home and abroad.
async fn set_up(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    admin.apply_definitions(plane).await?;
    for folder in ["policies/jurisdictions", "policies/classes", "examples/policies/location.yaml"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    for node in [nodes::hangzhou("hangzhou-1"), nodes::frankfurt("frankfurt-1")] {
        Api::<Node>::all(admin.client()).create(&PostParams::default(), &node).await?;
    }
    plane.create_namespace(load::GUARDED, &[("bund.dev/guarded", "true")]).await?;
    plane.create_namespace(load::FREE, &[]).await?;
    let policy = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "soak" },
        "spec": {
            "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
            "enforcement": { "placement": "Deny" }
        }
    });
    admin.apply(&policy).await.map(drop)
}

impl Outcome {
    /// Fails where something was seen that must not be. `patience` is how long a request may go without an answer
    /// because of us, `growth_limit` the share by which memory may grow.
    pub fn check(&self, patience: Duration, growth_limit: f64) -> Result<()> {
        let Told { answered, slipped, longest, slow, .. } = &self.told;
        ensure!(*answered > 0, "the load was never answered");
        ensure!(slipped.is_empty(), "admitted what must not be: {}", slipped.join("\n"));
        ensure!(*longest <= patience, "a request waited {longest:?} because of us\n{}", slow.join("\n"));
        for growth in &self.growth {
            let share = growth.share().context("no sample of memory")?;
            ensure!(share <= growth_limit, "memory grew by {:.2} %: {growth}", share * 100.0);
        }
        Ok(())
    }
}
