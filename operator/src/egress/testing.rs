//! A shop whose egress is closed, for tests. (pure)

use bund_engine::Timestamp;
use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::kind::Kind;
use super::plan::{Action, Memory, Planned, Stage, plan};
use super::stored::{Stored, StoredPolicy};
use super::wanted::Wanted;
use crate::index::{Change, View, WatchedKind};

/// When it is.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

/// Makes the view take in an object.
pub(super) fn observe(view: &mut View, object: Value) {
    view.apply(&Change::Observed(kind_of(&object), object));
}

/// Makes the view forget an object.
pub(super) fn forget(view: &mut View, object: &Value) {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).map(Box::from);
    let key = crate::index::ObjectKey {
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name").unwrap_or_default(),
    };
    view.apply(&Change::Gone(kind_of(object), key));
}

fn kind_of(object: &Value) -> &'static WatchedKind {
    let group = object["apiVersion"].as_str().unwrap().rsplit_once('/').map_or("", |(group, _)| group);
    WatchedKind::of(group, object["kind"].as_str().unwrap()).unwrap()
}

/// A guarded namespace `shop` with a policy of this mode, and nothing in it.
pub(super) fn shop(mode: &str) -> View {
    let mut view = View::default();
    observe(
        &mut view,
        json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": { "name": "pi" },
        "spec": { "category": "PersonalInformation" } }),
    );
    observe(&mut view, policy(mode));
    observe(&mut view, namespace(true));
    view
}

pub(super) fn policy(mode: &str) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy",
        "metadata": { "name": "residency", "generation": 1, "resourceVersion": "1" },
        "spec": { "dataClasses": ["pi"], "jurisdictions": ["cn-mainland"], "enforcement": { "egress": mode } } })
}

pub(super) fn namespace(guarded: bool) -> Value {
    let labels = if guarded { json!({ "bund.dev/guarded": "true" }) } else { json!({}) };
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": labels } })
}

/// A pod of the shop with these labels.
pub(super) fn pod(name: &str, labels: impl Into<Value>) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "shop", "uid": format!("u-{name}"), "labels": labels.into() },
        "spec": { "containers": [{ "name": "app", "image": "app:1" }] } })
}

/// A pod that holds the class, and is marked or not.
pub(super) fn holder(marked: bool) -> Value {
    let mut labels = json!({ "data-class.bund.dev/pi": "" });
    if marked {
        labels["egress.bund.dev/holds"] = "pi".into();
    }
    pod("holder", labels)
}

/// What is stored, with nothing of ours in it.
pub(super) fn nothing_stored() -> Stored {
    let mut stored = Stored::default();
    stored.take(Kind::Network, &Event::Init);
    stored.take(Kind::Network, &Event::InitDone);
    stored
}

/// A policy as the API server stores it.
pub(super) fn as_stored(manifest: &Value, uid: &str, generation: i64, manager: &str) -> DynamicObject {
    let mut object = manifest.clone();
    object["metadata"]["uid"] = uid.into();
    object["metadata"]["generation"] = generation.into();
    object["metadata"]["managedFields"] = json!([{ "manager": "bund-egress", "operation": "Apply", "time": "2026-01-01T00:00:00Z" },
            { "manager": manager, "operation": "Update", "time": "2026-01-02T00:00:00Z" }]);
    serde_json::from_value(object).unwrap()
}

/// A pass over a view.
pub(super) fn pass(view: &View, stored: &Stored, whole: bool, memory: &mut Memory) -> Planned {
    let wanted = wanted(view);
    plan(&wanted, stored, &view.snapshot, whole, memory, tokio::time::Instant::now())
}

pub(super) fn wanted(view: &View) -> Wanted {
    Wanted::of(&view.snapshot, |kind| kind == Kind::Network, 100, now())
}

/// Stores what a pass writes, and returns it in short.
pub(super) fn carry_out(planned: Planned, stored: &mut Stored, memory: &mut Memory) -> Vec<String> {
    let mut told = Vec::new();
    for (stage, action) in planned.writes {
        match &action {
            Action::Apply { policy, key, .. } => {
                let object = as_stored(&policy.manifest(key), &format!("u-{}", key.name), 1, "bund-egress");
                if let Some((key, written)) = StoredPolicy::read(key.kind, &object) {
                    memory.wrote(&key, &written);
                    stored.insert(key, written);
                }
            }
            Action::Delete { key, uid } => stored.remove(key, uid),
            Action::Mark(_) | Action::Evict { .. } => {}
        }
        told.push(told_of(stage, &action));
    }
    told
}

/// A write in short.
pub(super) fn told_of(stage: Stage, action: &Action) -> String {
    let what = match action {
        Action::Apply { key, mends: None, .. } => format!("apply {key}"),
        Action::Apply { key, mends: Some(mends), .. } => format!("mend {key}: {}", mends.damage.as_str()),
        Action::Delete { key, .. } => format!("delete {key}"),
        Action::Mark(marking) => format!("mark {}: {:?}", marking.pod.1, marking.labels),
        Action::Evict { pod, .. } => format!("evict {}", pod.1),
    };
    format!("{stage:?}: {what}")
}
