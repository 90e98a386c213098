//! Pods that run become wrong: their node leaves, and a Secret that they mount is classified. They are reported and evicted
//! within their budget; what replaces them waits for a node inside.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use bund_e2e::{
    control_plane::nodes::{self, REGION},
    node::NAME,
};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use crate::{
    Stage, say,
    workload::{ABROAD, AT_HOME, NAMESPACE, object, specification},
};

/// The class, its policy, the Secret that holds it and the Deployment that mounts it.
const ADDRESSES: &str = "addresses";
const REPLICAS: usize = 2;
/// A node in Hangzhou that only exists, and takes no pods: without any node inside a replacement would be refused.
const FULL: &str = "hangzhou-2";

pub(crate) async fn tell(stage: &Stage) -> Result<()> {
    stage.step(
        "Two pods mount a Secret that no class is known of, and their node says that it is in Frankfurt now",
    );
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": ADDRESSES, "namespace": NAMESPACE } });
    stage.admin.create(&secret).await?;
    let nodes: Api<Node> = Api::all(stage.admin.client());
    nodes.create(&PostParams::default(), &nodes::hangzhou(FULL)).await?;
    nodes.cordon(FULL).await?;
    stage.admin.apply_all(&rules()).await?;
    let deployment = deployment();
    stage.admin.apply_all([&deployment, &budget()]).await?;
    let before = run(stage, REPLICAS).await?;
    move_node(stage, ABROAD).await?;

    stage.step("The Secret is found to hold addresses: its label makes the pods wrong");
    let label = format!("data-class.bund.dev/{ADDRESSES}");
    let secrets = stage.admin.api_of(&secret).await?;
    let labels = json!({ "metadata": { "labels": { label: "" } } });
    secrets.patch(ADDRESSES, &PatchParams::default(), &Patch::Merge(&labels)).await?;
    let told = stuck(stage).await?;
    say(format!("The policy says: {told}"));
    let after = placed(stage).await?;
    let left = after.keys().filter(|pod| before.contains_key(*pod)).count();
    ensure!(left == 1, "{left} of two pods are left: {after:?}");
    say(
        "One pod is evicted, the other is kept by the PodDisruptionBudget: the replacement waits for a node inside.",
    );

    stage.step("The node is back in Hangzhou");
    move_node(stage, AT_HOME).await?;
    let after = run(stage, REPLICAS).await?;
    let replaced = after.keys().filter(|pod| !before.contains_key(*pod));
    for pod in replaced {
        let pods: Api<Pod> = Api::namespaced(stage.admin.client(), NAMESPACE);
        let pod = pods.get(pod).await?;
        ensure!(confined(&pod), "the replacement is not confined");
        say(format!("  runs     {} on {NAME}, confined", pod.name_any()));
    }
    nothing_is_wrong(stage).await?;
    nodes.delete(FULL, &DeleteParams::default()).await?;
    stage.admin.delete(&deployment).await
}

/// The class, and the policy that keeps it and evicts.
fn rules() -> [Value; 2] {
    let own = |kind: &str, spec: Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": ADDRESSES }, "spec": spec });
    [
        own("DataClass", json!({ "category": "PersonalInformation" })),
        own(
            "ResidencyPolicy",
            json!({
                "dataClasses": [ADDRESSES], "jurisdictions": ["cn-mainland"],
                "enforcement": { "placement": "Deny" }, "placementStrategy": "Inject",
                "running": {
                    "response": { "placement": "Evict" },
                    "eviction": { "graceSeconds": 0, "maxPerMinute": 60, "maxUnavailablePercent": 100 }
                }
            }),
        ),
    ]
}

fn deployment() -> Value {
    let mut pod = specification(None);
    if let Some(members) = pod.as_object_mut() {
        members
            .insert("volumes".to_owned(), json!([{ "name": "data", "secret": { "secretName": ADDRESSES } }]));
    }
    if let Some(container) = pod.pointer_mut("/containers/0").and_then(Value::as_object_mut) {
        container.insert(
            "volumeMounts".to_owned(),
            json!([{ "name": "data", "mountPath": "/data", "readOnly": true }]),
        );
    }
    let labels = json!({ "app": ADDRESSES });
    let specification = json!({
        "replicas": REPLICAS, "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": pod }
    });
    object("apps/v1", "Deployment", ADDRESSES, &specification)
}

fn budget() -> Value {
    let specification = json!({ "minAvailable": 1, "selector": { "matchLabels": { "app": ADDRESSES } } });
    object("policy/v1", "PodDisruptionBudget", ADDRESSES, &specification)
}

async fn move_node(stage: &Stage, region: &str) -> Result<()> {
    let nodes: Api<Node> = Api::all(stage.admin.client());
    let labels = json!({ "metadata": { "labels": { REGION: region } } });
    nodes.patch(NAME, &PatchParams::default(), &Patch::Merge(&labels)).await?;
    Ok(())
}

/// The pods that are to stay, with their phase.
async fn placed(stage: &Stage) -> Result<BTreeMap<String, String>> {
    let pods: Api<Pod> = Api::namespaced(stage.admin.client(), NAMESPACE);
    let pods = pods.list(&ListParams::default().labels(&format!("app={ADDRESSES}"))).await?;
    let stay = pods.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let phase = |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    Ok(stay.map(|pod| (pod.name_any(), phase(&pod))).collect())
}

/// The pods, once so many run.
async fn run(stage: &Stage, count: usize) -> Result<BTreeMap<String, String>> {
    let running = async || {
        let placed = placed(stage).await?;
        ensure!(placed.len() == count && placed.values().all(|phase| phase == "Running"), "{placed:?}");
        Ok(placed)
    };
    stage.node.plane.eventually("the pods run", running).await
}

/// The status of the policy.
async fn status(stage: &Stage) -> Result<Value> {
    let policy = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy" });
    let policy = stage.admin.api_of(&policy).await?.get(ADDRESSES).await?;
    policy.data.get("status").cloned().context("the policy has no status")
}

fn violating(status: &Value) -> Option<u64> {
    status.pointer("/violating/count").and_then(Value::as_u64)
}

/// Waits until one pod was evicted and the budget keeps the other, and tells what the policy says of it.
async fn stuck(stage: &Stage) -> Result<String> {
    let told = async || {
        let status = status(stage).await?;
        ensure!(violating(&status) == Some(1), "violating: {:?}", violating(&status));
        let conditions = status.get("conditions").and_then(Value::as_array).into_iter().flatten();
        let is = |condition: &Value, member: &str, value: &str| {
            condition.get(member).is_some_and(|found| found == value)
        };
        let mut stuck = conditions
            .into_iter()
            .filter(|found| is(found, "type", "Responding") && is(found, "reason", "DisruptionBudget"));
        let placed = placed(stage).await?;
        ensure!(placed.values().any(|phase| phase == "Pending"), "no replacement waits: {placed:?}");
        let stuck = stuck.next().with_context(|| format!("no budget keeps a pod: {status}"))?;
        Ok(stuck.get("message").and_then(Value::as_str).unwrap_or_default().to_owned())
    };
    stage.node.plane.eventually("one pod is evicted and the other is kept by its budget", told).await
}

fn confined(pod: &Pod) -> bool {
    let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
    affinity.and_then(|affinity| affinity.node_affinity.as_ref()).is_some()
}

async fn nothing_is_wrong(stage: &Stage) -> Result<()> {
    let right = async || {
        let status = status(stage).await?;
        ensure!(violating(&status) == Some(0), "violating: {:?}", violating(&status));
        Ok(())
    };
    stage.node.plane.eventually("the policy reports nothing any more", right).await
}
