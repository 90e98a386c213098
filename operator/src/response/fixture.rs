//! A cluster for tests: a policy that evicts, a node on the mainland and one abroad, and namespaces of every sort.

use std::sync::Arc;

use bund_engine::Timestamp;
use serde_json::{Value, json};

use crate::audit::{Audit, Audited};
use crate::index::{Change, SubjectKey, Touched, View, WatchedKind};

pub(super) const REGION: &str = "topology.kubernetes.io/region";
/// Our own namespace.
pub(super) const OWN: &str = "bund-system";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

pub(super) fn observe(view: &mut View, object: Value) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let group = text("/apiVersion").split_once('/').map_or(String::new(), |(group, _)| group.to_owned());
    let kind = WatchedKind::of(&group, &text("/kind")).unwrap();
    view.apply(&Change::Observed(kind, object));
}

pub(super) fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": kind, "spec": spec,
        "metadata": {"name": name, "generation": 2, "creationTimestamp": at(0).to_string()}})
}

pub(super) fn policy(name: &str, mode: &str, running: &Value) -> Value {
    own(
        "ResidencyPolicy",
        name,
        &json!({"dataClasses": ["pi"], "jurisdictions": ["cn-mainland"], "enforcement": {"placement": mode}, "running": running}),
    )
}

pub(super) fn location(span: &str) -> Value {
    let spec = json!({"jurisdiction": "cn-mainland", "span": span, "providers": ["alibaba"],
        "exemptNamespaces": ["infra"]});
    own("ClusterLocation", "cluster", &spec)
}

pub(super) fn node(name: &str, region: &str, taints: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "spec": {"taints": taints},
        "metadata": {"name": name, "uid": format!("uid-{name}"), "resourceVersion": "7", "labels": {REGION: region}}})
}

/// A classified pod on a node. With an owner, a ReplicaSet made it.
pub(super) fn pod(namespace: &str, name: &str, node: &str, owner: Option<&str>) -> Value {
    let owners = owner.map(|owner| {
        json!([{"controller": true, "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": "o"}])
    });
    json!({"apiVersion": "v1", "kind": "Pod", "spec": {"nodeName": node},
        "metadata": {"name": name, "namespace": namespace, "uid": format!("uid-{namespace}-{name}"),
            "labels": {"data-class.bund.dev/pi": ""}, "ownerReferences": owners}})
}

pub(super) fn mirror(namespace: &str, name: &str, node: &str) -> Value {
    let mut mirror = pod(namespace, name, node, None);
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    mirror
}

/// `shop` is guarded, `infra` exempt, in `broken` glass is broken, `plain` is not enrolled, `marked` is guarded by a class
/// alone.
pub(super) fn view() -> View {
    let mut view = View::default();
    let jurisdiction = json!({"displayName": "Mainland China", "countryCodes": ["CN"], "providers": [
        {"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]});
    let glass = json!({"reason": "INC-1: everything burns", "requestedBy": "li", "namespaces": ["broken"],
        "durationMinutes": 1440});
    let namespace = |name: &str, labels: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    let guarded = json!({"bund.dev/guarded": "true"});
    for object in [
        location("Mixed"),
        own("Jurisdiction", "cn-mainland", &jurisdiction),
        own("DataClass", "pi", &json!({"category": "PersonalInformation"})),
        own("BreakGlass", "inc-1", &glass),
        namespace("shop", guarded.clone()),
        namespace("infra", guarded.clone()),
        namespace("broken", guarded.clone()),
        namespace(OWN, guarded),
        namespace("plain", json!({})),
        namespace("marked", json!({"data-class.bund.dev/pi": ""})),
        node("hangzhou", "cn-hangzhou", &Value::Null),
        node("frankfurt", "eu-central-1", &Value::Null),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {},
            "metadata": {"name": "web", "namespace": "shop", "uid": "rs"}}),
    ] {
        observe(&mut view, object);
    }
    view.snapshot.set_nodes_listed();
    view
}

pub(super) fn gone(view: &mut View, pod: &SubjectKey) {
    let key = crate::index::ObjectKey { namespace: Some(pod.namespace.clone()), name: pod.name.clone() };
    view.apply(&Change::Gone(WatchedKind::of("", "Pod").unwrap(), key));
}

pub(super) fn lost(view: &mut View, kind: &str, name: &str) {
    let key = crate::index::ObjectKey { namespace: None, name: name.into() };
    view.apply(&Change::Gone(WatchedKind::of("bund.dev", kind).unwrap(), key));
}

pub(super) fn audited(view: &View, now: Timestamp) -> Audited {
    let mut audit = Audit::default();
    audit.pass(view, &Touched::Everything, now);
    audit.audited()
}

pub(super) fn key(namespace: &str, name: &str) -> Arc<SubjectKey> {
    Arc::new(SubjectKey::pod(namespace, name))
}
