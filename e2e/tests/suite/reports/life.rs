//! The life of reports, from a cluster that has no API for them to the end of their owners.

use anyhow::{Context, Result, ensure};
use bund_e2e::cluster::told;
use bund_e2e::policy_reports::ReportApi::{OpenReports, PolicyReports};
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};

use super::place::{NAMESPACE, Place};
use crate::admission::{CLASS, deployment};

pub(super) async fn run(place: &Place<'_>) -> Result<()> {
    let orders = deployment(NAMESPACE, "orders", 0, json!({ CLASS: "" }));
    let volume = volume();
    for object in [&orders, &volume] {
        place.admin.create(object).await.with_context(|| told(object))?;
    }
    nowhere_to_write(place).await?;
    in_the_older_api(place, &orders).await?;
    in_the_newer_api(place, &orders, &volume).await?;
    put_right(place, &orders).await?;
    back_in_the_older_api(place, &orders).await?;
    over_a_restart(place, &orders).await?;
    with_the_finding(place, &volume).await?;
    with_the_owner(place, &orders).await
}

/// A classified volume abroad, which has no namespace.
pub(super) fn volume() -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": { "name": "abroad", "labels": { CLASS: "" } },
        "spec": {
            "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"],
            "csi": { "driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": "d-1" },
            "nodeAffinity": { "required": { "nodeSelectorTerms": [{ "matchExpressions": [
                { "key": "topology.kubernetes.io/region", "operator": "In", "values": ["eu-central-1"] }
            ] }] } }
        }
    })
}

async fn nowhere_to_write(place: &Place<'_>) -> Result<()> {
    let said = async || {
        let metrics = place.operator.metrics().await?;
        ensure!(metrics.contains("bund_report_api{api=\"none\"} 1"), "the metric does not say so");
        Ok(())
    };
    place.plane.eventually("it is said that no reports are written", said).await?;
    let log = place.operator.log_tail();
    ensure!(log.matches("no reports are written").count() <= 1, "it is said more than once: {log}");
    Ok(())
}

async fn in_the_older_api(place: &Place<'_>, orders: &Value) -> Result<()> {
    place.admin.apply_all(&PolicyReports.definitions().await?).await?;
    place.report(PolicyReports, orders, "the finding is in a PolicyReport", tells_of_placement).await?;
    Ok(())
}

async fn in_the_newer_api(place: &Place<'_>, orders: &Value, volume: &Value) -> Result<()> {
    let before = place.report(PolicyReports, orders, "the report is there", tells_of_placement).await?;
    place.admin.apply_all(&OpenReports.definitions().await?).await?;
    let report = place.report(OpenReports, orders, "the finding is in a Report", tells_of_placement).await?;
    place.no_report(PolicyReports, orders, "the PolicyReport is gone").await?;
    let uid = place.admin.api_of(orders).await?.get("orders").await?.metadata.uid;
    let [owner] = report.metadata.owner_references.as_deref().unwrap_or_default() else {
        anyhow::bail!("it has not one owner: {:?}", report.metadata)
    };
    ensure!(Some(&owner.uid) == uid.as_ref() && owner.kind == "Deployment", "it is owned by {owner:?}");
    let result = &report.data["results"][0];
    ensure!(result["timestamp"] == before.data["results"][0]["timestamp"], "another time: {result}");
    ensure!(report.data["scope"]["name"] == "orders" && report.data["source"] == "bund", "{}", report.data);
    place.report(OpenReports, volume, "a ClusterReport tells of the volume", |_| Ok(())).await?;
    Ok(())
}

fn tells_of_placement(report: &DynamicObject) -> Result<()> {
    let result = &report.data["results"][0];
    let told = ["rule", "result", "severity", "policy", "source"].map(|member| result[member].clone());
    ensure!(told == ["PlacementUnconfined", "fail", "medium", NAMESPACE, "bund"], "it tells {told:?}");
    let message = result["message"].as_str().unwrap_or_default();
    ensure!(message.contains("Deployment reported/orders could be placed outside cn-mainland"), "{message}");
    ensure!(report.data["summary"]["fail"] == 1, "{}", report.data["summary"]);
    Ok(())
}

