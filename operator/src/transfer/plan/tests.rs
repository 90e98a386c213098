use bund_crds::EventType;
use serde_json::json;

use super::*;
use crate::transfer::testing::{gone, observed, recorded, transfer, view};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-05-01T00:00:00Z")
}

fn exporter() -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": "Exporter",
        "metadata": {"name": "91350100m000100y43", "generation": 1, "resourceVersion": "3"},
        "spec": {"creditCode": "91350100M000100Y43", "legalName": "Shop", "infrastructure": "NotCritical",
            "elsewhere": {"asOf": "2026-04-20", "ordinary": 77_777, "sensitive": 0}}})
}

#[test]
fn a_second_pass_plans_nothing() {
    let before = view([transfer("orders", "u-1"), exporter()]);
    let mut unseen = Unseen::default();
    let first = plan(&before, &mut unseen, None, now());
    let names: Vec<_> = first.writes.iter().map(|write| (write.own.kind, write.own.name.as_ref())).collect();
    assert_eq!(names, [("CrossBorderTransfer", "orders"), ("Exporter", "91350100m000100y43")]);
    let told = serde_json::to_string(&first.writes.iter().map(|write| &write.own.status).collect::<Vec<_>>())
        .unwrap();
    assert!(!told.contains("7777"), "totals are in no status: {told}");
    let mut after = before.clone();
    for write in first.writes {
        let mut object = if write.own.kind == "Exporter" { exporter() } else { transfer("orders", "u-1") };
        object["metadata"]["resourceVersion"] = json!("9");
        object["status"] = write.own.status.clone();
        after.apply(&observed(object));
        unseen.written(write);
    }
    for (view, when) in [(&before, "before the watch has shown what was written"), (&after, "after it has")] {
        let again = plan(view, &mut unseen, None, at("2026-05-01T00:01:00Z"));
        assert_eq!((again.writes, again.news), (vec![], vec![]), "{when}");
    }
}

#[test]
fn what_had_ended_is_recorded_as_revoked_and_says_so() {
    let mut view = view([transfer("orders", "u-1"), recorded(EventType::Activated, "u-1", 0)]);
    view.apply(&gone("CrossBorderTransfer", "orders"));
    view.apply(&observed(transfer("orders", "u-1")));
    let planned = plan(&view, &mut Unseen::default(), None, now());
    let due: Vec<_> = planned.due.iter().map(|due| (due.name.as_ref(), due.spec.event)).collect();
    assert_eq!(due, [("u-1.1", EventType::Revoked)]);
    let conditions = planned.writes[0].own.status["conditions"].clone();
    assert_eq!((&conditions[1]["status"], &conditions[2]["reason"]), (&json!("False"), &json!("SetBack")));
    view.apply(&observed(recorded(EventType::Revoked, "u-1", 1)));
    assert_eq!(plan(&view, &mut Unseen::default(), None, now()).due, [], "it is on record");
}

#[test]
fn what_was_never_opened_and_had_ended_is_recorded_too() {
    let mut view = view([transfer("orders", "u-1")]);
    view.apply(&gone("CrossBorderTransfer", "orders"));
    view.apply(&observed(transfer("orders", "u-1")));
    let planned = plan(&view, &mut Unseen::default(), None, now());
    let due: Vec<_> = planned.due.iter().map(|due| (due.name.as_ref(), due.spec.event)).collect();
    assert_eq!(due, [("u-1.0", EventType::Revoked)]);
}

#[test]
fn a_pass_is_due_again_when_something_changes_by_itself() {
    let planned = plan(&view([]), &mut Unseen::default(), None, now());
    assert_eq!(planned.wake, Some(at("2026-05-01T16:00:00Z")), "midnight in Beijing");
    let mut soon = transfer("orders", "u-1");
    soon["spec"]["validity"]["from"] = json!("2026-05-01T00:10:00Z");
    let planned = plan(&view([soon]), &mut Unseen::default(), None, now());
    assert_eq!(planned.wake, Some(at("2026-05-01T00:10:00Z")));
    assert_eq!(planned.figures.states.values().sum::<i64>(), 1);
}
