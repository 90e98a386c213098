//! `bund why` in a cluster where Bund is at work: for somebody who may only look, and for somebody who may see everything.

use std::{process::Output, process::Stdio, sync::Arc};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::dynamic,
    control_plane::{User, nodes},
    helm::Helm,
    shop::manifests,
};
use kube::api::PostParams;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    bed::{Bed, Living, REQUIRED},
    trial,
};

/// The namespace of this test.
const NAMESPACE: &str = "e2e-why";
const CLASS: &str = "data-class.bund.dev/personal-information";
const RBAC: &str = "rbac.authorization.k8s.io";

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(
        bed,
        "why",
        "whoever has only the viewer role is told what Bund says and what they may not see",
        explain,
    )]
}

async fn explain(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let grants = viewer(bed).await?;
    let outcome = explained(bed, living, &grants).await;
    for object in grants.iter().chain([&everything(), &everything_role(), &namespace()]) {
        living.admin.delete(object).await?;
    }
    outcome
}

async fn explained(bed: &Bed, living: &Living, grants: &[Value]) -> Result<()> {
    let Living { plane, admin, .. } = living;
    // What is made before the namespace is enrolled stays, whatever policies say of it.
    plane.create_namespace(NAMESPACE, &[]).await?;
    admin.apply(&deployment("astray", None)).await?;
    admin.apply(&namespace()).await?;
    plane.eventually("the namespace is guarded", async || admin.apply(&secret()).await.map(drop)).await?;
    admin.apply(&deployment("web", Some("cn-hangzhou"))).await?;
    // Nobody is told anything before somebody gives the right to.
    let refused = why(bed, living, &["deploy/web", "-n", NAMESPACE]).await?;
    ensure!(refused.status.code() == Some(2), "{refused:?}");
    let error = String::from_utf8_lossy(&refused.stderr);
    ensure!(error.starts_with("bund: you may not read deployments/web in e2e-why; "), "{error}");

    admin.apply_all(grants).await?;
    let web = plane.eventually("the viewer may look", async || told(bed, living, "deploy/web").await).await?;
    looks(&web)?;
    let error = why(bed, living, &["secret/customers", "-n", NAMESPACE]).await?;
    ensure!(
        error.status.code() == Some(2)
            && String::from_utf8_lossy(&error.stderr)
                .contains("you may not read secrets/customers in e2e-why"),
        "{error:?}"
    );

    admin.apply_all(&[everything_role(), everything()]).await?;
    let web = plane
        .eventually("the viewer may see everything", async || {
            let web = told(bed, living, "deploy/web").await?;
            ensure!(web["notKnown"] == json!([]), "{}", web["notKnown"]);
            Ok(web)
        })
        .await?;
    sees(&web)?;
    users(bed, living).await?;
    answers_as_admission(bed, living).await
}

/// What somebody is told who may not list Secrets and Nodes, nor anything beyond the namespace.
fn looks(web: &Value) -> Result<()> {
    ensure!(web["enrolment"]["state"] == "Guarded", "{web:#}");
    let class = &web["classes"][0];
    ensure!(class["class"] == "personal-information" && class["declared"] == true, "{class}");
    ensure!(class["how"] == json!(["label in spec.template.metadata.labels"]), "{class}");
    let policy = &class["policies"][0];
    ensure!(policy["policy"] == REQUIRED && policy["modes"]["placement"] == "Deny", "{policy}");
    ensure!(web["verdict"] == "Allow" && web["incomplete"] == true, "{web:#}");
    let assumed =
        "Secret customers in e2e-why is not given; it is taken to hold no class (no right to list secrets)";
    ensure!(web["assumptions"] == json!([assumed]), "{}", web["assumptions"]);
    let not_known = web["notKnown"].to_string();
    for why in [
        "no right to list nodes",
        "no right to list secrets",
        "no right to list breakglasses",
        "no right to list pods beyond namespace e2e-why",
        "no right to list namespaces beyond namespace e2e-why",
    ] {
        ensure!(not_known.contains(&format!("\"{why}\"")), "{why}: {not_known}");
    }
    ensure!(!not_known.contains("residencypolicies") && !not_known.contains("deployments"), "{not_known}");
    Ok(())
}

/// What somebody is told who may list everything.
fn sees(web: &Value) -> Result<()> {
    let how = web["classes"][0]["how"].to_string();
    ensure!(
        how.contains("from Secret customers, named in spec.template.spec.containers[0].envFrom[0]"),
        "{how}"
    );
    ensure!(web["incomplete"] == false && web["assumptions"] == json!([]), "{web:#}");
    let places = web["location"].as_array().context("no location")?;
    let told: Vec<_> = places.iter().map(|place| format!("{} {}", place["of"], place["how"])).collect();
    ensure!(told.iter().any(|place| place.contains("asks for nodes inside cn-mainland only")), "{told:?}");
    Ok(())
}

