//! The operator beside many pods on a real API server: its memory, and how long a policy change takes to be told.
//!
//! Ten pods in each guarded namespace, of two ReplicaSets of two Deployments; one Deployment mounts a classified Secret.
//! Nobody schedules or runs them: they are created with their node, before the operator starts.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Operator, Options, User},
    repository,
    shop::manifests,
    tools::Tools,
};
use futures::{StreamExt, TryStreamExt, stream};
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::engine::{location, policy};

const NODES: usize = 1000;
const POLICIES: usize = 10;
/// Objects that are created at a time.
const AT_ONCE: usize = 48;
/// As long as the operator may take for anything.
const PATIENCE: Duration = Duration::from_mins(5);

pub(crate) async fn run() -> Result<()> {
    let programs = repository::programs().await?;
    let wanted = std::env::var("BUND_BENCH_NAMESPACES").ok();
    let namespaces = wanted.map_or(Ok(10_000), |wanted| wanted.parse())?;
    println!(
        "\nScale: {} pods in {namespaces} namespaces, {NODES} nodes, {POLICIES} policies, on a real API server (goal: a policy \
         change judged again in 2 s, 300 MiB)",
        namespaces * 10
    );
    let plane = ControlPlane::start(&Tools::find().await?, Options::api_only()).await?;
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    let begun = Instant::now();
    fill(&plane, &admin, namespaces).await?;
    println!("  the cluster is filled after {:.0} s", begun.elapsed().as_secs_f32());
    let begun = Instant::now();
    let operator = plane.start_operator(&programs.join("bund-operator")).await?;
    let expected = u64::try_from(namespaces)?;
    let ready = begun.elapsed();
    let policies: Api<DynamicObject> = admin.api_of(&policy(0)).await?;
    told(&policies, "covered", expected).await?;
    println!(
        "  ready after {:.1} s, everything told after {:.1} s; {} MiB",
        ready.as_secs_f32(),
        begun.elapsed().as_secs_f32(),
        operator.resident_memory().await? >> 20
    );
    let mut highest = 0;
    for round in 0..5 {
        let took = change(&policies, &operator, round).await?;
        highest = operator.resident_memory().await?.max(highest);
        println!(
            "  policy change {round}: told after {:.2} s, of which judging {:.2} s",
            took.told.as_secs_f32(),
            took.judging
        );
    }
    println!("  highest memory seen {} MiB", highest >> 20);
    drop(operator);
    plane.stop()
}

/// What one policy change took.
struct Took {
    /// From the change to the status that tells what it leads to.
    told: Duration,
    /// The full pass of the audit, in seconds.
    judging: f64,
}

/// Changes the mode of the first policy, and takes the class out of it or in again, so that the status must change.
async fn change(policies: &Api<DynamicObject>, operator: &Operator, round: u32) -> Result<Took> {
    let before = judged(operator).await?;
    let class = if round.is_multiple_of(2) { "activity-logs" } else { "personal-information" };
    let spec = json!({ "spec": { "dataClasses": [class] } });
    let begun = Instant::now();
    let changed = policies.patch("policy-0", &PatchParams::default(), &Patch::Merge(&spec)).await?;
    let generation = changed.metadata.generation.context("a policy without a generation")?;
    let covers = class == "personal-information";
    loop {
        let found = policies.get("policy-0").await?;
        let seen = found.data.pointer("/status/conditions/0/observedGeneration").and_then(Value::as_i64);
        let covered = found.data.pointer("/status/covered").and_then(Value::as_u64);
        if seen == Some(generation) && covered.is_some_and(|covered| (covered > 0) == covers) {
            break;
        }
        ensure!(begun.elapsed() < PATIENCE, "the policy change was not told: {}", found.data);
        sleep(Duration::from_millis(20)).await;
    }
    let told = begun.elapsed();
    let after = judged(operator).await?;
    Ok(Took { told, judging: (after.0 - before.0) / (after.1 - before.1).max(1.0) })
}

/// The sum and the number of the full passes so far.
async fn judged(operator: &Operator) -> Result<(f64, f64)> {
    let metrics = operator.metrics().await?;
    let of = |member: &str| -> Result<f64> {
        let name = format!("bund_audit_duration_seconds_{member}{{pass=\"full\"}} ");
        let line =
            metrics.lines().find_map(|line| line.strip_prefix(&name)).context("no full pass is told")?;
        Ok(line.parse()?)
    };
    Ok((of("sum")?, of("count")?))
}

