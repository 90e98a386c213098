//! Transfers to test with.

use bund_crds::{EventType, LedgerEventSpec};
use serde_json::{Value, json};

use crate::index::{Change, ObjectKey, View, WatchedKind};

/// A change to an object of our own kinds.
pub(crate) fn observed(object: Value) -> Change {
    let kind = WatchedKind::of(bund_crds::GROUP, object["kind"].as_str().unwrap()).unwrap();
    Change::Observed(kind, object)
}

/// An object of our own kinds is gone.
pub(crate) fn gone(kind: &str, name: &str) -> Change {
    let kind = WatchedKind::of(bund_crds::GROUP, kind).unwrap();
    let namespaced = matches!(kind.kind, "CrossBorderTransfer" | "TransferApproval");
    Change::Gone(kind, ObjectKey { namespace: namespaced.then(|| "shop".into()), name: name.into() })
}

/// A view of these objects, in which every kind was listed.
pub(crate) fn view(objects: impl IntoIterator<Item = Value>) -> View {
    let mut view = View::default();
    for object in objects {
        view.apply(&observed(object));
    }
    view.remember_ends();
    view
}

/// A transfer of namespace `shop`.
pub(crate) fn transfer(name: &str, uid: &str) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer",
        "metadata": {"name": name, "namespace": "shop", "uid": uid, "generation": 1, "resourceVersion": "7",
            "annotations": {"bund.dev/created-by": "han.meimei@example.cn"}},
        "spec": {"exporter": "91350100M000100Y43", "requestedBy": "li.lei@example.cn",
            "recipient": {"name": "Partner", "country": "DE", "contact": "dpo@partner.example", "kind": "Organisation"},
            "purpose": "delivery", "method": "an interface", "dataClasses": ["pi"], "dataTypes": ["name"],
            "persons": {"ordinary": 1, "sensitive": 0, "under14": 0},
            "sources": [{"kind": "Deployment", "name": "orders"}],
            "destinations": [{"host": "api.partner.example"}],
            "mechanism": {"exemption": {"ground": "BelowThreshold", "evidence": "few persons"}},
            "validity": {"from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}}})
}

/// What happened to the transfer `orders`.
pub(crate) fn event(event: EventType, uid: &str, sequence: u32) -> LedgerEventSpec {
    serde_json::from_value(json!({"event": event, "observedAt": "2026-01-02T00:00:00Z", "why": "it happened",
        "transfer": {"namespace": "shop", "name": "orders", "uid": uid, "digest": "0".repeat(64),
            "sequence": sequence, "exporter": "91350100M000100Y43", "until": "2027-01-01T00:00:00Z",
            "persons": {"ordinary": 1, "sensitive": 0, "under14": 0}}}))
    .unwrap()
}

/// The same, as it is stored.
pub(crate) fn recorded(kind: EventType, uid: &str, sequence: u32) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent",
        "metadata": {"name": format!("{uid}.{sequence}")}, "spec": event(kind, uid, sequence)})
}

/// A decision on the transfer `orders`.
pub(crate) fn decision(name: &str, transfer_uid: &str, decision: &str) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": "TransferApproval",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}")},
        "spec": {"transfer": {"name": "orders", "uid": transfer_uid, "digest": "0".repeat(64)},
            "dataClasses": ["pi"], "decision": decision, "reason": "as agreed",
            "approver": {"username": "wang.fang@example.cn"}}})
}

/// That an approval counted, as it is recorded.
pub(crate) fn decided(approval: &str, transfer_uid: &str) -> Value {
    let mut event = recorded(EventType::Decided, transfer_uid, 0);
    event["metadata"]["name"] = format!("uid-{approval}.decided").into();
    event["spec"]["decision"] = json!({"name": approval, "uid": format!("uid-{approval}"), "decision": "Approved",
        "username": "wang.fang@example.cn"});
    event
}
