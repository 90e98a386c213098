//! Against a small world: a transfer that ci created for kate, and whoever decides on it.

use alloc::{
    borrow::ToOwned,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::TransferApprovalSpec;
use serde_json::{Value, json};

use super::*;
use crate::{snapshot::Observed, transfer::digest};

mod admission;

const CI: &str = "system:serviceaccount:ci:release";

fn transfer() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer",
        "metadata": {
            "name": "payroll", "namespace": "shop", "uid": "t-1", "creationTimestamp": "2026-03-01T00:00:00Z",
            "annotations": { "bund.dev/created-by": CI, "bund.dev/created-by-uid": "u-ci" }
        },
        "spec": {
            "exporter": "91350100M000100Y43", "requestedBy": "kate",
            "recipient": { "name": "Example GmbH", "country": "DE", "contact": "dpo@example.com", "kind": "Organisation" },
            "purpose": "payroll", "method": "an interface", "dataClasses": ["pi", "logs"], "dataTypes": ["names"],
            "persons": { "ordinary": 10, "sensitive": 0, "under14": 0 },
            "sources": [{ "kind": "Deployment", "name": "web" }],
            "destinations": [{ "host": "api.example.com" }],
            "mechanism": { "exemption": { "ground": "HumanResources", "evidence": "handbook" } },
            "validity": { "from": "2026-03-02T00:00:00Z", "until": "2027-03-01T00:00:00Z" }
        }
    })
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn policy(name: &str, class: &str, more: &Value) -> Value {
    let mut spec = json!({ "dataClasses": [class], "jurisdictions": ["cn-mainland"] });
    for (member, value) in more.as_object().into_iter().flatten() {
        spec[member] = value.clone();
    }
    own("ResidencyPolicy", name, &spec)
}

fn rule(name: &str, class: &str, approvers: u8, groups: &[&str]) -> Value {
    policy(name, class, &json!({ "approval": { "approvers": approvers, "groups": groups } }))
}

fn world(more: &[Value]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let mut facts = Vec::from([
        json!({ "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": "shop", "labels": { "bund.dev/guarded": "true", "team": "a" } } }),
        transfer(),
    ]);
    facts.extend(
        ["pi", "logs", "other"].map(|class| own("DataClass", class, &json!({ "category": "Other" }))),
    );
    facts.extend_from_slice(more);
    for fact in &facts {
        assert_eq!(snapshot.observe(fact), Observed::Fact, "{fact}");
    }
    snapshot
}

/// Who decides, as `name`, `name/uid` or either with `@group`.
fn approver(who: &str) -> Value {
    let (person, groups) =
        who.split_once('@').map_or((who, Vec::new()), |(person, group)| (person, [group].into()));
    match person.split_once('/') {
        Some((name, uid)) => json!({ "username": name, "uid": uid, "groups": groups }),
        None => json!({ "username": person, "groups": groups }),
    }
}

fn spec(decision: &str, who: &str) -> Value {
    let mut spec = json!({
        "transfer": { "name": "payroll", "uid": "t-1", "digest": digest("shop", &transfer()).unwrap() },
        "dataClasses": ["logs", "pi"], "decision": decision, "approver": approver(who)
    });
    if decision != "Approved" {
        spec["reason"] = json!("because");
    }
    spec
}

/// The later a decision is made, the earlier comes its name.
fn approval(number: usize, spec: &Value) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "TransferApproval",
        "metadata": {
            "name": format!("d{}", 9 - number), "namespace": "shop", "uid": format!("d-{number}"),
            "creationTimestamp": format!("2026-03-01T00:00:{number:02}Z")
        },
        "spec": spec
    })
}

/// What counted of some decisions: approvals, and who is left out with which field; then what else there is to tell.
fn counted(policies: &[Value], decisions: &[(&str, &str)]) -> (Vec<String>, Vec<String>, String) {
    let decided = decisions.iter().enumerate().map(|(number, (how, who))| approval(number, &spec(how, who)));
    let facts: Vec<_> = policies.iter().cloned().chain(decided).collect();
    let snapshot = world(&facts);
    outcome(&snapshot)
}