/// Waits until the first policy tells the number.
async fn told(policies: &Api<DynamicObject>, member: &str, expected: u64) -> Result<()> {
    let begun = Instant::now();
    loop {
        let found = policies.get("policy-0").await?;
        if found.data.pointer(&format!("/status/{member}")).and_then(Value::as_u64) == Some(expected) {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "{member} is not told: {}", found.data);
        sleep(Duration::from_millis(100)).await;
    }
}

async fn fill(plane: &ControlPlane, admin: &Cluster, namespaces: usize) -> Result<()> {
    admin.apply_definitions(plane).await?;
    for folder in ["policies/jurisdictions", "policies/classes"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    admin.apply(&location()).await?;
    admin.apply_all(&(0..POLICIES).map(policy).collect::<Vec<_>>()).await?;
    let client = admin.client();
    create(&client, (0..NODES).map(node)).await?;
    create(&client, (0..namespaces).map(namespace)).await?;
    create(&client, (0..namespaces).flat_map(of_namespace)).await
}

/// Creates objects, many at a time.
async fn create(client: &Client, objects: impl Iterator<Item = (&'static str, Value)>) -> Result<()> {
    let created = stream::iter(objects).map(async |(path, object)| {
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let path = path.replace("{namespace}", namespace.unwrap_or_default());
        let request = http::Request::post(path).header("content-type", "application/json");
        client.request_text(request.body(object.to_string().into_bytes())?).await?;
        anyhow::Ok(())
    });
    created.buffer_unordered(AT_ONCE).try_collect::<()>().await
}

fn node(number: usize) -> (&'static str, Value) {
    let region = if number.is_multiple_of(100) { "eu-central-1" } else { "cn-hangzhou" };
    let labels = json!({ "topology.kubernetes.io/region": region });
    let metadata = json!({ "name": format!("node-{number}"), "labels": labels });
    ("/api/v1/nodes", json!({ "apiVersion": "v1", "kind": "Node", "metadata": metadata }))
}

fn namespace(number: usize) -> (&'static str, Value) {
    let metadata = json!({ "name": format!("team-{number}"), "labels": { "bund.dev/guarded": "true" } });
    ("/api/v1/namespaces", json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata }))
}

/// A Secret that holds a class, and two Deployments of five pods each.
fn of_namespace(number: usize) -> Vec<(&'static str, Value)> {
    let namespace = format!("team-{number}");
    let metadata = |name: &str, labels: Value, by: Option<(&str, &str)>| {
        let made_by = by.map(|(kind, owner)| {
            json!([{ "apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": format!("uid-{number}-{owner}"), "controller": true }])
        });
        json!({ "name": name, "namespace": namespace, "labels": labels, "ownerReferences": made_by })
    };
    let classified = json!({ "data-class.bund.dev/personal-information": "" });
    let secret =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata("db", classified, None) });
    let mut objects = vec![("/api/v1/namespaces/{namespace}/secrets", secret)];
    for app in ["orders", "web"] {
        let set = format!("{app}-7d9f8b6c54");
        let labels = json!({ "app": app, "version": "1", "pod-template-hash": "7d9f8b6c54" });
        let spec = json!({
            "replicas": 5, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": pod_spec(app) }
        });
        let workload = |kind: &str, name: &str, by| json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": metadata(name, labels.clone(), by), "spec": spec });
        objects.push(("/apis/apps/v1/namespaces/{namespace}/deployments", workload("Deployment", app, None)));
        let by = Some(("Deployment", app));
        objects.push(("/apis/apps/v1/namespaces/{namespace}/replicasets", workload("ReplicaSet", &set, by)));
        for replica in 0..5 {
            let mut spec = pod_spec(app);
            if let Some(members) = spec.as_object_mut() {
                let node = (number * 10 + replica) % NODES;
                members.insert("nodeName".to_owned(), format!("node-{node}").into());
            }
            let metadata =
                metadata(&format!("{set}-x{replica}2k9"), labels.clone(), Some(("ReplicaSet", &set)));
            let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec });
            objects.push(("/api/v1/namespaces/{namespace}/pods", pod));
        }
    }
    objects
}

/// A pod spec of ordinary size, confined to a region inside.
fn pod_spec(app: &str) -> Value {
    let environment: Vec<_> =
        (0..10).map(|n| json!({ "name": format!("VARIABLE_{n}"), "value": "value" })).collect();
    let volumes = if app == "orders" {
        json!([{ "name": "db", "secret": { "secretName": "db" } }])
    } else {
        json!([{ "name": "scratch", "emptyDir": {} }])
    };
    json!({
        "volumes": volumes, "nodeSelector": { "topology.kubernetes.io/region": "cn-hangzhou" },
        "automountServiceAccountToken": false,
        "containers": [{ "name": "app", "image": "registry.example.cn/app:1", "env": environment }]
    })
}
