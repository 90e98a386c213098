//! What happens after admission: where pods run, and what our own objects say about it.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    admission::{CLASS, deployment, pod},
    bed::{AUDITED, Bed, INJECTED, Living, REQUIRED},
    trial,
};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "running", "an unplaced pod is confined and runs inside", unplaced_pod_runs_inside),
        trial(
            bed,
            "running",
            "an unplaced Deployment stays as it is and its pods run inside",
            unplaced_deployment,
        ),
        trial(bed, "running", "a pod that holds nothing is left as it is", unclassified_pod),
        trial(bed, "running", "nodes are counted by where they are, with why", nodes_are_counted),
        trial(bed, "running", "a policy says what it would deny", would_deny),
        trial(bed, "running", "our kinds become ready, and say which names do not resolve", conditions),
    ]
}

/// The nodes on which the pods of a label run, once `count` of them run.
async fn run_on(living: &Living, namespace: &str, selector: &str, count: usize) -> Result<Vec<String>> {
    let pods: Api<Pod> = Api::namespaced(living.admin.client(), namespace);
    let selected = ListParams::default().labels(selector);
    living
        .plane
        .eventually(&format!("{count} pods of {selector} run"), async || {
            let running: Vec<_> = pods
                .list(&selected)
                .await?
                .into_iter()
                .filter(|pod| {
                    pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"))
                })
                .filter_map(|pod| pod.spec?.node_name)
                .collect();
            ensure!(running.len() == count, "{} run", running.len());
            Ok(running)
        })
        .await
}

async fn unplaced_pod_runs_inside(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let mut object = pod(INJECTED, "unplaced", json!({}));
    object["metadata"]["labels"]["app"] = json!("unplaced");
    living.admin.create(&object).await?;
    let nodes = run_on(living, INJECTED, "app=unplaced", 1).await?;
    living.admin.delete(&object).await?;
    ensure!(nodes == ["hangzhou-1"], "it runs on {nodes:?}");
    Ok(())
}

async fn unplaced_deployment(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let object = deployment(INJECTED, "spread", 8, json!({ CLASS: "" }));
    let created = living.admin.create(&object).await?;
    let affinity = created.data.pointer("/spec/template/spec/affinity");
    ensure!(affinity.is_none(), "the template was changed: {affinity:?}");
    let nodes = run_on(living, INJECTED, "app=spread", 8).await?;
    living.admin.delete(&object).await?;
    ensure!(nodes.iter().all(|node| node == "hangzhou-1"), "they run on {nodes:?}");
    Ok(())
}

async fn unclassified_pod(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let mut object = pod(REQUIRED, "plain", json!({ "nodeName": "frankfurt-1" }));
    object["metadata"]["labels"] = json!({ "app": "plain" });
    let created = living.admin.create(&object).await?;
    ensure!(created.data.pointer("/spec/affinity").is_none(), "it was changed");
    let nodes = run_on(living, REQUIRED, "app=plain", 1).await?;
    living.admin.delete(&object).await?;
    ensure!(nodes == ["frankfurt-1"], "it runs on {nodes:?}");
    Ok(())
}

/// The status of one of our own objects, once `holds`.
async fn status(
    living: &Living,
    kind: &str,
    name: &str,
    what: &str,
    holds: impl Fn(&Value) -> bool,
) -> Result<Value> {
    let object = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name } });
    let api = living.admin.api_of(&object).await?;
    living
        .plane
        .eventually(what, async || {
            let status = api.get(name).await?.data.get("status").cloned().context("it has no status")?;
            ensure!(holds(&status), "its status is {status}");
            Ok(status)
        })
        .await
}

async fn nodes_are_counted(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let counted = |status: &Value| {
        let count = |place: &str| status.pointer(&format!("/nodes/{place}")).and_then(Value::as_u64);
        (count("inside"), count("outside"), count("unknown")) == (Some(1), Some(3), Some(2))
    };
    let status = status(living, "ClusterLocation", "cluster", "the nodes are counted", counted).await?;
    let why: Vec<_> =
        status["nodes"]["notInside"].as_array().into_iter().flatten().map(ToString::to_string).collect();
    ensure!(why.iter().any(|node| node.contains("disagreeing-1") && node.contains("contradicts")), "{why:?}");
    ensure!(why.iter().any(|node| node.contains("unlabelled-1") && node.contains("has no label")), "{why:?}");
    Ok(())
}

async fn would_deny(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let object = deployment(AUDITED, "unplaced", 1, json!({ CLASS: "" }));
    living.admin.create(&object).await?;
    let counted = |status: &Value| status.pointer("/wouldDeny/count") == Some(&json!(1));
    let found = status(living, "ResidencyPolicy", AUDITED, "one owner would be denied", counted).await;
    living.admin.delete(&object).await?;
    let pods: Api<Pod> = Api::namespaced(living.admin.client(), AUDITED);
    pods.delete_collection(&DeleteParams::default().grace_period(0), &ListParams::default()).await?;
    let found = found?;
    ensure!(
        found["wouldDeny"]["first"]
            == json!([{
                "namespace": AUDITED, "kind": "Deployment", "name": "unplaced",
                "reason": "PlacementUnconfined", "field": "spec.template.spec.affinity"
            }]),
        "{found}"
    );
    let none = |status: &Value| status.pointer("/wouldDeny/count") == Some(&json!(0));
    status(living, "ResidencyPolicy", AUDITED, "nothing would be denied", none).await?;
    Ok(())
}

async fn conditions(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let is = |kind: &'static str, value: &'static str| {
        move |status: &Value| {
            let conditions = status["conditions"].as_array().into_iter().flatten();
            conditions
                .into_iter()
                .any(|c| c["type"] == kind && c["status"] == value && c["observedGeneration"].is_u64())
        }
    };
    status(living, "Jurisdiction", "cn-mainland", "the jurisdiction is ready", is("Ready", "True")).await?;
    status(living, "DataClass", "personal-information", "the class is ready", is("Ready", "True")).await?;
    status(living, "ResidencyPolicy", REQUIRED, "the policy is ready", is("Ready", "True")).await?;
    let dangling = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "dangling" },
        "spec": {
            "dataClasses": ["no-such-class"], "jurisdictions": ["no-such-place"],
            "namespaceSelector": { "matchLabels": { "e2e": "nowhere" } }
        }
    });
    living.admin.create(&dangling).await?;
    let seen =
        status(living, "ResidencyPolicy", "dangling", "names do not resolve", is("ResolvedRefs", "False"))
            .await;
    living.admin.delete(&dangling).await?;
    seen.map(drop)
}
