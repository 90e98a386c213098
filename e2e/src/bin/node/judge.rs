//! A pod that asks for a place abroad, and one that asks for none: at the cluster and at `bund check`.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use bund_e2e::{control_plane::nodes::REGION, node::NAME};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde_json::Value;

use crate::{
    Stage, say,
    workload::{ABROAD, AT_HOME, NAMESPACE, asked, is_refusal, pod, write},
};

pub(crate) async fn tell(stage: &Stage) -> Result<()> {
    let directory = stage.node.plane.directory();
    stage.step("A pod with personal information asks for Frankfurt");
    let (abroad, anywhere) = (pod("abroad", Some(ABROAD)), pod("anywhere", None));
    confined(stage, &anywhere).await?;
    let refusal = match stage.admin.create(&abroad).await {
        Ok(_) => bail!("the pod was admitted"),
        Err(error) => refusal(&error).with_context(|| format!("not a refusal: {error:#}"))?,
    };
    say(format!("  refused  {refusal}"));

    stage.step("A pod with personal information says nothing about its place");
    stage.admin.create(&anywhere).await.context("the pod was refused")?;
    let running = running(stage, "anywhere").await?;
    say(format!("It runs on {NAME}, confined by this affinity:\n  {}", affinity(&running)?));

    stage.step("`bund check` says the same of both files");
    let facts = directory.join("facts.json");
    let kinds = "clusterlocations,residencypolicies,jurisdictions,dataclasses,nodes,namespaces";
    let (ended, known) = stage.run(&stage.tools.kubectl, &["get", kinds, "--output", "json"]).await?;
    ensure!(ended == Some(0), "kubectl failed");
    std::fs::write(&facts, known)?;
    for (object, refused) in [(&abroad, Some(refusal.as_str())), (&anywhere, None)] {
        let name = bund_e2e::cluster::name_of(object)?;
        let file = directory.join(format!("{name}.json"));
        write(&file, object)?;
        let message = check(stage, &file, &facts).await?;
        match (&message, refused) {
            (None, None) => say(format!("  admitted {name}")),
            (Some(message), Some(refusal)) if refusal.contains(message.as_str()) => {
                say(format!("  refused  {name}: word for word the same"));
            }
            _ => bail!("{name}: the cluster says {refused:?}, `bund check` says {message:?}"),
        }
    }
    stage.admin.delete(&anywhere).await
}

/// Waits until pods are sent to be confined: the API server learns of it a moment after the policy is raised, and until
/// then refuses them.
async fn confined(stage: &Stage, pod: &Value) -> Result<()> {
    let admitted = async || {
        let refusal = asked(&stage.admin, pod).await?;
        ensure!(refusal.is_none(), "{refusal:?}");
        Ok(())
    };
    stage.node.plane.eventually("pods are confined", admitted).await
}

/// What a webhook said.
fn refusal(error: &anyhow::Error) -> Option<String> {
    match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) if is_refusal(status) => Some(status.message.clone()),
        _ => None,
    }
}

/// Waits until a pod runs on the real node.
pub(crate) async fn running(stage: &Stage, name: &str) -> Result<Pod> {
    let pods: Api<Pod> = Api::namespaced(stage.admin.client(), NAMESPACE);
    stage
        .node
        .plane
        .eventually(&format!("pod {name} runs"), async || {
            let pod = pods.get(name).await?;
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            ensure!(phase == Some("Running"), "it is {phase:?}");
            let node = pod.spec.as_ref().and_then(|specification| specification.node_name.as_deref());
            ensure!(node == Some(NAME), "it is on {node:?}");
            Ok(pod)
        })
        .await
}

/// The affinity that the webhook gave a pod, which must hold the real node's region.
fn affinity(pod: &Pod) -> Result<String> {
    let affinity = pod.spec.as_ref().and_then(|specification| specification.affinity.as_ref());
    let required = affinity
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref())
        .context("the pod got no affinity")?;
    let expressions: Vec<_> = required
        .node_selector_terms
        .iter()
        .flat_map(|term| term.match_expressions.iter().flatten())
        .collect();
    let regions = expressions.iter().find(|expression| expression.key == REGION);
    let regions = regions.and_then(|expression| expression.values.as_ref()).context("not by region")?;
    ensure!(regions.iter().any(|region| region == AT_HOME), "not to {AT_HOME}: {}", regions.join(", "));
    let shown: Vec<&str> = regions.iter().map(String::as_str).take(4).collect();
    Ok(format!("{REGION} in {}, … ({} regions of the mainland)", shown.join(", "), regions.len()))
}

/// The sentence with which `bund check` refuses a file, if it does.
async fn check(stage: &Stage, file: &Path, facts: &Path) -> Result<Option<String>> {
    let (file, facts) = (file.display().to_string(), facts.display().to_string());
    let arguments = ["check", &file, "--policies", &facts, "--facts", &facts, "--output", "json"];
    let (ended, report) = stage.run(&stage.bund, &arguments).await?;
    let report: Value = serde_json::from_str(&report).context("`bund check` printed no JSON")?;
    let message = |message: &Value| {
        let denied = message.get("consequence").is_some_and(|consequence| consequence == "Deny");
        message.get("text").filter(|_| denied).and_then(Value::as_str).map(str::to_owned)
    };
    let messages = report.pointer("/objects/0/messages").and_then(Value::as_array);
    let first = messages.into_iter().flatten().find_map(message);
    match (ended, &first) {
        (Some(0), None) | (Some(1), Some(_)) => Ok(first),
        _ => bail!("`bund check` ended with {ended:?}: {report:#}"),
    }
}
