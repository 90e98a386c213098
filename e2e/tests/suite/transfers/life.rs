//! The whole life of the transfer of `examples/transfers`, with pods that run abroad.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::{Approved, Revoked};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{Options, nodes},
};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{DynamicObject, ListParams},
};
use serde_json::{Value, json};

use super::{
    example::{self, decision, renamed, transfer_of, workload_of},
    ground::{Ground, SHOP, TILL, on_ground, warned},
};
use crate::{admission::refused, bed::Bed};

const PERSONAL: &str = "personal-information";
const FINANCIAL: &str = "financial-transactions";

pub(super) async fn whole(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::default(), async |ground| {
        let nodes =
            [nodes::hangzhou("hangzhou-1"), nodes::frankfurt("frankfurt-1"), nodes::singapore("singapore-1")];
        ground.plane.add_nodes(&nodes).await?;
        incomplete(ground).await?;
        let transfer = approved(ground).await?;
        let until = transfer.data["spec"]["validity"]["until"].as_str().context("an end")?.to_owned();
        let workload = example::workload()?;
        let warnings = warned(&ground.li_na, &workload).await?;
        let named = |warning: &String| {
            warning.contains("shop/recommendations-to-frankfurt") && warning.contains(&until)
        };
        ensure!(
            warnings.iter().any(named),
            "no warning names the transfer and its end {until}: {warnings:?}"
        );
        runs_in_frankfurt(ground).await?;
        nothing_else(ground, &transfer).await?;
        do_not_add_up(ground).await?;
        ends(ground, &transfer, &workload).await
    })
    .await
}

/// Who asks is told within seconds what is missing, and completes it by a transfer that takes the first one's place.
async fn incomplete(ground: &Ground<'_>) -> Result<()> {
    let mut draft = renamed(example::transfer()?, SHOP, "draft");
    if let Some(spec) = draft["spec"].as_object_mut() {
        spec.retain(|field, _| !["notice", "consent", "impactAssessment"].contains(&field.as_str()));
    }
    let draft = ground.li_na.create(&draft).await?;
    let status = ground.status(&draft).await?;
    let missing: Vec<_> = status["missing"].as_array().into_iter().flatten().collect();
    for field in ["spec.notice", "spec.consent.separate", "spec.impactAssessment"] {
        let named = |item: &&&Value| {
            item["field"].as_str().is_some_and(|found| found.starts_with(field))
                && item["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty())
        };
        ensure!(missing.iter().any(|item| named(&item)), "{field} is not missing in {missing:?}");
    }
    ground.condition(&draft, "Complete", "False").await.map(drop)
}

/// The complete transfer, once two people of the privacy office have approved it.
async fn approved(ground: &Ground<'_>) -> Result<DynamicObject> {
    let mut transfer = example::transfer()?;
    transfer["spec"]["supersedes"] = json!("draft");
    let transfer = ground.li_na.create(&transfer).await?;
    let status = ground.status(&transfer).await?;
    let digest =
        bund_engine::transfer::digest(SHOP, &serde_json::to_value(&transfer)?).context("a digest")?;
    ensure!(status["digest"] == digest.to_string(), "{status}");
    for condition in ["Complete", "RouteSatisfied"] {
        ground.condition(&transfer, condition, "True").await?;
    }
    ground.condition(&transfer, "Approved", "False").await?;
    let workload = example::workload()?;
    let message = refused(&ground.li_na, &workload).await?;
    ensure!(message.contains("PlacementContradicts"), "{message}");

    ground.wang_wei.create(&decision(&transfer, Approved)?).await?;
    let one_of_two = async || {
        let status = ground.status(&transfer).await?;
        ensure!(status["approvals"] == "1/2", "{status}");
        Ok(())
    };
    ground.plane.eventually("one of two approvals is there", one_of_two).await?;
    ground.stays_closed(&workload).await?;
    ground.zhao_min.create(&decision(&transfer, Approved)?).await?;
    ground.condition(&transfer, "Active", "True").await?;
    ground.admitted(&workload).await?;
    ground.chain(&transfer, &["Activated"]).await?;
    Ok(transfer)
}

async fn runs_in_frankfurt(ground: &Ground<'_>) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(ground.admin.client(), SHOP);
    let runs = async || {
        let pods = pods.list(&ListParams::default().labels("app=recommender")).await?;
        let running = |pod: &&Pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
            (phase, node) == (Some("Running"), Some("frankfurt-1"))
        };
        ensure!(pods.items.iter().filter(running).count() == 1, "{:?}", pods.items);
        Ok(())
    };
    ground.plane.eventually("a pod of the workload runs in Frankfurt", runs).await
}