fn outcome(snapshot: &Snapshot) -> (Vec<String>, Vec<String>, String) {
    let facts = snapshot.transfers().transfer("shop", "payroll").unwrap();
    let Tally { approvals, needed, wanting, refused, rejected, revoked } = tally(facts, snapshot);
    let name =
        |by: &ApprovalFacts| by.spec.approver.as_ref().map(|by| by.username.clone()).unwrap_or_default();
    let ended = rejected.map(|by| format!("rejected by {}", name(by)));
    let ended = ended.or(revoked.map(|by| format!("revoked by {}", name(by))));
    let rest = ended.unwrap_or_else(|| format!("{}/{needed} {wanting}", approvals.len()).trim().to_owned());
    let refused = refused.iter().map(|(by, refusal)| format!("{} {}", name(by), refusal.field.as_str()));
    (approvals.iter().map(|by| name(by)).collect(), refused.collect(), rest)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn assert_counted(
    policies: &[Value],
    decisions: &[(&str, &str)],
    approvals: &[&str],
    refused: &[&str],
    rest: &str,
) {
    let expected = (texts(approvals), texts(refused), rest.to_owned());
    assert_eq!(counted(policies, decisions), expected, "{decisions:?}");
}

const TWO: &str = "1 more person must approve (ResidencyPolicy two)";

#[test]
fn without_a_rule_one_person_is_enough_and_none_is_not() {
    let wanting = "0/1 one person who holds the right must approve";
    assert_counted(&[], &[], &[], &[], wanting);
    assert_counted(&[], &[("Approved", "lin")], &["lin"], &[], "1/1");
    assert_counted(&[policy("p", "pi", &json!({}))], &[("Approved", "lin")], &["lin"], &[], "1/1");
}

#[test]
fn people_who_differ_count_each_once() {
    let two = [rule("two", "pi", 2, &[])];
    for (first, second, together) in [
        // Two users without uid; two with; one with and one without.
        ("lin", "wang", true),
        ("lin/1", "wang/2", true),
        ("lin/1", "wang", true),
        // One user twice; one name with two uids; one uid with two names; one name in two spellings.
        ("lin", "lin", false),
        ("lin/1", "lin/2", false),
        ("lin/1", "wang/1", false),
        ("lin/1", "lin", false),
        ("lin", " Lin", false),
    ] {
        let decisions = [("Approved", first), ("Approved", second)];
        let plain = |who: &str| who.split('/').next().unwrap_or_default().to_owned();
        let (one, other) = (plain(first), plain(second));
        let expected = if together {
            (Vec::from([one, other]), Vec::new(), "2/2".to_owned())
        } else {
            (Vec::from([one]), Vec::from([format!("{other} spec.approver")]), format!("1/2 {TWO}"))
        };
        assert_eq!(counted(&two, &decisions), expected, "{first} {second}");
    }
}

#[test]
fn neither_who_asked_nor_who_created_decides() {
    for who in ["kate", "kate/u-k", "KATE ", "someone/kate"] {
        let refused = format!("{} spec.approver", who.split('/').next().unwrap_or_default());
        for decision in ["Approved", "Rejected"] {
            let rest = "0/1 one person who holds the right must approve";
            assert_counted(&[], &[(decision, who)], &[], &[&refused], rest);
        }
    }
    // By user name, and by the uid under another name, although policies trust the account.
    let trust = json!({ "trustedSubjects": [{ "username": CI, "rights": ["Approve"] }] });
    let trusting = [policy("a", "pi", &trust), policy("b", "logs", &trust)];
    for who in [CI, "lin/u-ci"] {
        let (approvals, refused, _) = counted(&trusting, &[("Approved", who)]);
        let name = who.split('/').next().unwrap_or_default();
        assert_eq!((approvals, refused), (Vec::new(), Vec::from([format!("{name} spec.approver")])));
    }
}

#[test]
fn a_transfer_that_nobody_was_stamped_for_waits_for_ever() {
    let mut snapshot = world(&[approval(0, &spec("Approved", "lin"))]);
    let mut unstamped = transfer();
    unstamped["metadata"]["annotations"] = json!({ "bund.dev/created-by-uid": "u-ci" });
    assert_eq!(snapshot.observe(&unstamped), Observed::Fact);
    let wanting = "0/1 one person who holds the right must approve".to_owned();
    assert_eq!(outcome(&snapshot), (Vec::new(), texts(&["lin metadata.annotations"]), wanting));
}

#[test]
fn a_service_account_decides_where_every_policy_of_every_class_trusts_it() {
    const OTHER: &str = "system:serviceaccount:release:approve";
    let trust = json!({ "trustedSubjects": [{ "username": OTHER, "rights": ["Approve"] }] });
    let declassify = json!({ "trustedSubjects": [{ "username": OTHER, "rights": ["Declassify"] }] });
    let elsewhere = json!({
        "namespaceSelector": { "matchLabels": { "team": "b" } },
        "trustedSubjects": [{ "username": OTHER, "rights": ["Approve"] }]
    });
    let (pi, logs) = (|more| policy("pi", "pi", more), |more| policy("logs", "logs", more));
    let silent = json!({});
    for (policies, trusted) in [
        (Vec::new(), false),
        (Vec::from([pi(&trust)]), false),
        (Vec::from([pi(&trust), logs(&silent)]), false),
        (Vec::from([pi(&trust), logs(&declassify)]), false),
        (Vec::from([pi(&trust), logs(&elsewhere)]), false),
        (Vec::from([pi(&trust), logs(&trust), policy("more", "pi", &silent)]), false),
        (Vec::from([pi(&trust), logs(&trust)]), true),
    ] {
        for decision in ["Approved", "Rejected"] {
            let (_, refused, _) = counted(&policies, &[(decision, OTHER)]);
            let expected =
                if trusted { Vec::new() } else { Vec::from([format!("{OTHER} spec.approver.username")]) };
            assert_eq!(refused, expected, "{decision} {policies:?}");
        }
    }
}

#[test]
fn approvers_come_out_of_the_groups_that_every_policy_names() {
    let legal = rule("l", "pi", 1, &["legal", "board"]);
    let privacy = rule("p", "logs", 2, &["privacy"]);
    assert_counted(
        core::slice::from_ref(&legal),
        &[("Approved", "lin@ops"), ("Approved", "wang@board")],
        &["wang"],
        &["lin spec.approver.groups"],
        "1/1",
    );
    assert_counted(
        &[legal.clone(), privacy.clone()],
        &[("Approved", "lin@legal"), ("Approved", "wang@privacy")],
        &["lin", "wang"],
        &[],
        "2/3 1 more person of group privacy must approve (ResidencyPolicy p)",
    );
    assert_counted(
        &[legal.clone(), privacy.clone()],
        &[("Approved", "lin@legal"), ("Approved", "wang@privacy"), ("Approved", "zhao@privacy")],
        &["lin", "wang", "zhao"],
        &[],
        "3/2",
    );
    // Without groups, people of any group count, those whom another policy asks for too.
    assert_counted(
        &[rule("any", "pi", 2, &[]), legal],
        &[("Approved", "lin@ops"), ("Approved", "wang@legal")],
        &["lin", "wang"],
        &[],
        "2/2",
    );
    // A rule for other data, or for other namespaces, asks for nothing here.
    let elsewhere =
        json!({ "namespaceSelector": { "matchLabels": { "team": "b" } }, "approval": { "approvers": 8 } });
    let rules = [rule("o", "other", 8, &[]), policy("e", "pi", &elsewhere)];
    assert_counted(&rules, &[("Approved", "lin")], &["lin"], &[], "1/1");
}

#[test]
fn a_policy_that_cannot_be_read_may_ask_for_more() {
    let mut snapshot = world(&[approval(0, &spec("Approved", "lin"))]);
    assert_eq!(
        snapshot.observe(&own("ResidencyPolicy", "broken", &json!({ "dataClasses": [] }))),
        Observed::Unreadable
    );
    let wanting =
        "1/1 ResidencyPolicy broken cannot be read, and may ask for more approvers; repair it".to_owned();
    assert_eq!(outcome(&snapshot), (texts(&["lin"]), Vec::new(), wanting));
}

#[test]
fn a_class_that_nobody_declares_every_policy_keeps() {
    let mut snapshot = world(&[rule("two", "other", 2, &[]), approval(0, &spec("Approved", "lin"))]);
    assert_eq!(outcome(&snapshot).2, "1/1");
    snapshot.forget(&crate::ObjectId {
        group: "bund.dev".into(),
        kind: "DataClass".into(),
        namespace: None,
        name: "pi".into(),
    });
    assert_eq!(outcome(&snapshot).2, format!("1/2 {TWO}"));
}

#[test]
fn rejection_and_revocation_are_final() {
    let rejected = "rejected by wang";
    assert_counted(&[], &[("Rejected", "wang")], &[], &[], rejected);
    assert_counted(&[], &[("Approved", "lin"), ("Rejected", "wang")], &["lin"], &[], rejected);
    let refused = ["lin spec.decision"];
    assert_counted(&[], &[("Rejected", "wang"), ("Approved", "lin")], &[], &refused, rejected);
    assert_counted(&[], &[("Revoked", "wang"), ("Approved", "lin")], &[], &refused, "revoked by wang");
    // Somebody changes their mind.
    assert_counted(&[], &[("Approved", "lin"), ("Rejected", "lin")], &["lin"], &[], "rejected by lin");
    // The first of two counts, and the order is that of creation, not of names.
    assert_counted(&[], &[("Rejected", "wang"), ("Rejected", "lin")], &[], &[], rejected);
    for who in ["kate", CI, "lin", "wang"] {
        let decisions = [("Approved", "lin"), ("Revoked", who)];
        assert_counted(&[], &decisions, &["lin"], &[], &format!("revoked by {who}"));
    }
}

#[test]
fn an_approval_that_is_deleted_no_longer_approves_and_a_rejection_goes_on_rejecting() {
    let going = |decision: &str| {
        let mut object = approval(0, &spec(decision, "lin"));
        object["metadata"]["deletionTimestamp"] = json!("2026-03-01T01:00:00Z");
        outcome(&world(&[object]))
    };
    let wanting = "0/1 one person who holds the right must approve".to_owned();
    assert_eq!(going("Approved"), (Vec::new(), texts(&["lin metadata.deletionTimestamp"]), wanting));
    assert_eq!(going("Rejected").2, "rejected by lin");
    assert_eq!(going("Revoked").2, "revoked by lin");
}

#[test]
fn a_decision_is_about_one_exact_text() {
    for (pointer, value) in [
        ("/transfer/uid", json!("t-0")),
        ("/transfer/digest", json!("0".repeat(64))),
        ("/dataClasses", json!(["pi"])),
        ("/dataClasses", json!(["pi", "logs", "other"])),
        ("/approver", Value::Null),
    ] {
        for decision in ["Approved", "Rejected", "Revoked"] {
            let mut spec = spec(decision, "lin");
            *spec.pointer_mut(pointer).unwrap() = value.clone();
            let (approvals, refused, rest) = outcome(&world(&[approval(0, &spec)]));
            let who = if pointer == "/approver" { "" } else { "lin" };
            let field = format!("{who} spec{}", pointer.replace('/', "."));
            let wanting = "0/1 one person who holds the right must approve".to_owned();
            assert_eq!((approvals, refused, rest), (Vec::new(), Vec::from([field]), wanting));
        }
    }
}

#[test]
fn decisions_of_other_namespaces_and_on_other_names_are_not_seen() {
    let mut elsewhere = approval(0, &spec("Approved", "lin"));
    elsewhere["metadata"]["namespace"] = json!("till");
    let mut other = approval(1, &spec("Rejected", "lin"));
    other["spec"]["transfer"]["name"] = json!("wages");
    let wanting = "0/1 one person who holds the right must approve".to_owned();
    assert_eq!(outcome(&world(&[elsewhere, other])), (Vec::new(), Vec::new(), wanting));
}
