//! What an older copy of etcd brings back, and what happened while nobody watched.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::{Approved, Revoked};
use bund_e2e::control_plane::{OWN_NAMESPACE, Options};
use k8s_openapi::{
    api::coordination::v1::Lease,
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::{Timestamp, ToSpan as _},
};
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::json;

use super::{
    example::{decision, transfer_of, workload_of},
    ground::{Ground, SHOP, WATCH, on_ground},
    life::open,
};
use crate::bed::Bed;

const PERSONAL: &str = "personal-information";

pub(super) async fn older_copy(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        restored(ground).await?;
        unwatched(ground).await
    })
    .await
}

/// A transfer is revoked, and etcd put back to before. Operators that live know better; the record is made good, so that
/// those that come after them know it too.
async fn restored(ground: &mut Ground<'_>) -> Result<()> {
    let workload = workload_of(SHOP, "restored", &[PERSONAL])?;
    let transfer = open(ground, &ground.li_na, &transfer_of(SHOP, "restored", &[PERSONAL])?).await?;
    let kept = open(ground, &ground.li_na, &transfer_of(SHOP, "kept", &[PERSONAL])?).await?;
    ground.admitted(&workload).await?;
    let backup = ground.plane.back_up_etcd().await?;

    ground.li_na.create(&decision(&transfer, Revoked)?).await?;
    ground.closes(&workload, Instant::now()).await?;
    ground.chain(&transfer, &["Activated", "Revoked"]).await?;
    ground.plane.restore_etcd(&backup).await?;
    let made_good = async || {
        ground.stays_closed(&workload).await?;
        let record = ground.record(&transfer).await?;
        ensure!(record.iter().any(|(_, event)| event == "Revoked"), "recorded is {record:?}");
        Ok(())
    };
    ground.plane.eventually("the record is made good", made_good).await?;
    ground.stays_closed(&workload).await?;

    // What happens now is seen.
    let other = workload_of(SHOP, "kept", &[PERSONAL])?;
    ground.admitted(&other).await?;
    ground.li_na.create(&decision(&kept, Revoked)?).await?;
    ground.closes(&other, Instant::now()).await?;
    ground.replicas.kill_all();
    ground.replicas.fill().await?;
    ground.stays_closed(&workload).await?;
    ground.stays_closed(&other).await
}

/// Nobody watched for longer than an hour, as after a backup of yesterday: what was open is closed until people approve it
/// again.
async fn unwatched(ground: &mut Ground<'_>) -> Result<()> {
    let workload = workload_of(SHOP, "unwatched", &[PERSONAL])?;
    let transfer = open(ground, &ground.li_na, &transfer_of(SHOP, "unwatched", &[PERSONAL])?).await?;
    ground.admitted(&workload).await?;
    let leases: Api<Lease> = Api::namespaced(ground.admin.client(), OWN_NAMESPACE);
    let renewed = leases.get(WATCH).await?.spec.and_then(|spec| spec.renew_time);
    ensure!(renewed.is_some(), "nobody keeps watch");
    ground.replicas.kill_all();
    let long_ago = MicroTime(Timestamp::now() - 2.hours());
    let aged = json!({ "spec": { "renewTime": &long_ago } });
    leases.patch(WATCH, &PatchParams::default(), &Patch::Merge(&aged)).await?;
    ground.replicas.fill().await?;

    ground.chain(&transfer, &["Activated", "Suspended"]).await?;
    ground.stays_closed(&workload).await?;
    let message = ground.condition(&transfer, "Active", "False").await?;
    ensure!(message.contains("watch"), "{message}");
    // What is approved while nobody watches counts as little as what was approved before.
    let watched = async || {
        let renewed = leases.get(WATCH).await?.spec.and_then(|spec| spec.renew_time).context("no time")?;
        let later = suspended_at(ground, &transfer).await?.saturating_add(1.seconds())?;
        ensure!(renewed.0 > long_ago.0 + 1.hours(), "it was renewed at {}", renewed.0);
        ensure!(Timestamp::now() > later, "it was suspended a moment ago");
        Ok(())
    };
    ground.plane.eventually("somebody keeps watch again", watched).await?;
    for approver in [&ground.wang_wei, &ground.zhao_min] {
        let again = approver.create(&decision(&transfer, Approved)?).await;
        again.context("nobody may approve again what nobody watched")?;
    }
    ground.chain(&transfer, &["Activated", "Suspended", "Resumed"]).await?;
    ground.admitted(&workload).await
}

/// When it was recorded that nobody had watched.
async fn suspended_at(ground: &Ground<'_>, transfer: &DynamicObject) -> Result<Timestamp> {
    let name = format!("{}.1", transfer.metadata.uid.as_deref().context("a uid")?);
    let event = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent" });
    let event = ground.admin.api_of(&event).await?.get(&name).await?;
    Ok(event.data["spec"]["observedAt"].as_str().context("a time")?.parse()?)
}
