//! What the application team deploys.

use std::path::Path;

use anyhow::{Context as _, Result};
use bund_e2e::{
    cluster::{Cluster, dynamic},
    control_plane::nodes::REGION,
    node::images::WORKLOAD,
};
use kube::api::PostParams;
use serde_json::{Value, json};

/// The guarded namespace.
pub(crate) const NAMESPACE: &str = "shop";
/// The label by which a workload holds personal information.
pub(crate) const CLASS: &str = "data-class.bund.dev/personal-information";
/// A region abroad.
pub(crate) const ABROAD: &str = "eu-central-1";
/// The region of the real node.
pub(crate) const AT_HOME: &str = "cn-hangzhou";

/// A pod specification, with a region if one is asked for. It holds what the restricted Pod Security Standard wants.
pub(crate) fn specification(region: Option<&str>) -> Value {
    let mut specification = json!({
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": false,
        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [{
            "name": "work",
            "image": WORKLOAD,
            "imagePullPolicy": "Never",
            "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } }
        }]
    });
    if let (Some(region), Some(members)) = (region, specification.as_object_mut()) {
        members.insert("nodeSelector".to_owned(), json!({ REGION: region }));
    }
    specification
}

/// A pod that holds personal information.
pub(crate) fn pod(name: &str, region: Option<&str>) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": NAMESPACE, "labels": { CLASS: "" } },
        "spec": specification(region)
    })
}

/// What owns pods, of each kind that says differently where they run.
pub(crate) fn owners() -> Vec<Value> {
    let mut owners = vec![
        owner("Deployment", "at-home", Some(AT_HOME), true),
        owner("Deployment", "abroad", Some(ABROAD), true),
        owner("Deployment", "anywhere", None, true),
        owner("Deployment", "free-abroad", Some(ABROAD), false),
        owner("StatefulSet", "database-abroad", Some(ABROAD), true),
        owner("StatefulSet", "database-anywhere", None, true),
        owner("DaemonSet", "collector-anywhere", None, true),
        owner("DaemonSet", "collector-at-home", Some(AT_HOME), true),
    ];
    owners.push(cron_job("report-abroad", Some(ABROAD)));
    owners
}

fn owner(kind: &str, name: &str, region: Option<&str>, classified: bool) -> Value {
    let mut labels = json!({ "app": name });
    if let (true, Some(members)) = (classified, labels.as_object_mut()) {
        members.insert(CLASS.to_owned(), json!(""));
    }
    let mut specification = json!({
        "selector": { "matchLabels": { "app": name } },
        "template": { "metadata": { "labels": labels }, "spec": specification(region) }
    });
    if let ("StatefulSet", Some(members)) = (kind, specification.as_object_mut()) {
        members.insert("serviceName".to_owned(), json!(name));
    }
    object("apps/v1", kind, name, &specification)
}

fn cron_job(name: &str, region: Option<&str>) -> Value {
    let mut pod = specification(region);
    if let Some(members) = pod.as_object_mut() {
        members.insert("restartPolicy".to_owned(), json!("Never"));
    }
    let template = json!({ "metadata": { "labels": { CLASS: "" } }, "spec": pod });
    // Never, so that nothing starts while the demo runs.
    let specification =
        json!({ "schedule": "0 0 29 2 *", "jobTemplate": { "spec": { "template": template } } });
    object("batch/v1", "CronJob", name, &specification)
}

/// An object of the namespace.
pub(crate) fn object(version: &str, kind: &str, name: &str, specification: &Value) -> Value {
    json!({
        "apiVersion": version, "kind": kind,
        "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": specification
    })
}

/// Asks whether an object would be admitted. The refusal, if not.
pub(crate) async fn asked(user: &Cluster, object: &Value) -> Result<Option<String>> {
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    match user.api_of(object).await?.create(&parameters, &dynamic(object)?).await {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) if is_refusal(&status) => Ok(Some(status.message.clone())),
        Err(error) => Err(error.into()),
    }
}

/// Whether an admission webhook or policy said no, or could not be asked.
pub(crate) fn is_refusal(status: &kube::core::Status) -> bool {
    // In the words of a webhook, of an in-tree policy, and of nobody.
    let words = ["denied the request", "denied request", "failed calling webhook"];
    words.iter().any(|words| status.message.contains(words))
}

/// Writes a manifest.
pub(crate) fn write(path: &Path, object: &Value) -> Result<()> {
    std::fs::write(path, object.to_string()).with_context(|| format!("cannot write {}", path.display()))
}
