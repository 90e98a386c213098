//! Helm installs the chart; our pods run restricted from our image; the webhook is called through its Service.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use bund_e2e::{
    control_plane::{OWN_NAMESPACE, nodes},
    node::{
        NAME,
        images::{REPOSITORY, TAG},
    },
    probe::enforced,
};
use k8s_openapi::api::{
    admissionregistration::v1::ValidatingWebhookConfiguration,
    apps::v1::Deployment,
    core::v1::{Node as NodeObject, Pod},
};
use kube::{
    Api, ResourceExt,
    api::{ListParams, PostParams},
};
use serde_json::{Value, json};

use crate::{Stage, processes, say, workload::NAMESPACE};

/// A node in Frankfurt that only exists.
const ELSEWHERE: &str = "frankfurt-1";

/// The namespace that is raised to Deny; none at first.
pub(crate) fn values(denied: Option<&str>) -> Value {
    // What the starter policy's own text proposes for a namespace that is ready.
    let enforcement = json!({ "placement": "Deny", "storage": "Deny", "network": "Deny", "connect": "Deny" });
    let overrides: Vec<Value> = denied
        .map(|namespace| json!({ "namespaces": [namespace], "enforcement": enforcement }))
        .into_iter()
        .collect();
    json!({
        "image": { "repository": REPOSITORY, "tag": TAG, "pullPolicy": "Never" },
        "clusterLocation": { "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"] },
        "response": { "evict": true },
        "starter": { "policy": { "overrides": overrides } }
    })
}

pub(crate) async fn tell(stage: &Stage) -> Result<()> {
    let nodes: Api<NodeObject> = Api::all(stage.admin.client());
    nodes.create(&PostParams::default(), &nodes::frankfurt(ELSEWHERE)).await?;
    // Nobody would start what is bound to it.
    nodes.cordon(ELSEWHERE).await?;
    say(format!("Node {NAME} runs pods and is in Hangzhou. Node {ELSEWHERE} only exists."));

    stage.step("Helm installs Bund");
    let restricted = BTreeMap::from([("pod-security.kubernetes.io/enforce", "restricted")]);
    stage.admin.apply(&namespace(OWN_NAMESPACE, &restricted)).await?;
    stage.helm.release("install", &[], Some(&values(None))).await?;
    let guarded = BTreeMap::from([("bund.dev/guarded", "true")]);
    stage.admin.apply(&namespace(NAMESPACE, &guarded)).await?;
    ready(stage).await?;
    say(format!("Its namespace admits restricted pods only. Ready: {}.", pods(stage).await?));
    let seen = processes::restricted("bund-operator")?;
    say(format!("{seen} processes run as user 65532, each on a root file system that is read-only."));

    stage.step("The API server calls the webhook through its Service");
    enforced(&stage.node.plane, &stage.admin).await?;
    let registered: Api<ValidatingWebhookConfiguration> = Api::all(stage.admin.client());
    let registered = registered.get("bund").await?;
    for webhook in registered.webhooks.iter().flatten() {
        let service = webhook.client_config.service.as_ref().context("a webhook is registered by URL")?;
        say(format!("{} is answered by Service {}/{}.", webhook.name, service.namespace, service.name));
    }
    Ok(())
}

fn namespace(name: &str, labels: &BTreeMap<&str, &str>) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}

/// Waits until every pod of every Deployment of ours is ready and of the newest template.
pub(crate) async fn ready(stage: &Stage) -> Result<()> {
    let deployments: Api<Deployment> = Api::namespaced(stage.admin.client(), OWN_NAMESPACE);
    let pods: Api<Pod> = Api::namespaced(stage.admin.client(), OWN_NAMESPACE);
    stage
        .node
        .plane
        .eventually("Bund's pods are ready", async || {
            let found = deployments.list(&ListParams::default()).await?.items;
            ensure!(found.len() == 2, "{} Deployments", found.len());
            for deployment in found {
                let wanted = deployment.spec.as_ref().and_then(|specification| specification.replicas);
                let status = deployment.status.clone().unwrap_or_default();
                let current = status.observed_generation == deployment.metadata.generation;
                let (updated, ready) = (status.updated_replicas, status.ready_replicas);
                ensure!(
                    current && updated == wanted && ready == wanted && status.replicas == wanted,
                    "{}: {ready:?} of {wanted:?} ready; {}",
                    deployment.name_any(),
                    waiting(&pods).await?
                );
            }
            Ok(())
        })
        .await
}

/// Why containers wait or ended, for the message of one who waits for them.
async fn waiting(pods: &Api<Pod>) -> Result<String> {
    let mut reasons = Vec::new();
    for pod in pods.list(&ListParams::default()).await?.items {
        let statuses = pod.status.clone().and_then(|status| status.container_statuses).unwrap_or_default();
        for status in statuses.iter().filter(|status| !status.ready) {
            reasons.push(format!("{}: {}", pod.name_any(), serde_json::to_string(&status.state)?));
        }
    }
    Ok(reasons.join("; "))
}

async fn pods(stage: &Stage) -> Result<String> {
    let pods: Api<Pod> = Api::namespaced(stage.admin.client(), OWN_NAMESPACE);
    let names: Vec<String> =
        pods.list(&ListParams::default()).await?.iter().map(ResourceExt::name_any).collect();
    Ok(names.join(", "))
}
