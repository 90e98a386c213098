//! What a classified pod wrote stays inside when the pod is gone, by whatever way it is read: on a real API server, with the
//! real volume binder and scheduler, and with our two roles as the chart runs them.

mod objects;
mod ways;
mod writing;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic, name_of, namespace_of, told},
    snapshots,
};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{DynamicObject, PostParams},
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    bed::Bed,
    chart::{Ground, install, on_ground, tails},
    trial,
};
use objects::{ABROAD, reader, standing};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(bed, "storage", "what a classified pod wrote stays inside when the pod is gone", written)]
}

/// How a pod comes to hold a class.
#[derive(Clone, Copy, Debug)]
struct Holding {
    /// What the names of its objects begin with.
    name: &'static str,
    /// The class.
    class: &'static str,
    /// The label of the pod.
    label: &'static str,
}

const HOLDINGS: [Holding; 2] = [
    Holding {
        name: "labelled",
        class: "personal-information",
        label: "data-class.bund.dev/personal-information",
    },
    Holding { name: "selected", class: "e2e-ledger", label: "e2e-ledger" },
];

async fn written(bed: &Bed) -> Result<()> {
    on_ground(bed, async |ground| {
        let definitions = snapshots::definitions().await?;
        ground.admin.apply_all(&definitions).await?;
        let roles = install(bed, ground).await?;
        let story = async {
            ground.admin.apply_all(&standing()).await?;
            for holding in &HOLDINGS {
                known(ground, holding).await?;
            }
            roles.controller.kill();
            for holding in &HOLDINGS {
                writing::nothing_before_the_mark(ground, holding).await?;
            }
            writing::plain_pod_writes_abroad(ground).await?;
            roles.controller.restart()?;
            for holding in &HOLDINGS {
                writing::marked_and_left(ground, holding).await?;
            }
            for holding in &HOLDINGS {
                ways::closed(ground, holding).await.with_context(|| format!("the {} pod", holding.name))?;
            }
            ways::free(ground).await
        };
        story.await.with_context(|| tails(&roles))
    })
    .await
}

/// Waits until the webhook knows the policy and the class.
async fn known(ground: &Ground, holding: &Holding) -> Result<()> {
    let mut pod = reader("known", "none");
    pod["metadata"]["labels"] = json!({ (holding.label): "" });
    pod["spec"]["nodeName"] = json!(ABROAD);
    let seen = async || {
        let expected = Some("NodeOutside".to_owned());
        let refusal = refusal(&ground.admin, &pod).await?;
        ensure!(refusal == expected, "{refusal:?}");
        Ok(())
    };
    ground.plane.eventually(&format!("{} is kept", holding.class), seen).await
}

/// The reason for which an object would be refused, if it would be.
async fn refusal(admin: &Cluster, object: &Value) -> Result<Option<String>> {
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    reason(admin.api_of(object).await?.create(&dry, &dynamic(object)?).await)
}

/// The reason for which the pod would not be bound to a node, if it would not be.
async fn refusal_of_binding(admin: &Cluster, pod: &Value, node: &str) -> Result<Option<String>> {
    let name = name_of(pod)?;
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": { "name": name },
        "target": { "apiVersion": "v1", "kind": "Node", "name": node }
    });
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let pods: Api<Pod> = Api::namespaced(admin.client(), namespace_of(pod));
    reason(pods.create_subresource::<_, Value>("binding", name, &dry, &binding).await)
}

/// What our refusal gives as its reason: the words before the first colon, of each finding.
fn reason<T>(answer: kube::Result<T>) -> Result<Option<String>> {
    match answer {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) => {
            // The webhook's, or that of the floor, which is asked before it.
            let starts = ["bund.dev\" denied the request: ", "'bund-floor' denied request: "];
            let mut told = starts.into_iter().filter_map(|start| status.message.split_once(start));
            let (_, findings) =
                told.next().with_context(|| format!("not a refusal of ours: {}", status.message))?;
            let reason = findings.split_once(':').map_or(findings, |(reason, _)| reason);
            Ok(Some(reason.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Waits until `holds` of an object as it is in the API server.
async fn until<T>(
    ground: &Ground,
    what: &str,
    object: &Value,
    holds: impl Fn(&DynamicObject) -> Result<T>,
) -> Result<T> {
    let (api, name) = (ground.admin.api_of(object).await?, name_of(object)?);
    let what = format!("{}: {what}", told(object));
    ground.plane.eventually(&what, async || holds(&api.get(name).await?)).await
}

/// Waits until the pod runs, and says on which node.
async fn running_on(ground: &Ground, pod: &Value) -> Result<String> {
    until(ground, "it runs", pod, |pod| {
        ensure!(pod.data["status"]["phase"] == "Running", "{}", pod.data["status"]);
        Ok(pod.data["spec"]["nodeName"].as_str().unwrap_or_default().to_owned())
    })
    .await
}

/// Waits until the claim is bound.
async fn bound(ground: &Ground, claim: &Value) -> Result<()> {
    until(ground, "it is bound", claim, |claim| {
        ensure!(claim.data["status"]["phase"] == "Bound", "{}", claim.data);
        Ok(())
    })
    .await
}

/// Deletes an object and waits until it is gone.
async fn delete(ground: &Ground, object: &Value) -> Result<()> {
    ground.admin.delete(object).await?;
    let (api, name) = (ground.admin.api_of(object).await?, name_of(object)?);
    let gone = async || {
        ensure!(api.get_opt(name).await?.is_none(), "it is still there");
        Ok(())
    };
    ground.plane.eventually(&format!("{} is gone", told(object)), gone).await
}
