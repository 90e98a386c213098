//! How a transfer stands, for people and for programs.

use bund::{
    inventory::{GroupKind, Origin, Task, files},
    transfer::{
        status::{find, render_text, status},
        totals,
    },
    why::facts,
};
use bund_engine::Timestamp;
use serde_json::{Value, json};

use super::{bund, error, here, run};

/// A moment at which the dump is young.
fn then() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn told(name: &str) -> (String, Value) {
    let inventory = files::read(&[here("dump.yaml")], Task::Transfers, |_, _| {});
    let known = facts(&inventory);
    let status = status(&inventory, &known, find(&known, "shop", name).unwrap(), then());
    (render_text(&status), serde_json::to_value(&status).unwrap())
}

#[test]
fn people_read_what_is_missing_who_decided_and_how_it_stands() {
    for name in ["crm", "planned"] {
        run::assert_kept(&here(&format!("{name}.txt")), &told(name).0);
    }
}

#[test]
fn every_decision_is_told_with_who_made_it_and_whether_it_counts() {
    let (_, status) = told("crm");
    let decisions: Vec<_> = status["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["name"], &one["by"]["username"], &one["by"]["credential"], &one["counts"]))
        .collect();
    assert_eq!(
        decisions,
        [
            (&json!("crm-a"), &json!("zhang.san"), &json!("X509SHA256=01"), &json!(false)),
            (&json!("crm-b"), &json!("li.si"), &json!("X509SHA256=02"), &json!(true)),
            (&json!("crm-c"), &json!("wang.wu"), &Value::Null, &json!(true)),
        ]
    );
    let notes: Vec<_> =
        status["decisions"].as_array().unwrap().iter().map(|one| &one["credentialNote"]).collect();
    let impersonated = json!("no credential: made by impersonation, or the authenticator names none");
    assert_eq!(notes, [&Value::Null, &Value::Null, &impersonated]);
    assert_eq!(status["approvals"], json!({"counted": 2, "needed": 2, "wanting": "", "approved": true}));
    assert_eq!(status["version"], "bund.dev/transfer-status/v1");
}

#[test]
fn a_transfer_that_no_api_server_has_seen_is_told_too() {
    let (text, status) = told("planned");
    assert_eq!((status.get("uid"), status.get("digest"), status.get("createdBy")), (None, None, None));
    assert_eq!(status["standing"]["state"], "Closed");
    assert!(text.contains("nobody was stamped as its creator"), "{text}");
}

#[test]
fn what_is_not_there_or_cannot_be_read_is_said() {
    let status = |name, facts| error(&["transfer", "status", name, "-n", "shop", "--facts", facts], 2);
    let told = status("nobody", "dump.yaml");
    assert!(told.contains("CrossBorderTransfer shop/nobody is not there"), "{told}");
    let told = status("broken", "broken.yaml");
    assert!(
        told.contains("CrossBorderTransfer broken cannot be read: spec.validity.until: must be after"),
        "{told}"
    );
}

#[test]
fn programs_read_the_same() {
    let arguments = ["transfer", "status", "crm", "-n", "shop", "--facts", "dump.yaml", "-o", "json"];
    let printed: Value = serde_json::from_str(&run::printed(bund(&arguments), 0)).unwrap();
    let (_, status) = told("crm");
    // What the law asks depends on the day.
    for member in ["version", "uid", "digest", "createdBy", "decisions", "approvals", "persons"] {
        assert_eq!(printed[member], status[member], "{member}");
    }
}

#[test]
fn auditors_read_what_counts_for_an_exporter() {
    let inventory = files::read(&[here("dump.yaml")], Task::Transfers, |_, _| {});
    let code = "91350100M000100Y43".parse().unwrap();
    let totals = totals::totals(&inventory, &facts(&inventory), &code, then()).unwrap();
    assert_eq!(
        totals::render_text(&totals),
        "Exporter 91350100M000100Y43, Example Trading Co., Ltd.: persons since 2025-12-31T16:00:00Z
      ordinary      sensitive
         40000              0  declared from elsewhere, up to 2026-05-20
        200000              0  CrossBorderTransfer shop/crm (6c0ae1f2-8a57-4a40-9d7e-3d5f3f0f4d01)
        240000              0  together; one that supersedes another counts with it once, as the larger of both
StandardContractOrCertification: what the law asks for where nothing is exempt and no important data leaves
"
    );
}

#[test]
fn who_may_not_see_the_whole_record_gets_no_totals() {
    let mut inventory = files::read(&[here("dump.yaml")], Task::Transfers, |_, _| {});
    inventory.origin = Origin::Cluster { context: "prod".to_owned() };
    let why = "no right to list ledgerevents".to_owned();
    inventory.gaps.insert(GroupKind::new("bund.dev", "LedgerEvent"), why.clone());
    let code = "91350100M000100Y43".parse().unwrap();
    let refused = totals::totals(&inventory, &facts(&inventory), &code, then());
    assert_eq!(refused, Err(totals::TotalsError::NotKnown(vec![why])));
}
