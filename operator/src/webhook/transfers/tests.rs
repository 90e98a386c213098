use bund_engine::snapshot::Observed;
use bund_engine::transfer::digest;

use super::*;

fn user(name: &str) -> UserInfo {
    UserInfo { username: Some(name.to_owned()), ..UserInfo::default() }
}

fn lin() -> UserInfo {
    UserInfo {
        uid: Some("u-lin".to_owned()),
        groups: Some(vec!["legal".to_owned(), "system:authenticated".to_owned()]),
        extra: Some([(CREDENTIAL.to_owned(), vec!["JTI=1".to_owned(), "JTI=2".to_owned()])].into()),
        ..user("lin")
    }
}

fn transfer() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer",
        "metadata": { "name": "payroll", "namespace": "shop", "uid": "t-1" },
        "spec": {
            "exporter": "91350100M000100Y43", "requestedBy": "kate",
            "recipient": { "name": "Example GmbH", "country": "DE", "contact": "dpo@example.com", "kind": "Organisation" },
            "purpose": "payroll", "method": "an interface", "dataClasses": ["pi"], "dataTypes": ["names"],
            "persons": { "ordinary": 10, "sensitive": 0, "under14": 0 },
            "sources": [{ "kind": "Deployment", "name": "web" }],
            "destinations": [{ "host": "api.example.com" }],
            "mechanism": { "exemption": { "ground": "HumanResources", "evidence": "handbook" } },
            "validity": { "from": "2026-03-02T00:00:00Z", "until": "2027-03-01T00:00:00Z" }
        }
    })
}

fn stamped_transfer() -> Value {
    let mut transfer = transfer();
    transfer["metadata"]["annotations"] = json!({ "bund.dev/created-by": "ci" });
    transfer
}

fn decision(how: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "TransferApproval",
        "metadata": { "name": "d", "namespace": "shop" },
        "spec": {
            "transfer": { "name": "payroll", "uid": "t-1", "digest": digest("shop", &transfer()).unwrap() },
            "dataClasses": ["pi"], "decision": how, "reason": "because"
        }
    })
}

fn by(mut decision: Value, user: &UserInfo) -> Value {
    decision["spec"]["approver"] = json!(approver(user));
    decision
}

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    let guarded = json!({ "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": "shop", "labels": { "bund.dev/guarded": "true" } } });
    for fact in [guarded, stamped_transfer()] {
        assert_eq!(snapshot.observe(&fact), Observed::Fact, "{fact}");
    }
    snapshot
}

fn question(object: Value, user: UserInfo) -> Question {
    let mut request = Request::of_object(object, None);
    request.namespace = Some("shop".to_owned());
    Question { uid: "u-1".to_owned(), request, resource: "transferapprovals", user, dry_run: false }
}

fn answer(entrance: Entrance, question: &Question) -> Value {
    let made = Made::by(&question.request).unwrap();
    let answer = made.answer(entrance, question, &snapshot(), Timestamp::UNIX_EPOCH);
    let dry = Question { dry_run: true, ..question.clone() };
    assert_eq!(
        made.answer(entrance, &dry, &snapshot(), Timestamp::UNIX_EPOCH),
        answer,
        "a dry run is identical"
    );
    answer.into_review("u-1")["response"].clone()
}

/// The patch that a mutating answer holds.
fn patch(object: Value, user: UserInfo) -> Value {
    let answer = answer(Entrance::Mutating, &question(object, user));
    assert_eq!(answer["allowed"], true);
    let Some(patch) = answer.get("patch") else { return json!([]) };
    assert_eq!(answer["patchType"], "JSONPatch");
    let patch: k8s_openapi::ByteString = serde_json::from_value(patch.clone()).unwrap();
    serde_json::from_slice(&patch.0).unwrap()
}

#[test]
fn who_decides_is_written_where_nobody_is_named() {
    let stamp = |approver: Value| json!([{ "op": "add", "path": "/spec/approver", "value": approver }]);
    let whole = json!({
        "username": "lin", "uid": "u-lin", "groups": ["legal", "system:authenticated"], "credential": "JTI=1"
    });
    assert_eq!(patch(decision("Approved"), lin()), stamp(whole));
    assert_eq!(patch(decision("Revoked"), user("wang")), stamp(json!({ "username": "wang" })));
    let nothing = UserInfo { uid: Some(String::new()), groups: Some(Vec::new()), ..user("wang") };
    assert_eq!(patch(decision("Approved"), nothing), stamp(json!({ "username": "wang" })));
    // Another name is left for the refusal, and nothing is added to it.
    assert_eq!(patch(by(decision("Approved"), &user("wang")), lin()), json!([]));
    assert_eq!(patch(decision("Approved"), user("")), json!([]));
    let mut without_spec = decision("Approved");
    without_spec["spec"] = json!(null);
    assert_eq!(patch(without_spec, lin()), json!([]));
}

