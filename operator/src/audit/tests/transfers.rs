//! Who exports what, who decided on it, and what is on record of it.

use bund_engine::transfer::digest;
use serde_json::{Value, json};

use super::{Looks, own, pick};

/// The exporter, by its code.
const EXPORTER: &str = "91350100M000100Y43";
/// Where the transfer lets the data of what is in it go: to the node abroad.
const NAMESPACE: &str = "shop";

/// One of what a transfer rests on, looking like this.
pub(super) fn object(number: u8, looks: Looks) -> Value {
    let [a, b, c, ..] = looks;
    match number % 5 {
        0 => transfer(
            pick(&["pi", "pi", "pi", "logs"], a),
            pick(&["eu-central-1", "eu-central-1", "eu-west-1"], b),
        ),
        1 => approval(pick(&["Approved", "Approved", "Revoked"], a)),
        2 => event("a-1.decided", "Decided"),
        3 => event("t-1.0", pick(&["Activated", "Activated", "Activated", "Expired"], b)),
        _ => own(
            "Exporter",
            &EXPORTER.to_ascii_lowercase(),
            &json!({
                "creditCode": EXPORTER, "legalName": "Shop", "infrastructure": "NotCritical",
                "elsewhere": {"asOf": pick(&["2026-11-10", "2026-09-01"], c), "ordinary": 0, "sensitive": 0}
            }),
        ),
    }
}

fn namespaced(kind: &str, name: &str, metadata: &Value, spec: &Value) -> Value {
    let mut object = own(kind, name, spec);
    for (member, value) in metadata.as_object().unwrap() {
        object["metadata"][member] = value.clone();
    }
    object["metadata"]["namespace"] = NAMESPACE.into();
    object
}

fn transfer(class: &str, region: &str) -> Value {
    let source = |kind: &str, name: &str| json!({"kind": kind, "name": name});
    let document = |date: &str| json!({"reference": "filed", "date": date});
    namespaced(
        "CrossBorderTransfer",
        "t",
        &json!({"uid": "t-1", "annotations": {"bund.dev/created-by": "li"}}),
        &json!({
            "exporter": EXPORTER, "requestedBy": "li",
            "recipient": {"name": "Partner", "country": "DE", "contact": "a@partner.example", "kind": "Organisation"},
            "purpose": "delivery", "method": "an interface", "dataClasses": [class], "dataTypes": ["addresses"],
            "persons": {"ordinary": 10, "sensitive": 0, "under14": 0},
            "sources": [source("Deployment", "d0"), source("ReplicaSet", "r0"), source("Pod", "p0"), source("Pod", "p1")],
            "destinations": [{"provider": "alibaba", "region": region}],
            "legalBasis": "Contract",
            "mechanism": {"exemption": {"ground": "BelowThreshold", "evidence": "ten persons"}},
            "notice": {"document": document("2026-10-12"),
                "tells": ["RecipientName", "RecipientContact", "Purpose", "Method", "DataTypes", "Rights"]},
            "impactAssessment": {"document": document("2026-10-19"), "keepUntil": "2032-12-31"},
            "retention": {"place": "Frankfurt", "until": "2027-11-15", "afterwards": "deleted"},
            "validity": {"from": "2026-11-01T00:00:00Z", "until": "2027-11-01T00:00:00Z"}
        }),
    )
}

fn approval(decision: &str) -> Value {
    namespaced(
        "TransferApproval",
        "a",
        &json!({"uid": "a-1", "creationTimestamp": "2026-11-02T00:00:00Z"}),
        &json!({
            "transfer": {"name": "t", "uid": "t-1", "digest": digest_of_transfer()},
            "dataClasses": ["pi"], "decision": decision, "reason": "because", "approver": {"username": "wang"}
        }),
    )
}

fn digest_of_transfer() -> Value {
    json!(digest(NAMESPACE, &transfer("pi", "eu-central-1")).unwrap())
}

fn event(name: &str, event: &str) -> Value {
    let mut spec = json!({
        "event": event, "observedAt": "2026-11-03T00:00:00Z", "why": "because",
        "transfer": {
            "namespace": NAMESPACE, "name": "t", "uid": "t-1", "digest": digest_of_transfer(), "sequence": 0,
            "exporter": EXPORTER, "persons": {"ordinary": 10, "sensitive": 0, "under14": 0},
            "until": "2027-11-01T00:00:00Z"
        }
    });
    if event == "Decided" {
        spec["decision"] = json!({"name": "a", "uid": "a-1", "decision": "Approved", "username": "wang"});
    }
    own("LedgerEvent", name, &spec)
}
