//! A cluster that is made up, for benchmarks: guarded namespaces, each with a classified Secret and two Deployments.
#![allow(dead_code, reason = "each benchmark uses what it needs")]
#![allow(clippy::allow_attributes, reason = "what is not used differs from one benchmark to the next")]

use std::error::Error;
use std::time::{Duration, Instant};

use bund_crds::labels::EGRESS_HOLDS;
use bund_operator::index::{Change, View, WatchedKind};
use serde_json::{Value, json};

const REGION: &str = "topology.kubernetes.io/region";
const NODES: usize = 1000;
const POLICIES: usize = 10;

/// What some work took, and what it led to.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let done = work();
    (begun.elapsed(), done)
}

/// Resident memory of this process, in bytes.
pub fn resident() -> Result<u64, Box<dyn Error>> {
    let stat = procfs::process::Process::myself()?.stat()?;
    Ok(stat.rss * procfs::page_size())
}

/// Makes the view take in an object.
pub fn observe(view: &mut View, object: Value) {
    let api = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let kind = WatchedKind::of(group, object.get("kind").and_then(Value::as_str).unwrap_or_default());
    if let Some(kind) = kind {
        view.apply(&Change::Observed(kind, object));
    }
}

/// An object of our own kinds.
fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// A policy that asks for this mode of an aspect. The first keeps the class that is held.
pub fn policy(number: usize, aspect: &str, mode: &str) -> Value {
    let class = if number == 0 { "pi".to_owned() } else { format!("class-{number}") };
    let spec = json!({
        "dataClasses": [class], "jurisdictions": ["cn-mainland"], "enforcement": { aspect: mode },
    });
    own("ResidencyPolicy", &format!("policy-{number}"), &spec)
}

/// A mainland, nodes of which one in a hundred is abroad, and policies that deny placement.
pub fn world(view: &mut View) {
    let jurisdiction = json!({ "displayName": "Mainland China", "countryCodes": ["CN"], "providers": [
        { "name": "alibaba", "regions": ["cn-hangzhou", "cn-beijing"], "zoneForm": "RegionDashLetter" }] });
    let location = json!({ "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"] });
    let mut objects =
        vec![own("Jurisdiction", "cn-mainland", &jurisdiction), own("ClusterLocation", "cluster", &location)];
    objects.push(own("DataClass", "pi", &json!({ "category": "PersonalInformation" })));
    objects.extend((0..POLICIES).map(|number| policy(number, "placement", "Deny")));
    objects.extend((0..NODES).map(|number| {
        let region = if number % 100 == 0 { "eu-central-1" } else { "cn-hangzhou" };
        json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": format!("node-{number}"), "labels": { REGION: region } } })
    }));
    for object in objects {
        observe(view, object);
    }
    view.snapshot.set_nodes_listed();
}

/// A guarded namespace with a classified Secret and two Deployments, of which the first mounts it.
pub struct Namespace {
    pub number: usize,
    /// How many pods each of the Deployments has.
    pub pods: [usize; 2],
    /// Whether the pods carry the marks of a closed namespace.
    pub marked: bool,
}

impl Namespace {
    /// Makes the view take in all of it.
    pub fn observe(&self, view: &mut View) {
        let Self { number, pods, marked } = *self;
        let name = format!("team-{number}");
        observe(
            view,
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": { "bund.dev/guarded": "true" } } }),
        );
        let meta = |named: &str, labels: Value| json!({ "name": named, "namespace": name, "uid": format!("7f9c24e8-{number:012}-{named}"), "labels": labels });
        observe(
            view,
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": meta("db", json!({ "data-class.bund.dev/pi": "" })) }),
        );
        observe(
            view,
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("kube-root-ca.crt", json!({})) }),
        );
        observe(
            view,
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("default", json!({})) }),
        );
        for ((app, holds), pods) in [("orders", "pi"), ("web", "nothing")].into_iter().zip(pods) {
            let template = json!({ "metadata": { "labels": { "app": app, "version": "1" } }, "spec": pod_spec(app, None) });
            observe(
                view,
                json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(app, json!({ "app": app })), "spec": { "template": template } }),
            );
            let set = format!("{app}-7d9f8b6c54");
            let mut set_meta = meta(&set, json!({ "app": app }));
            put(&mut set_meta, "ownerReferences", made_by("Deployment", app));
            observe(
                view,
                json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": set_meta, "spec": { "template": template } }),
            );
            for replica in 0..pods {
                let mut labels = json!({ "app": app, "version": "1", "pod-template-hash": "7d9f8b6c54" });
                if marked {
                    put(&mut labels, EGRESS_HOLDS, holds.into());
                }
                let mut pod_meta = meta(&format!("{set}-{replica:04}x"), labels);
                put(&mut pod_meta, "ownerReferences", made_by("ReplicaSet", &set));
                let node = format!("node-{}", (number * 10 + replica) % NODES);
                let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": pod_meta, "spec": pod_spec(app, Some(&node)), "status": { "phase": "Running" } });
                observe(view, pod);
            }
        }
    }
}

fn put(object: &mut Value, member: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

fn made_by(kind: &str, name: &str) -> Value {
    json!([{ "apiVersion": "apps/v1", "kind": kind, "name": name, "controller": true }])
}

/// A pod spec of ordinary size, with what the API server adds.
pub fn pod_spec(app: &str, node: Option<&str>) -> Value {
    let environment: Vec<_> =
        (0..10).map(|n| json!({ "name": format!("VARIABLE_{n}"), "value": "value" })).collect();
    let mut volumes = vec![json!({ "name": "kube-api-access-x7k2p", "projected": { "sources": [
        { "serviceAccountToken": { "path": "token" } },
        { "configMap": { "name": "kube-root-ca.crt" } },
        { "downwardAPI": { "items": [] } }
    ] } })];
    if app == "orders" {
        volumes.push(json!({ "name": "db", "secret": { "secretName": "db" } }));
    }
    let mut spec = json!({
        "serviceAccountName": "default", "volumes": volumes, "nodeSelector": { REGION: "cn-hangzhou" },
        "containers": [{ "name": "app", "image": "registry/app:1", "env": environment,
            "volumeMounts": [{ "name": "kube-api-access-x7k2p", "mountPath": "/var/run/secrets", "readOnly": true }] }],
    });
    if let Some(node) = node {
        put(&mut spec, "nodeName", node.into());
    }
    spec
}
