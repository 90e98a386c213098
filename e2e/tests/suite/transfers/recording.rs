//! The record: nothing opens before it is written, closing waits for nobody, and what happened is there once.

use std::{collections::BTreeSet, time::Instant};

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::{Approved, Revoked};
use bund_e2e::control_plane::Options;
use k8s_openapi::jiff::{Timestamp, ToSpan as _};
use kube::api::DynamicObject;
use serde_json::json;

use super::{
    example::{decision, transfer_of, workload_of},
    ground::{Ground, TILL, on_ground},
    rights::recording,
};
use crate::bed::Bed;

const PERSONAL: &str = "personal-information";
/// How many transfers live while leaders die.
const LIVES: usize = 6;

pub(super) async fn exactly_once(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        fails(ground).await?;
        expires(ground).await?;
        leaders_die(ground).await
    })
    .await
}

async fn asked_and_approved(ground: &Ground<'_>, workload: &str) -> Result<DynamicObject> {
    let transfer = ground.li_na.create(&transfer_of(TILL, workload, &[PERSONAL])?).await?;
    ground.wang_wei.create(&decision(&transfer, Approved)?).await?;
    Ok(transfer)
}

/// While nobody may write the record, what is approved stays closed, and what is revoked closes.
async fn fails(ground: &Ground<'_>) -> Result<()> {
    let open = asked_and_approved(ground, "open").await?;
    ground.condition(&open, "Active", "True").await?;
    let [role, binding] = recording();
    ground.admin.delete(&binding).await?;
    let waiting = asked_and_approved(ground, "waiting").await?;
    let failing = async || {
        let failures = failures(ground).await?;
        ensure!(failures > 0, "{failures} writes of the record have failed");
        Ok(())
    };
    ground.plane.eventually("the record fails, and it is told", failing).await?;
    ground.condition(&waiting, "Active", "False").await?;
    let workload = workload_of(TILL, "waiting", &[PERSONAL])?;
    ground.stays_closed(&workload).await?;

    ground.wang_wei.create(&decision(&open, Revoked)?).await?;
    ground.closes(&workload_of(TILL, "open", &[PERSONAL])?, Instant::now()).await?;
    ground.stays_closed(&workload).await?;
    ground.admin.apply_all(&[role, binding]).await?;
    ground.condition(&waiting, "Active", "True").await?;
    ground.admitted(&workload).await?;
    ground.chain(&waiting, &["Activated"]).await?;
    ground.chain(&open, &["Activated", "Revoked"]).await
}

/// Writes of the record that failed, over both operators.
async fn failures(ground: &Ground<'_>) -> Result<u64> {
    let mut failures = 0;
    for (_, operator) in ground.replicas.running() {
        let metrics = operator.metrics().await?;
        let counted = metrics.lines().filter_map(|line| line.strip_prefix("bund_record_failures_total"));
        for line in counted {
            let count = line.rsplit(' ').next().context("a count")?;
            failures += count.parse::<u64>().with_context(|| line.to_owned())?;
        }
    }
    Ok(failures)
}

/// A transfer ends with its time, to the second, and does not come back.
async fn expires(ground: &Ground<'_>) -> Result<()> {
    let mut transfer = transfer_of(TILL, "short", &[PERSONAL])?;
    let until = Timestamp::from_second(Timestamp::now().as_second() + 20)?;
    transfer["spec"]["validity"]["until"] = json!(until.to_string());
    let transfer = ground.li_na.create(&transfer).await?;
    ground.wang_wei.create(&decision(&transfer, Approved)?).await?;
    let workload = workload_of(TILL, "short", &[PERSONAL])?;
    ground.admitted(&workload).await?;
    let left = until.duration_since(Timestamp::now()).try_into().unwrap_or_default();
    tokio::time::sleep(left).await;
    ground.closes(&workload, Instant::now()).await?;
    ground.chain(&transfer, &["Activated", "Expired"]).await?;
    ground.condition(&transfer, "Expired", "True").await?;
    ensure!(Timestamp::now() > until + 0.seconds(), "it ended before its time");
    Ok(())
}

/// Leaders are killed while transfers open and while they close. Everything is recorded, each once.
async fn leaders_die(ground: &mut Ground<'_>) -> Result<()> {
    let mut transfers = Vec::new();
    for n in 0..LIVES {
        transfers.push(asked_and_approved(ground, &format!("life-{n}")).await?);
    }
    ground.replicas.kill_leader().await?;
    for transfer in &transfers {
        ground.chain(transfer, &["Activated"]).await?;
    }
    for transfer in &transfers {
        ground.li_na.create(&decision(transfer, Revoked)?).await?;
    }
    ground.replicas.kill_leader().await?;
    for transfer in &transfers {
        ground.chain(transfer, &["Activated", "Revoked"]).await?;
    }
    for transfer in &transfers {
        let record = ground.record(transfer).await?;
        let events: Vec<_> = record.iter().map(|(_, event)| event.as_str()).collect();
        let count = |event| events.iter().filter(|found| **found == event).count();
        let counts = (count("Decided"), count("Activated"), count("Revoked"), events.len());
        ensure!(counts == (2, 1, 1, 4), "recorded is {record:?}");
        let names: BTreeSet<_> = record.iter().map(|(name, _)| name).collect();
        ensure!(names.len() == record.len(), "{record:?}");
    }
    Ok(())
}
