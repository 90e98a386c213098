//! `make demo`: a real API server refuses a real online shop that would run with mainland users' data abroad,
//! and admits the same shop once it is placed right. Leaves nothing behind.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, told},
    control_plane::{ControlPlane, Options, User, nodes},
    probe::enforced,
    repository,
    shop::{self, NAMESPACE, Shop},
    tools::Tools,
};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{Api, ResourceExt, api::ListParams};
use serde_json::{Value, json};

mod foreign;

const REGION: &str = "cn-hangzhou";

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::var("DEMO_CONTEXT") {
        Ok(context) => foreign::run(&context).await,
        Err(_) => run().await,
    }
}

fn say(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

fn step(text: &str) {
    println!("\n== {text}");
}

async fn run() -> Result<()> {
    step("A real control plane");
    say(
        "etcd, kube-apiserver, controller manager, scheduler and kwok, from pinned sources; the first build takes about 10 minutes.",
    );
    let tools = Tools::find().await?;
    let programs = repository::programs().await?;
    let plane = ControlPlane::start(&tools, Options::default()).await?;
    let told = tell(&plane, &programs.join("bund-operator")).await;
    let stopped = plane.stop();
    told?;
    stopped?;
    say("\nEverything that was started has been stopped; nothing is left behind.");
    Ok(())
}

async fn tell(plane: &ControlPlane, operator: &std::path::Path) -> Result<()> {
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    plane
        .add_nodes(&[
            nodes::hangzhou("hangzhou-1"),
            nodes::hangzhou("hangzhou-2"),
            nodes::hong_kong("hongkong-1"),
            nodes::singapore("singapore-1"),
            nodes::frankfurt("frankfurt-1"),
        ])
        .await?;
    say("Nodes: two in Hangzhou, one each in Hong Kong, Singapore and Frankfurt.");

    step("Bund and its policies");
    admin.apply_definitions(plane).await?;
    for folder in ["policies/jurisdictions", "examples/policies"] {
        admin.apply_all(&shop::manifests(&repository::root().join(folder))?).await?;
    }
    admin.apply_all(&[shop::namespace(), deployer()]).await?;
    let _operator = plane.start_operator(operator).await?;
    enforced(plane, &admin).await?;
    say("The operator is ready. Personal information and financial transactions must stay in cn-mainland.");

    let shop = Shop::open()?;
    let team = Cluster::of(plane.client(User::APP_TEAM).await?);
    step("The application team deploys the shop as it is");
    say(format!("{} objects of the {}.", shop.objects.len(), shop.title));
    let refused = deploy(&team, &shop).await?;
    ensure!(refused > 0, "the shop was not refused");
    say(format!(
        "{refused} Deployments would have run with users' data abroad and were refused; what holds none was admitted."
    ));

    step("The same shop, placed in Hangzhou");
    let refused = deploy(&team, &shop.placed("topology.kubernetes.io/region", REGION)).await?;
    ensure!(refused == 0, "the placed shop was refused");
    say("Every object was admitted.");
    running(plane, &admin).await?;

    step("A clever insider");
    insider(&team).await
}

/// The application team may deploy in its namespace, and nothing else.
fn deployer() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "app-team-deploys", "namespace": NAMESPACE },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": User::APP_TEAM.name }]
    })
}

/// Applies every object and tells what is refused; returns how many.
async fn deploy(team: &Cluster, shop: &Shop) -> Result<usize> {
    let mut refused = 0;
    for object in &shop.objects {
        if let Err(error) = team.apply(object).await {
            let message = refusal(&error)
                .with_context(|| format!("{} could not be applied: {error:#}", told(object)))?;
            refused += 1;
            say(format!("  refused  {}\n           {message}", told(object)));
        }
    }
    Ok(refused)
}

/// The message of a refusal; none where the request failed in another way.
fn refusal(error: &anyhow::Error) -> Option<String> {
    let status = error.chain().find_map(|cause| match cause.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) => Some(status.message.clone()),
        _ => None,
    })?;
    // In the words of a webhook, and of an in-tree policy.
    let after = |words| status.split_once(words).map(|(_, message): (_, &str)| message.to_owned());
    after("denied the request: ").or_else(|| after("denied request: "))
}

/// Waits until the shop runs and tells where.
async fn running(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let deployments: Api<Deployment> = Api::namespaced(admin.client(), NAMESPACE);
    plane
        .eventually("every Deployment is available", async || {
            for deployment in deployments.list(&ListParams::default()).await? {
                let status = deployment.status.clone().unwrap_or_default();
                let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
                ensure!(
                    status.updated_replicas == wanted
                        && status.available_replicas == wanted
                        && status.replicas == wanted,
                    "{} is not available",
                    deployment.name_any()
                );
            }
            Ok(())
        })
        .await?;
    let pods: Api<Pod> = Api::namespaced(admin.client(), NAMESPACE);
    let mut by_node: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in pods.list(&ListParams::default()).await? {
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
        by_node.entry(node).or_default().push(pod.labels().get("name").cloned().unwrap_or_default());
    }
    for (node, pods) in by_node {
        say(format!("  {node:<12} {}", pods.join(", ")));
        ensure!(node.starts_with("hangzhou"), "pods run on {node}");
    }
    Ok(())
}

/// Two ways around the scheduler, each refused.
async fn insider(team: &Cluster) -> Result<()> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "report", "namespace": NAMESPACE, "labels": { "name": "user-db" } },
        "spec": { "nodeName": "frankfurt-1", "containers": [{ "name": "report", "image": "tools:1" }] }
    });
    let daemon_set = json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": { "name": "collector", "namespace": NAMESPACE },
        "spec": {
            "selector": { "matchLabels": { "name": "orders-db" } },
            "template": {
                "metadata": { "labels": { "name": "orders-db" } },
                "spec": { "containers": [{ "name": "collector", "image": "tools:1" }] }
            }
        }
    });
    for object in [pod, daemon_set] {
        let error =
            team.create(&object).await.err().with_context(|| format!("{} was admitted", told(&object)))?;
        let message = refusal(&error).with_context(|| format!("{}: {error:#}", told(&object)))?;
        say(format!("  refused  {}\n           {message}", told(&object)));
    }
    Ok(())
}
