//! The preflight, with nothing but the documented right to list: its forecast equals what `Deny` then refuses.

use std::{collections::BTreeSet, path::Path, process::Stdio, sync::Arc};

use anyhow::{Context, Result, bail, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic, told},
    control_plane::{ControlPlane, Options, User, client_as, nodes},
    person::Person,
    probe::enforced,
    repository,
    shop::{self, Shop, manifests},
};
use kube::api::PostParams;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::floor::is_of_floor;
use crate::{bed::Bed, trial};

/// What the tests look at, besides the shop.
const CLASS: &str = "data-class.bund.dev/personal-information";

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(
        bed,
        "preflight",
        "with the documented rights alone the forecast equals what Deny then refuses",
        forecast_equals_refusals,
    )]
}

async fn forecast_equals_refusals(bed: &Bed) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::default()).await?;
    let outcome = compare(bed, &plane).await;
    plane.stop()?;
    outcome
}

async fn compare(bed: &Bed, plane: &ControlPlane) -> Result<()> {
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    plane
        .add_nodes(&[
            nodes::hangzhou("hangzhou-1"),
            nodes::hong_kong("hongkong-1"),
            nodes::unlabelled("silent-1"),
        ])
        .await?;
    before_bund(bed, plane, &admin).await?;
    admin.apply_definitions(plane).await?;
    for path in
        ["policies/jurisdictions", "examples/policies/classes.yaml", "examples/policies/location.yaml"]
    {
        admin.apply_all(&manifests(&repository::root().join(path))?).await?;
    }
    let _operator = plane.start_operator(&bed.operator().await?).await?;
    enforced(plane, &admin).await?;
    // Back from Deny to Audit goes only who was given that.
    let person = Person::who_may_declassify(["financial-transactions", "personal-information"]);
    admin.apply_all(&person.grants()).await?;
    let person = Cluster::of(client_as(plane.kubeconfig(User::ADMIN)?, &person.name()).await?);
    for strategy in ["Require", "Inject"] {
        let audits = policy("Audit", strategy);
        plane.eventually("the policy audits", async || person.apply(&audits).await.map(drop)).await?;
        let report = preflight(bed, plane, User::INTRUDER).await?;
        ensure!(report["forecast"]["notKnown"] == json!([]), "{}", report["forecast"]["notKnown"]);
        let forecast = forecast(&report);
        admin.apply(&policy("Deny", strategy)).await?;
        in_force(plane, &admin).await?;
        let refused = refused(&admin, &report).await?;
        ensure!(forecast == refused, "{strategy}: forecast {forecast:#?}, refused {refused:#?}");
        // What differs between the two: who is confined by injection.
        let unconfined = forecast.contains("Deployment sock-shop/user-db");
        ensure!(unconfined == (strategy == "Require"), "{strategy}: {forecast:#?}");
        ensure!(forecast.contains("DaemonSet sock-shop/collector"), "{strategy}: {forecast:#?}");
    }
    Ok(())
}

/// Nothing of ours is there yet: the shop runs, and somebody looks.
async fn before_bund(bed: &Bed, plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let nothing = preflight(bed, plane, User::APP_TEAM).await?;
    ensure!(nothing["nodes"]["notKnown"] == "no right to list nodes", "{}", nothing["nodes"]);
    ensure!(nothing["networkPolicy"]["enforcement"] == "Unknown", "{}", nothing["networkPolicy"]);
    ensure!(nothing["location"].get("proposal").is_none(), "{}", nothing["location"]);
    let gaps = nothing["forecast"]["notKnown"].to_string();
    ensure!(gaps.contains("no right to list secrets") && gaps.contains("no right to list pods"), "{gaps}");

    admin.apply_all(&grants()?).await?;
    admin.apply(&shop::namespace()).await?;
    admin.apply_all(&Shop::open()?.objects).await?;
    admin.apply_all(&more()).await?;
    let report = plane
        .eventually("the rights are granted", async || {
            let report = preflight(bed, plane, User::INTRUDER).await?;
            ensure!(report["notKnown"] == json!([]), "{}", report["notKnown"]);
            Ok(report)
        })
        .await?;
    ensure!(report["kubernetes"]["supported"] == json!(true), "{}", report["kubernetes"]);
    let counts = ["inside", "outside", "unknown"].map(|place| report["nodes"][place].as_u64());
    ensure!(counts == [Some(1), Some(1), Some(1)], "{}", report["nodes"]);
    let proposal = &report["location"]["proposal"];
    ensure!(proposal["spec"]["providers"] == json!(["alibaba"]), "{proposal}");
    ensure!(report["forecast"]["policiesFrom"] == "BuiltIn", "{}", report["forecast"]);
    let exec = report["rights"]["access"][0]["holders"].to_string();
    ensure!(exec.contains("Group system:masters"), "{exec}");
    Ok(())
}

