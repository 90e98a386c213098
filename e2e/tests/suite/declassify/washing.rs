//! Every way to take a class away that is tried.

use serde_json::{Value, json};

use super::{SELECTOR, WASHED};
use crate::admission::{CLASS, deployment, pod};

/// One way to take a class away from an object that holds it.
#[derive(Default)]
pub(super) struct Washing {
    /// What is tried.
    pub(super) what: &'static str,
    /// The object that holds the class.
    pub(super) object: Value,
    /// What must be in it, where it is a Namespace.
    pub(super) inside: Vec<Value>,
    /// The part of the object that is written.
    pub(super) subresource: Option<&'static str>,
    /// The merge patch that is written.
    pub(super) change: Value,
    /// Why it is refused.
    pub(super) reason: &'static str,
}

const GUARDED: &str = "bund.dev/guarded";

/// Every way.
pub(super) fn washings() -> Vec<Washing> {
    let unlabelled = json!({ "metadata": { "labels": { CLASS: null } } });
    let of = |what, object: Value| Washing {
        what,
        object,
        change: unlabelled.clone(),
        reason: "ClassRemoved",
        ..Washing::default()
    };
    let by_status = |washing| Washing { subresource: Some("status"), ..washing };
    vec![
        of("the label of a Secret", secret("washed")),
        of("the label of a pod", waiting("washed")),
        by_status(of("the label of a pod through its status", waiting("washed"))),
        Washing {
            change: json!({ "spec": { "template": { "metadata": { "labels": { CLASS: null } } } } }),
            ..of("the label in a template", deployment(WASHED, "washed", 0, json!({ CLASS: "" })))
        },
        of("the label of a claim", claim("washed")),
        by_status(of("the label of a claim through its status", claim("washed"))),
        of("the label of a volume", volume("washed")),
        by_status(of("the label of a volume through its status", volume("washed"))),
        Washing {
            change: json!({ "metadata": { "labels": { (SELECTOR): "no" } } }),
            ..of("a label that a selector matches", selected())
        },
    ]
    .into_iter()
    .chain(of_namespaces(&unlabelled))
    .collect()
}

/// What protects a namespace as a whole.
fn of_namespaces(unlabelled: &Value) -> Vec<Washing> {
    let of = |what, name, more: Value, change: &Value| Washing {
        what,
        object: namespace(name, &more),
        change: change.clone(),
        reason: "GuardRemoved",
        ..Washing::default()
    };
    let guarded = |what, name, guard: Value| {
        let mut inside = secret("inside");
        inside["metadata"]["namespace"] = json!(name);
        let change = json!({ "metadata": { "labels": { GUARDED: guard } } });
        Washing { inside: vec![inside], ..of(what, name, json!({}), &change) }
    };
    let classified =
        |what, name| Washing { reason: "ClassRemoved", ..of(what, name, json!({ CLASS: "" }), unlabelled) };
    let through = |subresource, washing| Washing { subresource: Some(subresource), ..washing };
    vec![
        guarded("the guard of a namespace", "washed-unguarded", json!(null)),
        through("status", guarded("the guard, through the status", "washed-by-status", json!("no"))),
        through("finalize", guarded("the guard, through the finalizers", "washed-by-end", json!(null))),
        classified("the label of a namespace", "washed-label"),
        through(
            "status",
            classified("the label of a namespace, through its status", "washed-label-by-status"),
        ),
    ]
}

fn namespace(name: &str, more: &Value) -> Value {
    let mut labels = json!({ GUARDED: "true", "e2e": WASHED });
    if let (Some(labels), Some(more)) = (labels.as_object_mut(), more.as_object()) {
        labels.extend(more.clone());
    }
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}

pub(super) fn secret(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata(name), "data": { "a": "YQ==" } })
}

fn selected() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "selected", "namespace": WASHED, "labels": { (SELECTOR): "yes" } }
    })
}

/// A pod that waits for a scheduler that never comes.
pub(super) fn waiting(name: &str) -> Value {
    let inside = json!({ "topology.kubernetes.io/region": "cn-hangzhou" });
    pod(WASHED, name, json!({ "schedulerName": "nobody", "nodeSelector": inside }))
}

pub(super) fn claim(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(name),
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "",
            "resources": { "requests": { "storage": "1Gi" } }
        }
    })
}

/// A volume in Hangzhou that nobody claims.
pub(super) fn volume(name: &str) -> Value {
    let inside =
        json!({ "key": "topology.kubernetes.io/region", "operator": "In", "values": ["cn-hangzhou"] });
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": { "name": format!("e2e-{name}"), "labels": { CLASS: "" } },
        "spec": {
            "capacity": { "storage": "2Gi" }, "accessModes": ["ReadWriteMany"], "storageClassName": "e2e-kept",
            "persistentVolumeReclaimPolicy": "Retain",
            "csi": { "driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": format!("d-{name}") },
            "nodeAffinity": { "required": { "nodeSelectorTerms": [{ "matchExpressions": [inside] }] } }
        }
    })
}

fn metadata(name: &str) -> Value {
    json!({ "name": name, "namespace": WASHED, "labels": { CLASS: "" } })
}
