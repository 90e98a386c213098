//! Through the API server: no webhook, in-tree policy, Bund and Kyverno in turn with the same rule, under the same
//! load of pods that all of them admit.

use std::path::PathBuf;

use anyhow::Result;
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Options, User},
    repository,
    shop::manifests,
    tools::Tools,
};
use serde_json::{Value, json};

use crate::engine::{carriers, location, policy};

use self::{
    kyverno::Kyverno,
    load::{Load, Pace},
    side::Side,
    summary::{Measured, Summary},
    usage::Usage,
};

mod kyverno;
mod load;
mod rule;
mod side;
mod summary;
mod usage;

const RATES: [u32; 3] = [50, 200, 500];
/// In each the order of the sides is the reverse of the one before.
const ROUNDS: usize = 2;

/// A cluster at rest with the facts that each side needs.
struct Bed {
    plane: ControlPlane,
    admin: Cluster,
    load: Load,
    operator: PathBuf,
    kyverno: Option<Kyverno>,
}

pub(crate) async fn run() -> Result<()> {
    let pace = Pace::asked()?;
    println!(
        "\nThrough the API server: server-side dry-run creates of a classified pod that all admit, {} s per rate, \
         {ROUNDS} rounds (goal: p50 within 0.5 ms of no webhook, CPU per request <= 1/6 of Kyverno's)",
        pace.seconds
    );
    let bed = Bed::start(pace).await?;
    let measured = bed.measure().await;
    let stopped = bed.plane.stop();
    println!("{}", measured?);
    stopped
}

impl Bed {
    async fn start(pace: Pace) -> Result<Self> {
        let programs = repository::programs().await?;
        let options = Options { controller_manager: true, ..Options::api_only() };
        let plane = ControlPlane::start(&Tools::find().await?, options).await?;
        let admin = Cluster::of(plane.client(User::ADMIN).await?);
        admin.apply_definitions(&plane).await?;
        for folder in ["policies/jurisdictions", "policies/classes"] {
            admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
        }
        plane.create_namespace("shop", &[("bund.dev/guarded", "true")]).await?;
        admin.apply_all(&world()).await?;
        let kyverno = Kyverno::install(&plane, &admin).await.map_err(Side::Kyverno.skipped()).ok();
        let load = Load::of(&plane, &rule::pod(), pace)?;
        load.check().await?;
        Ok(Self { plane, admin, load, operator: programs.join("bund-operator"), kyverno })
    }

    async fn measure(&self) -> Result<Summary> {
        let mut sides = vec![Side::Nobody, Side::InTree, Side::Bund];
        sides.extend(self.kyverno.as_ref().map(|_| Side::Kyverno));
        let mut summary = Summary::default();
        for round in 0..ROUNDS {
            for side in &sides {
                match self.turn(*side, round, &mut summary).await {
                    Err(error) if *side == Side::Kyverno => Side::Kyverno.skipped()(error),
                    ended => ended?,
                }
            }
            sides.reverse();
        }
        Ok(summary)
    }

    /// Everything of one side: set up, every rate, taken down until nobody refuses any more.
    async fn turn(&self, side: Side, round: usize, summary: &mut Summary) -> Result<()> {
        let acting = side.begin(self).await?;
        for rate in RATES {
            self.load.warm_up(rate).await?;
            let webhook = Usage::of(acting.pid()?)?;
            let apiserver = Usage::of(Some(self.plane.apiserver_pid()?))?;
            let answered = self.load.run(rate).await?;
            let measured = Measured {
                webhook: webhook.since(answered.count)?,
                apiserver: apiserver.since(answered.count)?,
                answered,
            };
            println!("  round {} {rate:>3}/s {side:<14} {measured}", round + 1);
            summary.add(rate, side, round, measured);
        }
        side.end(self, acting).await
    }
}

/// What Bund decides with: a mixed cluster, one policy that denies, and what the pod mounts.
fn world() -> Vec<Value> {
    let mut world = vec![location(), policy(0)];
    world.extend(carriers());
    world
}

/// The body of an object of a kind of the API server's own admission group.
fn admission(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": { "name": name }, "spec": spec
    })
}