/// Owners that the shop does not have: confined and not, of several kinds.
fn more() -> Vec<Value> {
    let metadata = |name: &str| json!({ "name": name, "namespace": shop::NAMESPACE });
    let selector = |name: &str| json!({ "matchLabels": { "app": name } });
    let template = |name: &str, region: Option<&str>| {
        let mut spec = json!({ "containers": [{ "name": "app", "image": "app:1" }] });
        if let Some(region) = region {
            spec["nodeSelector"] = json!({ nodes::REGION: region });
        }
        json!({ "metadata": { "labels": { "app": name, CLASS: "" } }, "spec": spec })
    };
    let mut job = template("nightly", Some("cn-hongkong"));
    job["spec"]["restartPolicy"] = json!("Never");
    let pod = template("bare", Some("cn-hongkong"));
    let mut pod_metadata = metadata("bare");
    pod_metadata["labels"] = pod["metadata"]["labels"].clone();
    vec![
        json!({ "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata("collector"),
            "spec": { "selector": selector("collector"), "template": template("collector", None) } }),
        json!({ "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata("local"),
            "spec": { "selector": selector("local"), "template": template("local", Some("cn-hangzhou")) } }),
        json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata("abroad"),
            "spec": { "serviceName": "abroad", "selector": selector("abroad"),
                "template": template("abroad", Some("cn-hongkong")) } }),
        json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("nightly"),
            "spec": { "schedule": "0 3 * * *", "jobTemplate": { "spec": { "template": job } } } }),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": pod_metadata, "spec": pod["spec"] }),
    ]
}

/// The rights of the page, to the letter, for one user.
fn grants() -> Result<Vec<Value>> {
    let page = std::fs::read_to_string(repository::root().join("docs/preflight.md"))?;
    let (_, rest) = page.split_once("```yaml\napiVersion: rbac").context("the page shows no ClusterRole")?;
    let (role, _) = rest.split_once("```").context("the page ends in its ClusterRole")?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("role.yaml");
    std::fs::write(&path, format!("apiVersion: rbac{role}"))?;
    let mut objects = manifests(&path)?;
    objects.push(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": { "name": "bund-preflight" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "bund-preflight" },
        "subjects": [{ "kind": "User", "name": User::INTRUDER.name }]
    }));
    Ok(objects)
}

fn policy(mode: &str, strategy: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy",
        "metadata": { "name": "mainland-residency" },
        "spec": {
            "dataClasses": ["personal-information", "financial-transactions"],
            "jurisdictions": ["cn-mainland"],
            "enforcement": { "placement": mode },
            "placementStrategy": strategy
        }
    })
}

/// The report that this user gets, as JSON.
async fn preflight(bed: &Bed, plane: &ControlPlane, user: User) -> Result<Value> {
    let binary = bed.operator().await?.with_file_name("bund");
    let kubeconfig: &Path = plane.kubeconfig(user)?;
    let output = tokio::process::Command::new(binary)
        .args(["preflight", "--context", "e2e", "--output", "json", "--kubeconfig"])
        .arg(kubeconfig)
        .stdin(Stdio::null())
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the report is no JSON")
}

/// What the only policy would refuse.
fn forecast(report: &Value) -> BTreeSet<String> {
    let refusals = report["forecast"]["policies"][0]["refusals"].as_array();
    let text = |refusal: &Value, member: &str| refusal[member].as_str().unwrap_or_default().to_owned();
    let name =
        |one: &Value| format!("{} {}/{}", text(one, "kind"), text(one, "namespace"), text(one, "name"));
    refusals.into_iter().flatten().map(name).collect()
}

/// Waits until `Deny` is in force.
async fn in_force(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let abroad = &more()[2];
    plane
        .eventually("Deny is in force", async || {
            ensure!(refuses(admin, abroad).await?, "{} is still admitted", told(abroad));
            Ok(())
        })
        .await
}

/// Every owner of the shop that the API server refuses to make again.
async fn refused(admin: &Cluster, report: &Value) -> Result<BTreeSet<String>> {
    let mut objects = Shop::open()?.objects;
    objects.extend(more());
    let mut owners = 0;
    let mut refused = BTreeSet::new();
    for object in &objects {
        if object.pointer("/spec/template").is_none()
            && !["CronJob", "Pod"].map(Value::from).contains(&object["kind"])
        {
            continue;
        }
        owners += 1;
        let api = admin.api_of(object).await?;
        let stored = api.get(bund_e2e::cluster::name_of(object)?).await?;
        let mut again = serde_json::to_value(stored)?;
        for member in ["apiVersion", "kind"] {
            again[member] = object[member].clone();
        }
        let metadata = &object["metadata"];
        again["metadata"] = json!({
            "name": metadata["name"], "namespace": shop::NAMESPACE, "labels": again["metadata"]["labels"]
        });
        if let Some(members) = again.as_object_mut() {
            members.remove("status");
        }
        if refuses(admin, &again).await? {
            let name = metadata["name"].as_str().unwrap_or_default();
            refused.insert(format!(
                "{} {}/{name}",
                object["kind"].as_str().unwrap_or_default(),
                shop::NAMESPACE
            ));
        }
    }
    ensure!(
        report["forecast"]["owners"] == json!(owners),
        "{owners} owners, {}",
        report["forecast"]["owners"]
    );
    Ok(refused)
}

/// Whether Bund refuses a creation. One that only finds its name taken was admitted.
async fn refuses(admin: &Cluster, object: &Value) -> Result<bool> {
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    match admin.api_of(object).await?.create(&parameters, &dynamic(object)?).await {
        Ok(_) => Ok(false),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(kube::Error::Api(status))
            if status.message.contains("bund.dev") || is_of_floor(&status.message) =>
        {
            Ok(true)
        }
        Err(error) => bail!("another refusal of {} than expected: {error}", told(object)),
    }
}
