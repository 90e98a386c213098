//! What happens where something that runs breaks a rule: evictions and taints, on a real API server.

mod leaders;
mod rights;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, condition_of},
    control_plane::{AuditEvent, AuditPosition, ControlPlane, nodes::REGION},
};
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "response",
            "leaders are killed during evictions and no pod is evicted twice and none forgotten",
            leaders::killed,
        ),
        trial(
            bed,
            "response",
            "without the right it is said what to set, and with it a node is emptied and tainted until it is back",
            rights::given_later,
        ),
    ]
}

/// Says that a node is elsewhere, or back.
async fn move_node(admin: &Cluster, node: &str, region: &str) -> Result<()> {
    let nodes: Api<Node> = Api::all(admin.client());
    let labels = json!({ "metadata": { "labels": { REGION: region } } });
    nodes.patch(node, &PatchParams::default(), &Patch::Merge(&labels)).await?;
    Ok(())
}

/// A policy that keeps personal information and asks for `running`.
fn policy(name: &str, running: &Value) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": name },
        "spec": {
            "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
            "enforcement": { "placement": "Deny" }, "running": running
        }
    })
}

/// Waits until the condition of a policy is as it should be.
async fn responding(
    plane: &ControlPlane,
    admin: &Cluster,
    name: &str,
    what: &str,
    holds: impl Fn(&str, &str, &str) -> bool,
) -> Result<()> {
    let policies = admin.api_of(&policy(name, &Value::Null)).await?;
    let mut last = Value::Null;
    let told = async || {
        let found = policies.get(name).await?.data;
        let condition = condition_of(&found["status"], "Responding")?;
        last.clone_from(condition);
        let text = |member: &str| condition[member].as_str().unwrap_or_default();
        ensure!(holds(text("status"), text("reason"), text("message")), "it is otherwise");
        Ok(())
    };
    plane.eventually(what, told).await.with_context(|| format!("the condition is {last}"))
}

/// Every eviction that was asked for since `position`.
fn evictions(plane: &ControlPlane, position: AuditPosition) -> Result<Vec<AuditEvent>> {
    let mut events = plane.audit_log().since(position)?;
    events.retain(|event| {
        let object = &event.object_ref;
        event.stage == "ResponseComplete"
            && event.verb == "create"
            && (object.resource.as_str(), object.subresource.as_str()) == ("pods", "eviction")
    });
    Ok(events)
}

/// The pods, as namespace and name, of the evictions that were taken; a pod that was evicted twice comes twice.
fn taken(events: &[AuditEvent]) -> Vec<String> {
    let taken = events.iter().filter(|event| (200..300).contains(&event.response_status.code));
    taken.map(|event| format!("{}/{}", event.object_ref.namespace, event.object_ref.name)).collect()
}
