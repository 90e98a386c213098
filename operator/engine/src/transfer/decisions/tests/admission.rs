//! What somebody is about to decide.

use alloc::{borrow::ToOwned, format, string::String};

use super::*;

fn judged(decision: &Value, snapshot: &Snapshot) -> (Result<(), String>, bool) {
    let spec: TransferApprovalSpec = serde_json::from_value(decision.clone()).unwrap();
    let field = |Refusal { field, .. }| field.as_str().to_owned();
    (judge_decision("shop", &spec, snapshot).map_err(field), needs_right("shop", &spec, snapshot))
}

#[test]
fn what_is_about_to_be_decided_is_judged_as_it_would_count() {
    let two = rule("two", "pi", 2, &["legal"]);
    let snapshot = world(&[two, approval(0, &spec("Approved", "lin@legal"))]);
    let refused = |field: &str| Err(field.to_owned());
    for (decision, who, expected) in [
        ("Approved", "wang@legal", Ok(())),
        ("Approved", "lin@legal", refused("spec.approver")),
        ("Approved", "wang@ops", refused("spec.approver.groups")),
        ("Approved", "kate@legal", refused("spec.approver")),
        ("Rejected", "wang@ops", Ok(())),
        ("Rejected", "kate@legal", refused("spec.approver")),
        ("Revoked", "anybody", Ok(())),
    ] {
        assert_eq!(judged(&spec(decision, who), &snapshot), (expected, true), "{decision} {who}");
    }
    for who in ["kate", CI, "other/u-ci", "lin"] {
        assert_eq!(judged(&spec("Revoked", who), &snapshot), (Ok(()), false), "{who} may always end it");
    }
    let mut unknown = spec("Revoked", "kate");
    unknown["transfer"]["name"] = json!("wages");
    assert_eq!(judged(&unknown, &snapshot), (refused("spec.transfer.name"), true));
}

/// Something on record of the transfer, a month after its decisions.
fn event(sequence: u32, event: &str, why: &str, decision: Option<&str>) -> Value {
    let mut spec = json!({
        "event": event, "observedAt": "2026-04-01T00:00:00Z", "why": why,
        "transfer": {
            "namespace": "shop", "name": "payroll", "uid": "t-1", "digest": digest("shop", &transfer()).unwrap(),
            "sequence": sequence, "exporter": "91350100M000100Y43", "until": "2027-03-01T00:00:00Z",
            "persons": { "ordinary": 10, "sensitive": 0, "under14": 0 }
        }
    });
    if let Some(decision) = decision {
        spec["decision"] = json!({ "name": "d", "uid": "d-9", "decision": decision, "username": "wang" });
    }
    own("LedgerEvent", &format!("t-1.{sequence}"), &spec)
}

#[test]
fn who_approved_before_nobody_kept_watch_may_approve_again() {
    let lapsed = |why: &str| {
        let decided = approval(0, &spec("Approved", "lin"));
        world(&[decided, event(0, "Activated", "approved", None), event(1, "Suspended", why, None)])
    };
    let again = |why: &str| judged(&spec("Approved", "lin"), &lapsed(why)).0;
    assert_eq!(again("nobody kept watch after 2026-03-31T23:00:00Z"), Ok(()));
    assert_eq!(again("a tier was crossed"), Err("spec.approver".to_owned()));
}

#[test]
fn what_ended_by_the_record_is_not_approved_again_and_may_be_revoked() {
    for (of, decision, open) in [
        ("Activated", None, true),
        ("Suspended", None, true),
        ("Decided", Some("Approved"), true),
        ("DecisionRefused", Some("Rejected"), true),
        ("Decided", Some("Rejected"), false),
        ("Decided", Some("Revoked"), false),
        ("Expired", None, false),
        ("Revoked", None, false),
        ("Superseded", None, false),
    ] {
        let snapshot = world(&[event(1, of, "because", decision)]);
        let expected = if open { Ok(()) } else { Err("spec.transfer.name".to_owned()) };
        assert_eq!(judged(&spec("Approved", "lin"), &snapshot), (expected, true), "{of} {decision:?}");
        assert_eq!(judged(&spec("Revoked", "kate"), &snapshot), (Ok(()), false), "{of} {decision:?}");
    }
}

#[test]
fn every_refusal_says_what_to_do() {
    let snapshot = world(&[rule("two", "pi", 2, &["legal"]), approval(0, &spec("Approved", "lin/1@legal"))]);
    let told = |decision: &str, who: &str| {
        let spec: TransferApprovalSpec = serde_json::from_value(spec(decision, who)).unwrap();
        judge_decision("shop", &spec, &snapshot).unwrap_err().why
    };
    let sentences = BTreeSet::from([
        told("Approved", "kate@legal"),
        told("Rejected", "kate"),
        told("Approved", "other/u-ci@legal"),
        told("Approved", "lin@legal"),
        told("Approved", "zhao/1@legal"),
        told("Approved", "wang@ops"),
        told("Approved", "system:serviceaccount:a:b@legal"),
    ]);
    let expected = [
        "kate requested the transfer and cannot approve it; ask somebody else to",
        "kate requested the transfer and cannot reject it; to end it, revoke it",
        "lin has approved already, by TransferApproval d9; ask somebody else to approve",
        "other created the transfer and cannot approve it; ask somebody else to",
        "system:serviceaccount:a:b is a service account, and a person decides; to let it, every ResidencyPolicy that keeps pi must name it in spec.trustedSubjects with Approve",
        "wang is in no group that ResidencyPolicies let approve; ask somebody of legal (two) to approve",
        "zhao is lin, who has approved already, by TransferApproval d9; ask somebody else to approve",
    ];
    assert_eq!(sentences.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
