//! Seeing that enforcement works before a test relies on it: the API server learns of a registration a moment
//! after it is stored.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::{Api, api::PostParams};
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, dynamic, told},
    control_plane::ControlPlane,
};

/// A class label of a class that nobody declares.
const CLASS: &str = "data-class.bund.dev/probe";
/// The guarded namespace in which is probed.
const NAMESPACE: &str = "bund-probe";

/// Waits until the API server calls each of our webhooks and asks the in-tree policy.
pub async fn enforced(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": NAMESPACE, "labels": { "bund.dev/guarded": "true" } }
    });
    admin.apply(&namespace).await?;
    plane
        .eventually("everything of ours is asked", async || {
            mutating(plane, admin).await?;
            validating(admin).await?;
            refused(admin, &pod("default", &json!({ CLASS: "" })), "bund.dev/guarded").await
        })
        .await
}

/// Waits at most a minute until the API server calls the validating webhooks, of a cluster that is not ours: by dry
/// runs alone, which leave nothing.
pub async fn validated(admin: &Cluster) -> Result<()> {
    let asked = async {
        while validating(admin).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    match tokio::time::timeout(Duration::from_mins(1), asked).await {
        Ok(()) => Ok(()),
        Err(_) => validating(admin).await.context("the webhook is not called after a minute"),
    }
}

async fn validating(admin: &Cluster) -> Result<()> {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": "bund-probe-unguarded", "labels": { CLASS: "" } }
    });
    refused(admin, &namespace, "NamespaceNotGuarded").await
}

/// The audit log names every mutating webhook that was called. Where no policy has pods confined, none is registered.
async fn mutating(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let configurations: Api<MutatingWebhookConfiguration> = Api::all(admin.client());
    let registered =
        configurations.get("bund").await.context("the mutating webhook is not registered yet")?;
    let rules = registered.webhooks.into_iter().flatten().flat_map(|entry| entry.rules.unwrap_or_default());
    if !rules.flat_map(|rule| rule.resources.unwrap_or_default()).any(|resource| resource == "pods") {
        return Ok(());
    }
    let log = plane.audit_log();
    let position = log.end()?;
    let pod = pod(NAMESPACE, &json!({}));
    dry_run(admin, &pod).await?;
    let asked = |event: &crate::control_plane::AuditEvent| {
        event.is("create", "pods", NAMESPACE, "probe")
            && event.annotations.values().any(|value| value.contains("made.bund.dev"))
    };
    ensure!(log.since(position)?.iter().any(asked), "the mutating webhook is not called yet");
    Ok(())
}

fn pod(namespace: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "probe", "namespace": namespace, "labels": labels },
        "spec": { "containers": [{ "name": "probe", "image": "probe:1" }] }
    })
}

async fn refused(admin: &Cluster, object: &Value, word: &str) -> Result<()> {
    match dry_run(admin, object).await {
        Ok(()) => bail!("{} is still admitted", told(object)),
        Err(error) if format!("{error:#}").contains(word) => Ok(()),
        Err(error) => Err(error).context("another refusal than expected"),
    }
}

async fn dry_run(admin: &Cluster, object: &Value) -> Result<()> {
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    let api = admin.api_of(object).await?;
    api.create(&parameters, &dynamic(object)?).await?;
    Ok(())
}
