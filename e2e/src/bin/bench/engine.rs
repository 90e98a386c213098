//! A Deployment against 1, 10 and 100 policies.

use std::{hint::black_box, time::Instant};

use anyhow::{Result, ensure};
use bund::manifest;
use bund_engine::{Request, Snapshot, Timestamp, Verdict, decide, snapshot::Observed};
use serde_json::{Value, json};

use crate::figures::Figures;

const ROUNDS: usize = 50_000;

pub(crate) fn run() -> Result<()> {
    println!(
        "\nEngine: one decision on a Deployment that mounts a classified Secret (goal: p99 <= 50 us at 100 policies)"
    );
    for policies in [1, 10, 100] {
        let snapshot = world(policies)?;
        let request = Request::of_object(deployment(), None);
        let now = Timestamp::UNIX_EPOCH;
        let verdict = decide(&request, &snapshot, now).verdict;
        ensure!(verdict == Verdict::Deny, "the Deployment is to be refused, not {verdict}");
        let mut figures = Figures::default();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            black_box(decide(black_box(&request), &snapshot, now));
            figures.add(started.elapsed());
        }
        println!("  {policies:>3} policies  {}", figures.line());
    }
    Ok(())
}

/// The shipped vocabulary, a mixed cluster with 100 nodes, and policies of which each keeps a class of its own
/// and the one in question.
pub(crate) fn world(policies: usize) -> Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    for source in bund::builtin::sources(bund::builtin::VOCABULARY) {
        for document in manifest::read(&source) {
            ensure!(snapshot.observe(&document?.value) == Observed::Fact, "{} is no fact", source.name);
        }
    }
    let mut objects = vec![location()];
    objects.extend(carriers());
    objects.extend((0..policies).map(policy));
    objects.extend(
        (0..100).map(|number| node(number, if number % 2 == 0 { "cn-hangzhou" } else { "cn-hongkong" })),
    );
    objects.push(json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": "shop", "labels": { "bund.dev/guarded": "true" } }
    }));
    for object in &objects {
        ensure!(snapshot.observe(object) == Observed::Fact, "not a fact: {object}");
    }
    snapshot.set_nodes_listed();
    Ok(snapshot)
}

pub(crate) fn location() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": { "name": "cluster" },
        "spec": { "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"] }
    })
}

/// What the Deployment mounts and references. All of it exists, as in a cluster at rest: what does not is looked
/// up live by the webhook.
pub(crate) fn carriers() -> [Value; 3] {
    let object = |kind: &str, name: &str, labels: Value| {
        json!({
            "apiVersion": "v1", "kind": kind,
            "metadata": { "name": name, "namespace": "shop", "labels": labels }
        })
    };
    [
        object("Secret", "db", json!({ "data-class.bund.dev/personal-information": "" })),
        object("ConfigMap", "settings", json!({})),
        object("ServiceAccount", "default", json!({})),
    ]
}

pub(crate) fn policy(number: usize) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": format!("policy-{number}") },
        "spec": {
            "dataClasses": ["personal-information", "activity-logs"], "jurisdictions": ["cn-mainland"],
            "enforcement": { "placement": "Deny" }, "placementStrategy": "Require"
        }
    })
}

fn node(number: usize, region: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": format!("node-{number}"), "labels": {
            "topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": format!("{region}-b")
        } },
        "spec": { "providerID": format!("{region}.i-{number}") }
    })
}

/// A Deployment of ordinary size.
pub(crate) fn deployment() -> Value {
    let environment: Vec<_> =
        (0..20).map(|n| json!({ "name": format!("VARIABLE_{n}"), "value": "value" })).collect();
    let container = |name: &str| {
        json!({
            "name": name, "image": "registry/app:1", "env": environment,
            "ports": [{ "containerPort": 8080 }],
            "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "memory": "256Mi" } },
            "readinessProbe": { "httpGet": { "path": "/ready", "port": 8080 } },
            "volumeMounts": [{ "name": "db", "mountPath": "/etc/db" }],
            "envFrom": [{ "configMapRef": { "name": "settings" } }]
        })
    };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "orders", "namespace": "shop", "labels": { "app": "orders" } },
        "spec": {
            "replicas": 3, "selector": { "matchLabels": { "app": "orders" } },
            "template": {
                "metadata": { "labels": { "app": "orders", "version": "1" } },
                "spec": {
                    "containers": [container("app"), container("sidecar")],
                    "volumes": [{ "name": "db", "secret": { "secretName": "db" } }],
                    "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{ "matchExpressions": [
                            { "key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"] },
                            { "key": "disktype", "operator": "NotIn", "values": ["hdd"] }
                        ] }]
                    } } }
                }
            }
        }
    })
}
