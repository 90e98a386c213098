use bund_crds::EventType;
use bund_engine::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::index::KeptWatch;
use crate::transfer::testing::{decision, gone, observed, recorded, transfer};

/// A pod in `shop`, where there is a transfer, and one in `till`.
fn view() -> View {
    let mut view = View::default();
    for namespace in ["shop", "till"] {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace}, "spec": {}});
        view.apply(&Change::Observed(WatchedKind::of("", "Pod").unwrap(), pod));
    }
    view.apply(&observed(transfer("orders", "u-1")));
    view
}

/// What a change touches, and the view after it.
fn touched(before: &View, change: &Change) -> (Touched, View) {
    let mut after = before.clone();
    after.apply(change);
    (Touched::by(change, before, &after), after)
}

fn in_shop() -> Touched {
    Touched::Only { subjects: [SubjectKey::pod("shop", "web")].into(), nodes: BTreeSet::new() }
}

#[test]
fn a_transfer_touches_its_namespace_and_its_status_nothing() {
    let mut with_status: Value = transfer("orders", "u-1");
    with_status["status"] = json!({"digest": "x"});
    assert_eq!(touched(&view(), &observed(with_status)).0, Touched::default());
    assert_eq!(touched(&view(), &observed(transfer("orders", "u-2"))).0, in_shop());
    assert_eq!(touched(&view(), &gone("CrossBorderTransfer", "orders")).0, in_shop());
}

#[test]
fn decisions_and_the_record_touch_the_namespace_of_their_transfer() {
    let changes =
        [decision("yes", "u-1", "Approved"), recorded(EventType::Activated, "u-1", 0)].map(observed);
    for change in &changes {
        let (first, after) = touched(&view(), change);
        assert_eq!(first, in_shop(), "{change:?}");
        assert_eq!(touched(&after, change).0, Touched::default(), "again: {change:?}");
    }
    let (_, after) = touched(&view(), &changes[1]);
    assert_eq!(touched(&after, &gone("LedgerEvent", "u-1.0")).0, in_shop());
}

#[test]
fn the_record_of_an_exporter_touches_all_that_it_exports() {
    let mut before = view();
    let mut elsewhere = transfer("orders", "u-2");
    elsewhere["metadata"]["namespace"] = "till".into();
    before.apply(&observed(elsewhere));
    let both = ["shop", "till"].map(|namespace| SubjectKey::pod(namespace, "web"));
    let expected = Touched::Only { subjects: both.into(), nodes: BTreeSet::new() };
    assert_eq!(touched(&before, &observed(recorded(EventType::Activated, "u-1", 0))).0, expected);
}

#[test]
fn an_event_that_cannot_be_read_touches_everything() {
    let mut unreadable = recorded(EventType::Activated, "u-1", 0);
    unreadable["spec"] = json!(1);
    let (first, after) = touched(&view(), &observed(unreadable));
    assert_eq!(first, Touched::Everything);
    assert_eq!(touched(&after, &gone("LedgerEvent", "u-1.0")).0, Touched::Everything);
}

#[test]
fn an_end_that_others_know_of_touches_what_the_transfer_covered() {
    let ended = |uid: &str| Change::Ended(vec![uid.parse().unwrap()]);
    let mut view = view();
    view.remember_ends();
    let (first, after) = touched(&view, &ended("u-1"));
    assert_eq!(first, in_shop());
    assert_eq!(touched(&after, &ended("u-1")).0, Touched::default(), "it is known");
    assert_eq!(touched(&view, &ended("u-9")).0, Touched::default());
}

#[test]
fn the_watch_touches_transfers_only_where_it_broke_off() {
    let kept = |second| Change::WatchKept(KeptWatch::Renewed(Timestamp::from_second(second).unwrap()));
    let (first, after) = touched(&view(), &kept(0));
    assert_eq!(first, in_shop(), "nobody had kept watch");
    assert_eq!(touched(&after, &kept(60)).0, Touched::default());
    assert_eq!(touched(&after, &kept(3600)).0, in_shop(), "it had lapsed");
    assert_eq!(touched(&after, &Change::WatchKept(KeptWatch::Never)).0, in_shop());
}