/// What others write into a report, delete, or write in our name.
async fn put_right(place: &Place<'_>, orders: &Value) -> Result<()> {
    let as_before = |report: &DynamicObject| {
        tells_of_placement(report)?;
        let labels = report.metadata.labels.iter().flatten().collect::<Vec<_>>();
        ensure!(labels.len() == 1, "its labels are {labels:?}");
        ensure!(report.metadata.owner_references.iter().flatten().count() == 1, "it has no owner");
        Ok(())
    };
    for (what, edit) in [
        ("its results", json!({ "results": [], "summary": { "fail": 0, "pass": 1 } })),
        (
            "its owner and labels",
            json!({ "metadata": { "ownerReferences": null, "labels": { "more": "x" } } }),
        ),
        ("our label", json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": null } } })),
    ] {
        place.edit(OpenReports, orders, &edit).await?;
        place.report(OpenReports, orders, &format!("{what} are as before"), as_before).await?;
    }
    let reports = place.reports(OpenReports, orders).await?;
    reports.delete("bund-deployment-orders", &DeleteParams::default()).await?;
    place.report(OpenReports, orders, "what was deleted is back", as_before).await?;

    let report = |name: &str, manager: &str| {
        json!({
            "apiVersion": OpenReports.api_version(), "kind": "Report",
            "metadata": { "name": name, "namespace": NAMESPACE, "labels": { "app.kubernetes.io/managed-by": manager } },
            "results": [{ "policy": "p", "result": "pass" }]
        })
    };
    place.admin.create(&report("of-another-tool", "another-tool")).await?;
    place.admin.create(&report("in-our-name", "bund")).await?;
    let gone = async || {
        ensure!(reports.get_opt("in-our-name").await?.is_none(), "it is there");
        Ok(())
    };
    place.plane.eventually("a report in our name is gone", gone).await?;
    reports.get("of-another-tool").await.context("the report of another tool is gone")?;
    Ok(())
}

/// The newer API goes, and reports go on in the older one.
async fn back_in_the_older_api(place: &Place<'_>, orders: &Value) -> Result<()> {
    let before = place.report(OpenReports, orders, "the report is there", tells_of_placement).await?;
    for definition in OpenReports.definitions().await? {
        place.admin.delete(&definition).await?;
    }
    let report = place.report(PolicyReports, orders, "a PolicyReport is back", tells_of_placement).await?;
    let times = [before, report].map(|report| report.data["results"][0]["timestamp"].clone());
    ensure!(times[0] == times[1], "another time: {times:?}");
    Ok(())
}

/// Neither reports nor events are written anew by a leader that begins.
async fn over_a_restart(place: &Place<'_>, orders: &Value) -> Result<()> {
    place.told(orders, &["PlacementUnconfined"]).await?;
    let version = async || {
        let report = place.reports(PolicyReports, orders).await?.get("bund-deployment-orders").await?;
        anyhow::Ok(report.metadata.resource_version)
    };
    let before = version().await?;
    place.operator.kill();
    place.operator.restart()?;
    place.plane.operator_ready(&place.operator).await?;
    let listed = async || {
        let metrics = place.operator.metrics().await?;
        ensure!(metrics.contains("bund_reports 2"), "it does not tell of two reports");
        ensure!(!metrics.contains("bund_report_writes_total{"), "something was written: {metrics}");
        Ok(())
    };
    place.plane.eventually("the new leader knows the reports", listed).await?;
    ensure!(version().await? == before, "the report was written again");
    let told = place.events(orders).await?;
    ensure!(told == ["PlacementUnconfined"], "events tell of {told:?}");
    Ok(())
}

/// When nothing is wrong any more the report goes, and an event says so.
async fn with_the_finding(place: &Place<'_>, volume: &Value) -> Result<()> {
    let volumes: Api<PersistentVolume> = Api::all(place.admin.client());
    let unlabelled = json!({ "metadata": { "labels": { CLASS: null }, "annotations": {
        "declassified.bund.dev/personal-information": "made anonymous" } } });
    volumes.patch("abroad", &PatchParams::default(), &Patch::Merge(&unlabelled)).await?;
    place.no_report(PolicyReports, volume, "the report of the volume is gone").await
}

/// With nobody of ours there, the API server's garbage collector takes the report with its owner.
async fn with_the_owner(place: &Place<'_>, orders: &Value) -> Result<()> {
    let fixed = json!({ "spec": { "template": { "spec": { "nodeSelector": {
        "topology.kubernetes.io/region": "cn-hangzhou" } } } } });
    let open = json!({ "spec": { "template": { "spec": { "nodeSelector": null } } } });
    let deployments = place.admin.api_of(orders).await?;
    deployments.patch("orders", &PatchParams::default(), &Patch::Merge(&fixed)).await?;
    place.no_report(PolicyReports, orders, "the report of the Deployment is gone").await?;
    place.told(orders, &["NoFindings", "PlacementUnconfined"]).await?;
    deployments.patch("orders", &PatchParams::default(), &Patch::Merge(&open)).await?;
    place.report(PolicyReports, orders, "the finding is told again", tells_of_placement).await?;
    place.operator.kill();
    place.admin.delete(orders).await?;
    place.no_report(PolicyReports, orders, "the report is gone with its owner").await
}
