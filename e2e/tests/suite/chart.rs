//! The chart on a real API server: installed, upgraded, rolled back and uninstalled as users do it, and what remains
//! when our own processes are dead.

mod end;
mod life;

use std::sync::Arc;

use anyhow::Result;
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, OWN_NAMESPACE, Options, User, nodes},
    helm::Helm,
};
use libtest_mimic::Trial;

use crate::{bed::Bed, trial};

pub(crate) use end::{SHOP, install, tails};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "chart", "a release lives, goes back, goes and comes again", life::release),
        trial(bed, "chart", "what is rendered is applied twice and changes nothing", life::applied_twice),
        trial(
            bed,
            "chart",
            "its rights suffice, and uninstalling with our pods dead frees the cluster",
            end::uninstalled_when_dead,
        ),
        trial(
            bed,
            "chart",
            "a leader that outlives the uninstallation cannot register again",
            end::uninstalled_while_leading,
        ),
    ]
}

/// A control plane on which nothing is installed, and Helm as its administrator.
pub(crate) struct Ground {
    pub(crate) plane: ControlPlane,
    pub(crate) admin: Cluster,
    pub(crate) helm: Helm,
}

/// Runs a test on a ground of its own.
pub(crate) async fn on_ground(bed: &Bed, test: impl AsyncFnOnce(&Ground) -> Result<()>) -> Result<()> {
    let tools = bed.tools().await?;
    let plane = ControlPlane::start(tools, Options::default()).await?;
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    let helm = Helm::of(tools, plane.kubeconfig(User::ADMIN)?)?;
    plane.add_nodes(&[nodes::hangzhou("hangzhou-1"), nodes::frankfurt("frankfurt-1")]).await?;
    // As strict as a namespace can be: what is not admitted here does not run.
    let restricted = ["enforce", "warn", "audit"].map(|mode| format!("pod-security.kubernetes.io/{mode}"));
    let labels: Vec<_> = restricted.iter().map(|label| (label.as_str(), "restricted")).collect();
    plane.create_namespace(OWN_NAMESPACE, &labels).await?;
    let ground = Ground { plane, admin, helm };
    let outcome = test(&ground).await;
    ground.plane.stop()?;
    outcome
}
