//! What the audit takes: a policy change over many pods, a change of one pod, and memory.
//!
//! Ten pods in each guarded namespace, of two Deployments; one of the Deployments mounts a classified Secret. Nothing
//! but the audit runs: no API server, no watch.
#![expect(clippy::print_stdout, reason = "figures are for people")]

use std::error::Error;
use std::time::{Duration, Instant};

use bund_engine::Timestamp;
use bund_operator::audit::Audit;
use bund_operator::index::{Change, Touched, View, WatchedKind};
use serde_json::{Value, json};

const REGION: &str = "topology.kubernetes.io/region";
const NODES: usize = 1000;
const POLICIES: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "\nAudit: a policy change over many pods (goal: 100,000 pods judged again in 2 s, within 300 MiB)"
    );
    for namespaces in [1_000, 10_000] {
        run(namespaces)?;
    }
    Ok(())
}

fn run(namespaces: usize) -> Result<(), Box<dyn Error>> {
    let before = resident()?;
    let mut view = View::default();
    for object in world() {
        observe(&mut view, object);
    }
    view.snapshot.set_nodes_listed();
    for number in 0..namespaces {
        namespace(&mut view, number);
    }
    let held = resident()?;
    let mut audit = Audit::default();
    let first = timed(|| audit.pass(&view, &Touched::Everything, Timestamp::UNIX_EPOCH));
    let policy = policy(0, "Audit");
    observe(&mut view, policy);
    let mut again: Vec<_> =
        (0..5).map(|_| timed(|| audit.pass(&view, &Touched::Everything, Timestamp::UNIX_EPOCH)).0).collect();
    again.sort_unstable();
    let (covered, violating) =
        audit.audited().policies.values().next().map_or((0, 0), |totals| (totals.covered, totals.violating));
    println!(
        "  {:>7} pods in {namespaces:>6} namespaces: first {:>6.0?}, after a policy change {:>6.0?} (median of 5), \
         {covered} covered, {violating} violating; {} MiB with what is known, {} MiB with what was found",
        namespaces * 10,
        first.0,
        again.get(2).copied().unwrap_or_default(),
        (held - before) >> 20,
        (resident()? - before) >> 20,
    );
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let done = work();
    (begun.elapsed(), done)
}

/// Resident memory of this process, in bytes.
fn resident() -> Result<u64, Box<dyn Error>> {
    let stat = procfs::process::Process::myself()?.stat()?;
    Ok(stat.rss * procfs::page_size())
}

fn observe(view: &mut View, object: Value) {
    let api = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let kind = WatchedKind::of(group, object.get("kind").and_then(Value::as_str).unwrap_or_default());
    if let Some(kind) = kind {
        view.apply(&Change::Observed(kind, object));
    }
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn policy(number: usize, mode: &str) -> Value {
    let class = if number == 0 { "pi".to_owned() } else { format!("class-{number}") };
    let spec = json!({
        "dataClasses": [class], "jurisdictions": ["cn-mainland"], "enforcement": { "placement": mode },
    });
    own("ResidencyPolicy", &format!("policy-{number}"), &spec)
}

fn world() -> Vec<Value> {
    let jurisdiction = json!({ "displayName": "Mainland China", "countryCodes": ["CN"], "providers": [
        { "name": "alibaba", "regions": ["cn-hangzhou", "cn-beijing"], "zoneForm": "RegionDashLetter" }] });
    let location = json!({ "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"] });
    let mut objects =
        vec![own("Jurisdiction", "cn-mainland", &jurisdiction), own("ClusterLocation", "cluster", &location)];
    objects.push(own("DataClass", "pi", &json!({ "category": "PersonalInformation" })));
    objects.extend((0..POLICIES).map(|number| policy(number, "Deny")));
    objects.extend((0..NODES).map(|number| {
        // One node in a hundred is abroad.
        let region = if number % 100 == 0 { "eu-central-1" } else { "cn-hangzhou" };
        json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": format!("node-{number}"), "labels": { REGION: region } } })
    }));
    objects
}

fn namespace(view: &mut View, number: usize) {
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
    for app in ["orders", "web"] {
        let template =
            json!({ "metadata": { "labels": { "app": app, "version": "1" } }, "spec": pod_spec(app, None) });
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
        for replica in 0..5 {
            let labels = json!({ "app": app, "version": "1", "pod-template-hash": "7d9f8b6c54" });
            let mut pod_meta = meta(&format!("{set}-x{replica}2k9"), labels);
            put(&mut pod_meta, "ownerReferences", made_by("ReplicaSet", &set));
            let node = format!("node-{}", (number * 10 + replica) % NODES);
            let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": pod_meta, "spec": pod_spec(app, Some(&node)), "status": { "phase": "Running" } });
            observe(view, pod);
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
fn pod_spec(app: &str, node: Option<&str>) -> Value {
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
