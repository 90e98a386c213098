//! Whose flows a transfer covers.

use super::*;

const HASH: &str = "5d9c7b";

fn made_by(mut object: Value, api: &str, kind: &str, name: &str) -> Value {
    let owner = json!({ "apiVersion": api, "kind": kind, "name": name, "uid": "u", "controller": true });
    object["metadata"]["ownerReferences"] = json!([owner]);
    object
}

/// A pod that holds a class and asks for Frankfurt.
fn pod(name: &str) -> Value {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "shop" },
        "spec": { "nodeSelector": { REGION: "eu-central-1" } }
    });
    let mut pod = labelled(pod, &["pi"]);
    pod["metadata"]["labels"]["pod-template-hash"] = json!(HASH);
    pod
}

/// A cluster with a transfer of this source.
fn source(kind: &str, name: &str, more: &[Value]) -> Snapshot {
    let sources = json!([{ "kind": kind, "name": name }]);
    let declared = transfer("shop", "t", &sources, &["pi"], &regions("alibaba", &["eu-central-1"]));
    let facts: Vec<_> = more.iter().cloned().chain([declared]).collect();
    cluster(&["alibaba"], &facts)
}

#[test]
fn a_pod_is_a_source_through_what_made_it() {
    let set = || made_by(pod("p"), "apps/v1", "ReplicaSet", "orders-5d9c7b");
    let job = |name| made_by(pod("p"), "batch/v1", "Job", name);
    for (object, kind, name, expected) in [
        (pod("p"), "Pod", "p", true),
        (pod("p"), "Pod", "q", false),
        (pod("p"), "Deployment", "p", false),
        (set(), "ReplicaSet", "orders-5d9c7b", true),
        (set(), "Deployment", "orders", true),
        (set(), "Deployment", "orders-5d9c7b", false),
        (set(), "Deployment", "order", false),
        (set(), "StatefulSet", "orders", false),
        (made_by(pod("p"), "apps/v1", "ReplicaSet", "orders-other"), "Deployment", "orders", false),
        (made_by(pod("p"), "apps/v1", "StatefulSet", "orders"), "StatefulSet", "orders", true),
        (made_by(pod("p"), "apps/v1", "DaemonSet", "orders"), "DaemonSet", "orders", true),
        // Another group's kind of the same name.
        (made_by(pod("p"), "evil.example/v1", "StatefulSet", "orders"), "StatefulSet", "orders", false),
        (made_by(pod("p"), "db.example/v1", "Cluster", "orders"), "Cluster", "orders", true),
        (job("orders"), "Job", "orders", true),
        (job("orders-29381760"), "CronJob", "orders", true),
        (job("orders-2938"), "CronJob", "orders", false),
        (job("orders-2938176x"), "CronJob", "orders", false),
        (job("orders"), "CronJob", "orders", false),
    ] {
        let snapshot = source(kind, name, &[]);
        assert_eq!(covered(&object, &snapshot), expected, "{kind} {name}: {object}");
        let subject = snapshot.extract(&object, None, None);
        let transfer = snapshot.transfers().transfer("shop", "t").unwrap();
        let told = sources_of(&subject, transfer, &snapshot);
        assert_eq!(told.len(), usize::from(expected), "{kind} {name}: {object}");
    }
}

#[test]
fn who_is_an_owner_but_not_the_controller_does_not_count() {
    let mut pod = made_by(pod("p"), "apps/v1", "StatefulSet", "orders");
    pod["metadata"]["ownerReferences"][0]["controller"] = json!(false);
    assert!(!covered(&pod, &source("StatefulSet", "orders", &[])));
}

#[test]
fn a_workload_is_a_source_by_itself_and_through_its_controller() {
    let set = |object: Value| {
        let mut set = deployment("shop", "orders-5d9c7b", &["pi"], &["eu-central-1"]);
        set["kind"] = json!("ReplicaSet");
        set["metadata"]["ownerReferences"] = object["metadata"]["ownerReferences"].clone();
        set
    };
    let snapshot = source("Deployment", "orders", &[]);
    assert!(covered(&set(made_by(json!({}), "apps/v1", "Deployment", "orders")), &snapshot));
    assert!(!covered(&set(json!({})), &snapshot));
    assert!(covered(&deployment("shop", "orders", &["pi"], &["eu-central-1"]), &snapshot));
}

#[test]
fn a_claim_is_of_the_statefulset_that_it_is_called_after() {
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "disk" },
        "provisioner": "diskplugin.csi.alibabacloud.com", "volumeBindingMode": "Immediate",
        "allowedTopologies": [{ "matchLabelExpressions": [{ "key": ZONE, "values": ["eu-central-1a"] }] }]
    });
    for (name, kind, source_name, expected) in [
        ("data-db-0", "StatefulSet", "db", true),
        ("data-db-12", "StatefulSet", "db", true),
        ("data-db-0", "PersistentVolumeClaim", "data-db-0", true),
        ("data-db-0", "Deployment", "db", false),
        ("data-db-x", "StatefulSet", "db", false),
        ("db-0", "StatefulSet", "db", false),
        ("data-dbs-0", "StatefulSet", "db", false),
        // The claim of a StatefulSet `eu-db`.
        ("data-eu-db-0", "StatefulSet", "db", false),
        ("data-eu-db-0", "StatefulSet", "eu-db", true),
    ] {
        let claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": name, "namespace": "shop" },
            "spec": { "storageClassName": "disk" }
        });
        let snapshot = source(kind, source_name, core::slice::from_ref(&class));
        assert_eq!(covered(&labelled(claim, &["pi"]), &snapshot), expected, "{name} {kind} {source_name}");
    }
}

#[test]
fn a_binding_is_of_its_pod() {
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "frankfurt-1", "labels": { REGION: "eu-central-1" } }
    });
    let binding = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": { "name": name, "namespace": "shop" },
            "target": { "kind": "Node", "name": "frankfurt-1" }
        })
    };
    let of_orders = made_by(pod("orders-5d9c7b-x"), "apps/v1", "ReplicaSet", "orders-5d9c7b");
    let snapshot = source("Deployment", "orders", &[node, of_orders, pod("stray")]);
    assert!(covered(&binding("orders-5d9c7b-x"), &snapshot));
    assert!(!covered(&binding("stray"), &snapshot));
    // A class that the binding brings is one more.
    assert!(!covered(&labelled(binding("orders-5d9c7b-x"), &["pay"]), &snapshot));
    // Whoever binds gains nothing by calling the binding's maker a source.
    assert!(!covered(&made_by(binding("stray"), "apps/v1", "Deployment", "orders"), &snapshot));
}
