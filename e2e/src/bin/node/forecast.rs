//! What `bund preflight` says would be refused is what the policy then refuses.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bund_e2e::{
    cluster::{name_of, told},
    control_plane::CONTEXT,
};
use serde_json::Value;

use crate::{
    Stage, install, say,
    workload::{NAMESPACE, asked, owners},
};

/// The policy that the chart brings.
const POLICY: &str = "mainland-residency";

pub(crate) async fn tell(stage: &Stage) -> Result<()> {
    stage.step("Under Audit everything is deployed");
    let owners = owners();
    stage.admin.apply_all(&owners).await?;
    say(format!("{} owners of pods.", owners.len()));

    stage.step("`bund preflight` tells what Deny would refuse");
    let forecast = forecast(stage).await?;
    for name in &forecast {
        say(format!("  would be refused  {name}"));
    }
    ensure!(!forecast.is_empty(), "it would refuse nothing");

    stage.step("The policy is raised to Deny for this namespace");
    stage.helm.release("upgrade", &[], Some(&install::values(Some(NAMESPACE)))).await?;
    install::ready(stage).await?;
    let refused = refused_as_told(stage, &owners, &forecast).await?;
    say(format!("Each owner deployed anew: {} of {} are refused, exactly those.", refused, owners.len()));
    Ok(())
}

/// The owners of the namespace that the policy would refuse.
async fn forecast(stage: &Stage) -> Result<BTreeSet<String>> {
    let (ended, report) =
        stage.run(&stage.bund, &["preflight", "--context", CONTEXT, "--output", "json"]).await?;
    ensure!(ended == Some(0), "`bund preflight` ended with {ended:?}");
    let report: Value = serde_json::from_str(&report).context("`bund preflight` printed no JSON")?;
    let policies = report.pointer("/forecast/policies").and_then(Value::as_array).context("no forecast")?;
    let ours = policies.iter().find(|policy| policy.get("name").is_some_and(|name| name == POLICY));
    let refusals = ours.and_then(|policy| policy.get("refusals")).and_then(Value::as_array);
    let refusals = refusals.with_context(|| format!("no forecast for {POLICY}"))?;
    let member =
        |refusal: &Value, key: &str| refusal.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let here = refusals.iter().filter(|refusal| member(refusal, "namespace") == NAMESPACE);
    Ok(here.map(|refusal| format!("{} {}", member(refusal, "kind"), member(refusal, "name"))).collect())
}

/// Waits until exactly what was forecast is refused: the webhook learns of a policy a moment after it is stored.
async fn refused_as_told(stage: &Stage, owners: &[Value], forecast: &BTreeSet<String>) -> Result<usize> {
    stage
        .node
        .plane
        .eventually("what was forecast is refused, and nothing else", async || {
            let refused = refused(stage, owners).await?;
            ensure!(refused == *forecast, "refused are {refused:?}, forecast were {forecast:?}");
            Ok(refused.len())
        })
        .await
}

/// Asks for each owner anew, under another name, and returns those that are refused.
async fn refused(stage: &Stage, owners: &[Value]) -> Result<BTreeSet<String>> {
    let mut refused = BTreeSet::new();
    for owner in owners {
        let mut anew = owner.clone();
        if let Some(name) = anew.pointer_mut("/metadata/name") {
            *name = Value::from(format!("{}-anew", name_of(owner)?));
        }
        if asked(&stage.admin, &anew).await?.is_some() {
            refused.insert(told(owner));
        }
    }
    Ok(refused)
}
