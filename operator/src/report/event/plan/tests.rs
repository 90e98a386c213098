use serde_json::json;

use super::*;
use crate::index::{Change, WatchedKind};
use crate::report::testing::{SINCE, finding, hint, owner, owners, told};

/// A view in which the Deployment `a` is.
fn view() -> View {
    let mut view = View::default();
    let kind = WatchedKind::of("apps", "Deployment").unwrap();
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "shop", "uid": "u-a"}, "spec": {"template": {"spec": {}}}});
    view.apply(&Change::Observed(kind, deployment));
    view
}

fn has(findings: Vec<bund_engine::Finding>) -> Owners {
    owners(&[(owner("a"), findings)])
}

fn told_of(before: Option<&Owners>, recalled: Option<&Recalled>, now: &Owners) -> Vec<String> {
    let news = news(before, recalled, now, &view());
    news.iter()
        .map(|news| match &news.what {
            What::Found(told) => told.finding.offending.clone(),
            What::Clean(_) => "clean".to_owned(),
        })
        .collect()
}

fn names(news: &[News]) -> Vec<String> {
    news.iter().filter_map(|news| event(news, "me", SINCE).metadata.name).collect()
}

#[test]
fn each_finding_is_told_once_and_the_end_of_all() {
    let (none, one, two) =
        (Owners::default(), has(vec![finding("x")]), has(vec![finding("x"), finding("y")]));
    assert_eq!(told_of(Some(&none), None, &one), ["x"]);
    assert_eq!(told_of(Some(&one), None, &two), ["y"]);
    assert_eq!(told_of(Some(&two), None, &two), [""; 0]);
    assert_eq!(told_of(Some(&two), None, &one), [""; 0], "something is still wrong");
    assert_eq!(told_of(Some(&one), None, &none), ["clean"]);
    assert_eq!(told_of(Some(&one), None, &has(vec![hint()])), ["clean"]);
}

#[test]
fn hints_are_not_told_and_their_end_is_not_either() {
    let (none, hints) = (Owners::default(), has(vec![hint()]));
    assert_eq!(told_of(Some(&none), None, &hints), [""; 0]);
    assert_eq!(told_of(Some(&hints), None, &none), [""; 0]);
}

#[test]
fn what_stored_reports_know_is_not_told_again() {
    let recalled = Recalled {
        since: [((owner("a"), FindingId::of(&finding("x"))), SINCE)].into(),
        owners: [(owner("a"), "u-a".into())].into(),
    };
    assert_eq!(told_of(None, Some(&recalled), &has(vec![finding("x"), finding("y")])), ["y"]);
    assert_eq!(told_of(None, Some(&recalled), &Owners::default()), ["clean"]);
    assert_eq!(told_of(None, None, &has(vec![finding("x")])), [""; 0], "nobody knows what is new");
    assert_eq!(told_of(None, Some(&Recalled::default()), &has(vec![finding("x")])), ["x"]);
}

#[test]
fn an_owner_that_is_gone_is_told_of_nothing() {
    let (before, none) = (owners(&[(owner("b"), vec![finding("x")])]), Owners::default());
    assert_eq!(told_of(Some(&before), None, &none), [""; 0]);
}

#[test]
fn another_leader_gives_an_event_the_same_name() {
    let (none, one) = (Owners::default(), has(vec![finding("x")]));
    let recalled = Recalled {
        since: [((owner("a"), FindingId::of(&finding("x"))), SINCE)].into(),
        owners: [(owner("a"), "u-a".into())].into(),
    };
    let found = names(&news(Some(&none), None, &one, &view()));
    assert_eq!(found, names(&news(None, Some(&Recalled::default()), &one, &view())));
    let ended = names(&news(Some(&one), None, &none, &view()));
    assert_eq!(ended, names(&news(None, Some(&recalled), &none, &view())));
}

#[test]
fn an_event_names_the_owner_the_reason_and_what_is_wrong() {
    let news = News {
        owner: Arc::new(owner("a")),
        uid: "u-a".into(),
        what: What::Found(Box::new(told(finding(&"x".repeat(2000))))),
    };
    let event = event(&news, "me", SINCE);
    let mut expected = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event",
        "metadata": {
            "name": format!("bund-finding.u-a.{}.1790000000123456", FindingId::of(&finding(&"x".repeat(2000))).as_str()),
            "namespace": "shop"
        },
        "eventTime": "2026-09-21T14:13:20.123456Z",
        "type": "Warning", "reason": "NodeOutside", "action": "Audit",
        "note": null,
        "regarding": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "a", "uid": "u-a"},
        "reportingController": "bund.dev/operator", "reportingInstance": "me"
    });
    let note = event.note.clone().unwrap();
    expected["note"] = json!(note);
    assert_eq!(serde_json::to_value(&event).unwrap(), expected);
    assert!(
        note.starts_with("NodeOutside: Deployment shop/a is put on a node") && note.len() <= NOTE_LIMIT,
        "{note}"
    );
}
