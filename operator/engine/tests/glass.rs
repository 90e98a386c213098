//! Broken glass: what it lets through, where, for how long, and what it says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bund_engine::snapshot::Observed;
use bund_engine::{Decision, Request, Snapshot, Timestamp, Verdict, decide};
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;

use facts::{NAMESPACE, OUTSIDE_NODE};

/// Broken at the hundredth second for two minutes.
fn glass(namespaces: &[&str]) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass",
        "metadata": {"name": "inc-7", "creationTimestamp": "1970-01-01T00:01:40Z"},
        "spec": {"reason": "INC-7: the mainland zone is down", "requestedBy": "kate", "namespaces": namespaces,
            "durationMinutes": 2}
    })
}

fn snapshot(more: impl IntoIterator<Item = Value>) -> Snapshot {
    let facts = facts::mixed("topology.kubernetes.io/region").into_iter().chain([facts::policy("Inject")]);
    facts::snapshot(facts.chain(more))
}

fn abroad(snapshot: &Snapshot, second: i64) -> Decision {
    let pod = facts::pod(&json!({"nodeName": OUTSIDE_NODE}));
    decide(&Request::of_object(pod, None), snapshot, Timestamp::from_second(second).unwrap())
}

#[test]
fn what_would_be_refused_is_let_through_with_a_warning_that_says_so() {
    let whole = abroad(&snapshot([]), 150);
    let broken = abroad(&snapshot([glass(&[NAMESPACE])]), 150);
    assert_eq!((whole.verdict, broken.verdict), (Verdict::Deny, Verdict::Deny), "the truth stays");
    let (refused, through) = (whole.response(), broken.response());
    assert!(!refused.allowed && through.allowed);
    let said: Vec<String> = refused
        .refusals
        .iter()
        .map(|line| format!("{line}; let through by BreakGlass inc-7 of kate until 1970-01-01T00:03:40Z"))
        .collect();
    assert_eq!(through.warnings, said);
}

#[test]
fn it_ends_by_itself_and_holds_only_where_it_was_broken() {
    let everywhere = snapshot([glass(&[])]);
    assert!(abroad(&everywhere, 219).response().allowed);
    assert!(!abroad(&everywhere, 220).response().allowed, "after two minutes");
    assert!(!abroad(&snapshot([glass(&["billing"])]), 150).response().allowed, "in another namespace");
}

#[test]
fn a_file_that_no_api_server_made_lets_nothing_through() {
    let mut drawn = glass(&[]);
    drawn["metadata"] = json!({"name": "inc-7"});
    assert!(!abroad(&snapshot([drawn]), 150).response().allowed);
}

#[test]
fn what_cannot_be_read_lets_nothing_through_and_refuses_nothing_more() {
    for (pointer, wrong) in [
        ("/spec/durationMinutes", json!(100_000)),
        ("/spec/reason", json!("oops")),
        ("/metadata/creationTimestamp", json!("soon")),
        ("/metadata/creationTimestamp", json!(7)),
    ] {
        let mut broken = glass(&[]);
        *broken.pointer_mut(pointer).unwrap() = wrong;
        let mut snapshot = snapshot([]);
        let before = abroad(&snapshot, 150);
        assert_eq!(snapshot.observe(&broken), Observed::Unreadable, "{pointer}");
        assert_eq!(abroad(&snapshot, 150), before, "{pointer}");
    }
}

#[test]
fn a_forecast_does_not_see_it() {
    let snapshot = snapshot([glass(&[])]);
    let policy = snapshot.world().policies().next().unwrap().clone();
    assert!(!abroad(&snapshot.under_deny(&policy), 150).response().allowed);
}
