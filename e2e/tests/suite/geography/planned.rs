//! What the command line tells of the same cluster with the same database.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bund_e2e::control_plane::User;
use serde_json::{Value, json};

use super::{HANGZHOU, HONG_KONG, SHOP, Site};

/// A network in the database, which the policy lists.
pub(super) const LISTED: &str = "47.96.0.0/24";

/// The plan knows what settings of the pods name, and opens what the database places.
pub(super) async fn egress(site: &Site<'_>) -> Result<()> {
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings", "namespace": SHOP },
        "data": { "DATABASE": format!("postgres://shop:word@{HANGZHOU}:5432"), "PARTNER": format!("https://{HONG_KONG}/v1") }
    });
    let shop = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": SHOP },
        "spec": {
            "replicas": 0, "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web", "data-class.bund.dev/personal-information": "" } },
                "spec": { "containers": [
                    { "name": "app", "image": "app:1", "envFrom": [{ "configMapRef": { "name": "settings" } }] }
                ] }
            }
        }
    });
    site.admin.create(&settings).await?;
    site.admin.create(&shop).await?;
    let cut = plan(site, false).await?;
    ensure!(cut == [("WouldBeCut", HONG_KONG), ("WouldBeCut", HANGZHOU)].map(told), "without: {cut:?}");
    let kept = plan(site, true).await?;
    ensure!(kept == [("WouldBeCut", HONG_KONG), ("StaysOpen", HANGZHOU)].map(told), "with: {kept:?}");
    site.admin.delete(&shop).await?;
    site.admin.delete(&settings).await
}

fn told((outcome, to): (&str, &str)) -> Value {
    let key = if to == HANGZHOU { "DATABASE" } else { "PARTNER" };
    json!([outcome, to, format!("ConfigMap settings data.{key}")])
}

/// What is declared, as the plan tells it.
async fn plan(site: &Site<'_>, with_database: bool) -> Result<Vec<Value>> {
    let binary = site.bed.operator().await?.with_file_name("bund");
    let mut command = tokio::process::Command::new(binary);
    command.args([
        "plan",
        "egress",
        "--context",
        "e2e",
        "--namespace",
        SHOP,
        "--output",
        "json",
        "--kubeconfig",
    ]);
    command.arg(site.plane.kubeconfig(User::ADMIN)?).stdin(Stdio::null());
    if with_database {
        command.arg("--geo").arg(site.shelf.renamed());
    }
    let output = command.output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plan: Value = serde_json::from_slice(&output.stdout).context("the plan is no JSON")?;
    let declared = plan["namespaces"][0]["declared"].as_array().cloned().unwrap_or_default();
    Ok(declared.iter().map(|one| json!([one["outcome"], one["to"], one["declaredBy"]])).collect())
}
