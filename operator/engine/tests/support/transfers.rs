//! Transfers, decisions and what is on record of them, and judges that are plain enough to know what they say.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bund_crds::TransferDecision;
use bund_engine::{
    FieldPath, ObjectId, Snapshot, Timestamp,
    snapshot::{ApprovalFacts, Observed, TransferFacts},
    transfer::{Assessment, Due, Judges, Refusal, Route, Tally, digest},
};
use serde_json::{Value, json};

pub const NAMESPACE: &str = "shop";
pub const EXPORTER: &str = "91350100M000100Y43";
pub const REQUESTER: &str = "person-0";

/// The law allows what an exporter declares that is known. Two people must approve, each once, and none of them the
/// requester.
pub const PLAIN: Judges = Judges { assess: plain_assess, tally: plain_tally };
pub const NEEDED: usize = 2;

fn plain_assess(transfer: &TransferFacts, snapshot: &Snapshot, _: Timestamp) -> Assessment {
    let known = snapshot.transfers().exporter(&transfer.spec.exporter).is_some();
    Assessment {
        route: if known { Ok(Route::Exempt) } else { Err("the exporter is not known".to_owned()) },
        route_satisfied: Ok(String::new()),
        missing: Vec::new(),
        prohibitions: Vec::new(),
        deadlines: Vec::new(),
        begins: transfer.spec.validity.from.0,
        ends: transfer.spec.validity.until.0,
    }
}

fn plain_tally<'s>(transfer: &TransferFacts, snapshot: &'s Snapshot) -> Tally<'s> {
    let mut tally = Tally {
        approvals: Vec::new(),
        needed: NEEDED,
        wanting: String::new(),
        refused: Vec::new(),
        rejected: None,
        revoked: None,
    };
    let all = snapshot.transfers().approvals();
    for facts in all.filter(|facts| Some(&facts.spec.transfer.uid) == transfer.uid.as_ref()) {
        let who = |facts: &ApprovalFacts| facts.spec.approver.clone().unwrap().username;
        let again = tally.approvals.iter().any(|other| who(other) == who(facts));
        match facts.spec.decision {
            TransferDecision::Approved if who(facts) != REQUESTER && !again => tally.approvals.push(facts),
            TransferDecision::Rejected if tally.rejected.is_none() => tally.rejected = Some(facts),
            TransferDecision::Revoked if tally.revoked.is_none() => tally.revoked = Some(facts),
            TransferDecision::Approved | TransferDecision::Rejected | TransferDecision::Revoked => {
                let refusal =
                    Refusal { field: FieldPath::of("spec.approver"), why: "decided before".to_owned() };
                tally.refused.push((facts, refusal));
            }
        }
    }
    if tally.approvals.len() < NEEDED {
        tally.wanting = format!("{} of {NEEDED} approvals are there", tally.approvals.len());
    }
    tally
}

pub fn namespace(guarded: bool) -> Value {
    let labels = if guarded { json!({"bund.dev/guarded": "true"}) } else { json!({}) };
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}})
}

pub fn exporter() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "Exporter", "metadata": {"name": EXPORTER.to_lowercase()},
        "spec": {
            "creditCode": EXPORTER, "legalName": "Shop", "infrastructure": "NotCritical",
            "elsewhere": {"asOf": "2026-06-01", "ordinary": 0, "sensitive": 0}
        }
    })
}

/// A transfer that may begin and ends at these times.
pub fn transfer(name: &str, uid: &str, from: &str, until: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer",
        "metadata": {
            "namespace": NAMESPACE, "name": name, "uid": uid,
            "annotations": {"bund.dev/created-by": REQUESTER}
        },
        "spec": {
            "exporter": EXPORTER, "requestedBy": REQUESTER,
            "recipient": {"name": "Partner", "country": "DE", "contact": "a@partner.example", "kind": "Organisation"},
            "purpose": "delivery", "method": "an interface",
            "dataClasses": ["personal-information"], "dataTypes": ["addresses"],
            "persons": {"ordinary": 10, "sensitive": 0, "under14": 0},
            "sources": [{"kind": "Deployment", "name": "web"}],
            "destinations": [{"host": "api.partner.example"}],
            "mechanism": {"exemption": {"ground": "BelowThreshold", "evidence": "ten persons"}},
            "validity": {"from": from, "until": until}
        }
    })
}

/// A decision on a transfer, named by its uid.
pub fn decision(uid: &str, on: &Value, what: &str, who: &str, created: &str) -> Value {
    let mut spec = json!({
        "transfer": {
            "name": on["metadata"]["name"], "uid": on["metadata"]["uid"],
            "digest": digest(NAMESPACE, on).unwrap().as_str()
        },
        "dataClasses": ["personal-information"], "decision": what, "approver": {"username": who}
    });
    if what != "Approved" {
        spec["reason"] = json!("a change of mind");
    }
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "TransferApproval",
        "metadata": {"namespace": NAMESPACE, "name": uid, "uid": uid, "creationTimestamp": created},
        "spec": spec
    })
}

/// What is due, as the API server keeps it.
pub fn event(due: &Due) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent", "metadata": {"name": due.name},
        "spec": due.spec
    })
}

pub fn observe(snapshot: &mut Snapshot, object: &Value) {
    assert_eq!(snapshot.observe(object), Observed::Fact, "{object}");
}

/// Forgets an object of our kinds, as its deletion is seen.
pub fn forget(snapshot: &mut Snapshot, object: &Value) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(Into::into);
    snapshot.forget(&ObjectId {
        group: "bund.dev".into(),
        kind: text("/kind").unwrap(),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name").unwrap(),
    });
}