#[test]
fn who_creates_is_written_where_nobody_is_named() {
    let name = json!({ "op": "add", "path": "/metadata/annotations/bund.dev~1created-by", "value": "lin" });
    let uid =
        json!({ "op": "add", "path": "/metadata/annotations/bund.dev~1created-by-uid", "value": "u-lin" });
    let both = json!({ "bund.dev/created-by": "lin", "bund.dev/created-by-uid": "u-lin" });
    let map = |value: Value| json!([{ "op": "add", "path": "/metadata/annotations", "value": value }]);
    let annotated = |annotations: Value| {
        let mut transfer = transfer();
        transfer["metadata"]["annotations"] = annotations;
        transfer
    };
    assert_eq!(patch(transfer(), lin()), map(both.clone()));
    assert_eq!(patch(annotated(json!(null)), lin()), map(both.clone()));
    assert_eq!(patch(transfer(), user("kate")), map(json!({ "bund.dev/created-by": "kate" })));
    assert_eq!(patch(annotated(json!({ "a": "b" })), lin()), json!([name, uid]));
    assert_eq!(patch(annotated(json!({ "bund.dev/created-by": "kate" })), lin()), json!([uid]));
    assert_eq!(patch(annotated(both), lin()), json!([]));
}

#[test]
fn only_their_creation_is_answered_here() {
    let made = |object: Value| Made::by(&Request::of_object(object, None));
    assert_eq!(made(transfer()), Some(Made::Transfer));
    assert_eq!(made(decision("Approved")), Some(Made::Decision));
    for (api_version, kind) in [
        ("v1", "Pod"),
        ("example.com/v1", "TransferApproval"),
        ("bund.dev/v1alpha1", "LedgerEvent"),
        ("", ""),
    ] {
        assert_eq!(made(json!({ "apiVersion": api_version, "kind": kind })), None);
    }
    assert_eq!(Made::by(&Request::of_object(transfer(), Some(transfer()))), None);
    assert_eq!(made(json!([])), None);
}

/// The refusal of a decision; empty where there is none.
fn refusal(object: Value, user: UserInfo) -> String {
    let answer = answer(Entrance::Validating, &question(object, user));
    let status = &answer["status"];
    assert_eq!(answer["allowed"] == true, status.is_null(), "{answer}");
    if !status.is_null() {
        assert_eq!((&status["code"], &status["reason"]), (&json!(403), &json!("Forbidden")), "{answer}");
    }
    status["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_decision_that_would_not_count_is_refused_with_what_to_do() {
    let kate = user("kate");
    assert_eq!(
        refusal(by(decision("Approved"), &kate), kate.clone()),
        "TransferApproval: kate requested the transfer and cannot approve it; ask somebody else to; field spec.approver"
    );
    assert_eq!(
        refusal(by(decision("Approved"), &user("wang")), lin()),
        "TransferApproval: spec.approver must be you; leave it out: Bund writes it"
    );
    assert_eq!(
        refusal(decision("Approved"), lin()),
        "TransferApproval: spec.approver must be you; leave it out: Bund writes it"
    );
    let mut wrong = by(decision("Approved"), &lin());
    wrong["spec"]["transfer"]["uid"] = json!("t-0");
    let told = refusal(wrong, lin());
    assert!(told.contains("another transfer that was named payroll"), "{told}");
    let mut unreadable = by(decision("Approved"), &lin());
    unreadable["spec"]["dataClasses"] = json!([]);
    let told = refusal(unreadable, lin());
    assert!(told.contains("spec.dataClasses"), "{told}");
    assert!(
        refusal(json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "TransferApproval" }), lin())
            .contains("cannot be read")
    );
}

#[test]
fn whoever_asked_for_a_transfer_may_end_it_and_nobody_else_without_the_right() {
    for name in ["kate", "ci"] {
        assert_eq!(refusal(by(decision("Revoked"), &user(name)), user(name)), "");
    }
    for how in ["Approved", "Rejected", "Revoked"] {
        let told = refusal(by(decision(how), &lin()), lin());
        assert!(
            told.starts_with("TransferApproval: you were not given the verb approve on transferauthorities/pi of group bund.dev"),
            "{told}"
        );
    }
}

fn assessment(missing: usize) -> Assessment {
    let item = |number: usize| Missing {
        field: bund_engine::FieldPath::of(&format!("spec.f{number}")),
        remedy: "write it".to_owned(),
        control: "XFER-3",
        citation: "PIPL Art. 39",
    };
    Assessment {
        route: Ok(Route::SecurityAssessment),
        route_satisfied: Err("apply for one".to_owned()),
        missing: (0..missing).map(item).collect(),
        prohibitions: vec![Prohibition {
            field: bund_engine::FieldPath::of("spec.recipient"),
            why: "the authority excludes it".to_owned(),
            control: "XFER-5",
            citation: "PIPL Art. 42",
        }],
        deadlines: Vec::new(),
        begins: Timestamp::UNIX_EPOCH,
        ends: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_transfer_is_admitted_with_what_is_missing() {
    let told = answer(Entrance::Validating, &question(transfer(), user("kate")));
    assert_eq!(told["allowed"], true, "{told}");
    assert_eq!(
        lines(&assessment(1)),
        [
            "CrossBorderTransfer: forbidden whatever the consent: the authority excludes it; field spec.recipient; XFER-5, PIPL Art. 42",
            "CrossBorderTransfer: the law asks for a security assessment: apply for one",
            "CrossBorderTransfer: missing spec.f0: write it; XFER-3, PIPL Art. 39",
        ]
    );
    let many = lines(&assessment(20));
    assert_eq!(many.len(), LINES);
    let last = "CrossBorderTransfer: and 13 more; see its status, or `bund transfer status`";
    assert_eq!(many.last().map(String::as_str), Some(last));
    let mut unreadable = transfer();
    unreadable["spec"]["validity"]["until"] = json!("2026-01-01T00:00:00Z");
    let told = answer(Entrance::Validating, &question(unreadable, user("kate")));
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("CrossBorderTransfer: it cannot take effect as it is: "), "{warning}");
}