/// What resembles the workload or the transfer gets nothing from it.
async fn nothing_else(ground: &Ground<'_>, transfer: &DynamicObject) -> Result<()> {
    let mut elsewhere = workload_of(SHOP, "recommender", &[PERSONAL])?;
    elsewhere["spec"]["template"]["spec"]["nodeSelector"] =
        json!({ "topology.kubernetes.io/region": "ap-southeast-1" });
    for (what, workload) in [
        ("under another name", workload_of(SHOP, "recommender-2", &[PERSONAL])?),
        ("with one class more", workload_of(SHOP, "recommender", &[PERSONAL, FINANCIAL])?),
        ("to another region", elsewhere),
        ("in another namespace", workload_of(TILL, "recommender", &[PERSONAL])?),
    ] {
        ground.stays_closed(&workload).await.with_context(|| format!("a copy of the workload {what}"))?;
    }
    // A copy of the transfer that lets one more workload out. What was decided on the other is no decision on it.
    let mut copy = renamed(example::transfer()?, SHOP, "copy");
    copy["spec"]["sources"] = json!([{ "kind": "Deployment", "name": "recommender-2" }]);
    let copy = ground.li_na.create(&copy).await?;
    let mut borrowed = decision(transfer, Approved)?;
    borrowed["spec"]["transfer"]["name"] = json!("copy");
    let message = refused(&ground.wang_wei, &borrowed).await?;
    ensure!(message.contains("uid") || message.contains("digest"), "{message}");
    let status = ground.status(&copy).await?;
    ensure!(status["approvals"] == "0/2", "{status}");
    ground.stays_closed(&workload_of(SHOP, "recommender-2", &[PERSONAL])?).await
}

/// Two transfers, each of one class, do not let a workload out that holds both.
async fn do_not_add_up(ground: &Ground<'_>) -> Result<()> {
    for class in [PERSONAL, FINANCIAL] {
        let transfer = renamed(transfer_of(SHOP, "billing", &[class])?, SHOP, &format!("billing-{class}"));
        open(ground, &ground.li_na, &transfer).await?;
        ground.admitted(&workload_of(SHOP, "billing", &[class])?).await?;
    }
    ground.stays_closed(&workload_of(SHOP, "billing", &[PERSONAL, FINANCIAL])?).await
}

/// Creates a transfer, and has both people approve it.
pub(crate) async fn open(
    ground: &Ground<'_>,
    requester: &Cluster,
    transfer: &Value,
) -> Result<DynamicObject> {
    let transfer = requester.create(transfer).await?;
    for approver in [&ground.wang_wei, &ground.zhao_min] {
        approver.create(&decision(&transfer, Approved)?).await?;
    }
    ground.condition(&transfer, "Active", "True").await?;
    Ok(transfer)
}

/// Who asked for the transfer ends it. The workload is refused within seconds, and what runs of it is told.
async fn ends(ground: &Ground<'_>, transfer: &DynamicObject, workload: &Value) -> Result<()> {
    ground.li_na.create(&decision(transfer, Revoked)?).await?;
    ground.closes(workload, Instant::now()).await?;
    for (condition, status) in [("Revoked", "True"), ("Active", "False")] {
        ground.condition(transfer, condition, status).await?;
    }
    ground.chain(transfer, &["Activated", "Revoked"]).await?;
    let policies = ground.admin.api_of(&example::policy()?).await?;
    let told = async || {
        let status = policies.get("shop-residency").await?.data["status"].clone();
        ensure!(status["violating"]["count"].as_u64() >= Some(1), "{status}");
        Ok(())
    };
    ground.plane.eventually("what runs on is told", told).await?;
    ground.li_na.delete(workload).await?;
    let message = refused(&ground.li_na, workload).await?;
    ensure!(message.contains("PlacementContradicts"), "{message}");
    // Nobody brings it back.
    let message = refused(&ground.wang_wei, &decision(transfer, Approved)?).await?;
    ensure!(message.contains("revoked"), "{message}");
    ground.stays_closed(workload).await
}