/// The pods that use a Secret, and where such a pod runs.
async fn users(bed: &Bed, living: &Living) -> Result<()> {
    let pod = living
        .plane
        .eventually("the pod of `web` has its node", async || {
            let secret = told(bed, living, "secret/customers").await?;
            let users = secret["users"].as_array().cloned().unwrap_or_default();
            ensure!(
                users.iter().any(|user| user["kind"] == "Deployment" && user["name"] == "web"),
                "{users:?}"
            );
            let is_web = |user: &&Value| {
                user["kind"] == "Pod" && user["name"].as_str().is_some_and(|name| name.starts_with("web-"))
            };
            let pod = users.iter().find(is_web).context("no pod uses the Secret yet")?;
            let name = pod["name"].as_str().unwrap_or_default().to_owned();
            let pod = told(bed, living, &format!("po/{name}")).await?;
            ensure!(pod["location"][0]["of"] == "Node hangzhou-1", "{}", pod["location"]);
            Ok(pod)
        })
        .await?;
    ensure!(pod["location"][0]["side"] == "Inside" && pod["verdict"] == "Allow", "{pod:#}");
    ensure!(pod["madeBy"].as_str().is_some_and(|owner| owner.starts_with("ReplicaSet web-")), "{pod:#}");
    let node = told(bed, living, "no/hangzhou-1").await?;
    ensure!(
        node["holding"]
            .as_array()
            .is_some_and(|holding| holding.iter().any(|one| one["name"] == pod["subject"]["name"])),
        "{node:#}"
    );
    Ok(())
}

/// Of an object that breaks a rule the lines are those of the webhook.
async fn answers_as_admission(bed: &Bed, living: &Living) -> Result<()> {
    let astray = told(bed, living, "deployments.apps/astray").await?;
    ensure!(astray["verdict"] == "Deny" && astray["allowed"] == false, "{astray:#}");
    let again = deployment("astray", None);
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    let api = living.admin.api_of(&again).await?;
    let refused = living
        .plane
        .eventually("the webhook refuses it", async || {
            match api.create(&parameters, &dynamic(&again)?).await {
                Err(kube::Error::Api(status)) if status.message.contains("bund.dev") => {
                    Ok(status.message.clone())
                }
                other => Err(anyhow::anyhow!("another answer than a refusal: {other:?}")),
            }
        })
        .await?;
    let lines = astray["refusals"].as_array().context("no refusals")?;
    for line in lines {
        ensure!(line.as_str().is_some_and(|line| refused.contains(line)), "{line}\n{refused}");
    }
    ensure!(lines.len() == 1, "{lines:?}");
    Ok(())
}

async fn why(bed: &Bed, living: &Living, arguments: &[&str]) -> Result<Output> {
    let binary = bed.operator().await?.with_file_name("bund");
    let output = tokio::process::Command::new(binary)
        .arg("why")
        .args(arguments)
        .args(["--context", "e2e", "--output", "json", "--kubeconfig"])
        .arg(living.plane.kubeconfig(User::VIEWER)?)
        .stdin(Stdio::null())
        .output()
        .await?;
    Ok(output)
}

async fn told(bed: &Bed, living: &Living, asked: &str) -> Result<Value> {
    let output = why(bed, living, &[asked, "-n", NAMESPACE]).await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the answer is no JSON")
}

/// The viewer role of the chart, for Bund's kinds, and that of Kubernetes in the namespace. Nothing else.
async fn viewer(bed: &Bed) -> Result<Vec<Value>> {
    let helm = Helm::new(bed.tools().await?)?;
    let rendered = helm.template(&["--show-only", "templates/people/roles.yaml"], None).await?;
    let roles = manifests(&rendered)?;
    let role = roles.into_iter().find(|role| role["metadata"]["name"] == "bund-viewer");
    let mut role = role.context("the chart has no role bund-viewer")?;
    // Not added to `view`, which others bind here.
    role["metadata"] = json!({ "name": "e2e-bund-viewer" });
    let bund = binding("ClusterRoleBinding", "e2e-bund-viewer", "e2e-bund-viewer");
    let mut view = binding("RoleBinding", "e2e-why-view", "view");
    view["metadata"]["namespace"] = json!(NAMESPACE);
    Ok(vec![role, bund, view])
}

/// The right to list what decisions rest on.
fn everything_role() -> Value {
    let rule = json!({ "apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"] });
    json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": { "name": "e2e-why-everything" },
        "rules": [rule]
    })
}

fn everything() -> Value {
    binding("ClusterRoleBinding", "e2e-why-everything", "e2e-why-everything")
}

fn binding(kind: &str, name: &str, role: &str) -> Value {
    json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": { "name": name },
        "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": RBAC, "kind": "User", "name": User::VIEWER.name }]
    })
}

fn namespace() -> Value {
    let labels = json!({ "bund.dev/guarded": "true", "e2e": REQUIRED });
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE, "labels": labels } })
}

fn secret() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "customers", "namespace": NAMESPACE, "labels": { CLASS: "" } }
    })
}

/// A deployment that reads the Secret: one that holds the class by a label too, in a region, or one that may run anywhere.
fn deployment(name: &str, region: Option<&str>) -> Value {
    let mut labels = json!({ "app": name });
    let mut spec = json!({ "containers": [
        { "name": "app", "image": "app:1", "envFrom": [{ "secretRef": { "name": "customers" } }] }
    ] });
    if let Some(region) = region {
        spec["nodeSelector"] = json!({ nodes::REGION: region });
        labels[CLASS] = json!("");
    }
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": {
            "selector": { "matchLabels": { "app": name } },
            "template": { "metadata": { "labels": labels }, "spec": spec }
        }
    })
}
