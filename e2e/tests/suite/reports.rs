//! What is wrong is told in reports beside the owners and in events on them, in whatever API of reports there is.

mod life;
mod place;

use std::sync::Arc;

use anyhow::{Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Options},
    fleet::{Size, leave},
    policy_reports::ReportApi,
};
use kube::api::{Patch, PatchParams};
use libtest_mimic::Trial;
use serde_json::json;

use crate::{bed::Bed, trial};
use place::Place;

/// A tenth of what `make soak` has: a hundred nodes and a thousand pods.
const FLEET: Size = Size { nodes: 100, pods_per_node: 10 };

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "reports", "a report says what is wrong and lives as long as that and its owner", life),
        trial(bed, "reports", "a node that leaves is told of in seconds and nothing is written twice", fleet),
    ]
}

/// The leader of a cluster in which reports are served and storage is only audited reports a volume abroad, puts right
/// what somebody writes into the report, and takes it away.
pub(crate) async fn at_work(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let volume = life::volume();
    admin.create(&volume).await?;
    let report = json!({ "apiVersion": ReportApi::OpenReports.api_version(), "kind": "ClusterReport" });
    let reports = admin.api_of(&report).await?;
    let name = "bund-persistentvolume-abroad";
    let reported = async || {
        let report = reports.get(name).await?;
        ensure!(report.data["results"][0]["rule"] == "StorageOutside", "it tells {}", report.data);
        Ok(())
    };
    plane.eventually("the volume abroad is reported", reported).await?;
    let nothing = Patch::Merge(json!({ "results": [] }));
    reports.patch(name, &PatchParams::default(), &nothing).await?;
    plane.eventually("its report is put right", reported).await?;
    admin.delete(&volume).await?;
    let gone = async || {
        ensure!(reports.get_opt(name).await?.is_none(), "it is there");
        Ok(())
    };
    plane.eventually("its report is gone", gone).await
}

/// On a control plane of its own: which kinds there are is a matter of the whole cluster.
async fn life(bed: &Bed) -> Result<()> {
    let control_plane = ControlPlane::start(
        bed.tools().await?,
        Options { scheduler: false, kwok: false, ..Options::default() },
    )
    .await?;
    let place = Place::prepare(&control_plane, &bed.operator().await?).await?;
    let outcome = life::run(&place).await;
    let log = place.operator.log_tail();
    drop(place);
    outcome.map_err(|error| error.context(log))?;
    control_plane.stop()
}

async fn fleet(bed: &Bed) -> Result<()> {
    let say = |step: &str| println!("fleet: {step}");
    let outcome = leave(bed.tools().await?, &bed.operator().await?, FLEET, say).await?;
    println!("fleet: {outcome:?}");
    outcome.check()
}
