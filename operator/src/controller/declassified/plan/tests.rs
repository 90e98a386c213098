use std::collections::BTreeSet;
use std::time::Instant;

use bund_crds::GROUP;
use serde_json::Value;

use super::*;
use crate::index::{Change, ObjectKey, WatchedKind};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn lost(name: &str, classes: &[&str]) -> Declassification {
    Declassification {
        kind: WatchedKind::of("", "PersistentVolumeClaim").unwrap(),
        key: ObjectKey { namespace: Some("shop".into()), name: name.into() },
        uid: format!("uid-of-{name}").into(),
        resource_version: "7".into(),
        gone: false,
        classes: classes.iter().map(|class| HeldClass::from(*class)).collect(),
        what: format!("no longer has the label of {}", classes.join(", ")),
        writer: Some(Writer { manager: "kubectl-label".to_owned(), time: "2026-01-02T00:00:00Z".to_owned() }),
        seen: Instant::now(),
    }
}

/// A view that knows the class `pi`.
fn view(status: &Value) -> View {
    let mut view = View::default();
    let class = json!({"apiVersion": "bund.dev/v1alpha1", "kind": "DataClass",
        "metadata": {"name": "pi", "generation": 3}, "spec": {"category": "PersonalInformation"}, "status": status});
    view.apply(&Change::Observed(WatchedKind::of(GROUP, "DataClass").unwrap(), class));
    view
}

#[test]
fn an_event_says_which_object_which_class_and_who() {
    let events = events(&[lost("data", &["pi"])], 0, "bund-controller-0", at(0));
    let expected = json!([{
        "metadata": {"name": "bund-declassified.uid-of-data.7", "namespace": "shop"},
        "eventTime": "1970-01-01T00:00:00.000000Z",
        "type": "Warning", "reason": "Declassified", "action": "Observe",
        "note": "PersistentVolumeClaim shop/data no longer has the label of pi; last written by field manager \
                 kubectl-label at 2026-01-02T00:00:00Z",
        "regarding": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data",
            "uid": "uid-of-data", "resourceVersion": "7"},
        "reportingController": "bund.dev/operator", "reportingInstance": "bund-controller-0"
    }]);
    let mut found = serde_json::to_value(&events).unwrap();
    let event = found[0].as_object_mut().unwrap();
    event.retain(|member, _| !["apiVersion", "kind"].contains(&member.as_str()));
    assert_eq!(found, expected);
}

#[test]
fn a_storm_becomes_twenty_events_and_one_that_counts() {
    let heard: Vec<_> = (0..30).map(|n| lost(&format!("c{n}"), &["pi"])).collect();
    let events = events(&heard, 5, "i", at(0));
    let names: BTreeSet<_> = events.iter().map(|event| event.metadata.name.clone()).collect();
    assert_eq!((events.len(), names.len()), (21, 21));
    assert!(events[20].note.as_ref().unwrap().starts_with("15 more objects"), "{:?}", events[20].note);
}

#[test]
fn names_of_classes_that_nobody_declared_are_counted_together() {
    let heard = [lost("a", &["pi", "x"]), lost("b", &["y"]), lost("c", &[])];
    let counts = counts(&heard, 2, view(&Value::Null).snapshot.world());
    assert_eq!(counts, BTreeMap::from([(OTHER.to_owned(), 5), ("pi".to_owned(), 1)]));
}

#[test]
fn the_condition_tells_the_last_loss_and_keeps_its_time() {
    let heard = [lost("first", &["pi"]), lost("second", &["pi", "x"])];
    let stored = json!({"conditions": [{"type": "Declassified", "status": "True",
        "lastTransitionTime": "1970-01-01T00:00:00Z"}]});
    let view = view(&stored);
    let last = last(&heard, view.snapshot.world(), at(60));
    let message = "last at 1970-01-01T00:01:00Z: PersistentVolumeClaim shop/second no longer has the label of pi, x; \
                   last written by field manager kubectl-label at 2026-01-02T00:00:00Z";
    assert_eq!(last, BTreeMap::from([("pi".into(), message.to_owned())]));
    let expected = json!({"conditions": [{"type": "Declassified", "status": "True", "observedGeneration": 3,
        "lastTransitionTime": "1970-01-01T00:00:00Z", "reason": "ClassRemoved", "message": message}]});
    let expected = OwnStatus::cluster_scoped(OwnKind::DataClass, "pi", expected);
    assert_eq!(condition(&"pi".into(), message, &view, at(60)), Some(expected));
    assert_eq!(condition(&"x".into(), message, &view, at(60)), None);
}

#[test]
fn it_is_recorded_once_whoever_leads() {
    use super::super::record;
    let mut label_removed = lost("data", &["pi", "not a class name"]);
    let due = record::due(&[label_removed.clone()], at(7));
    let expected = json!({
        "event": "Declassified", "observedAt": "1970-01-01T00:00:07Z",
        "why": "it no longer has the label of pi, not a class name",
        "object": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data", "by": "kubectl-label"},
        "dataClasses": ["pi"]
    });
    assert_eq!(serde_json::to_value(&due[0].spec).unwrap(), expected);
    assert!(due[0].name.starts_with("uid-of-data.7."), "{}", due[0].name);
    label_removed.seen = Instant::now();
    assert_eq!(
        record::due(&[label_removed.clone()], at(9))[0].name,
        due[0].name,
        "another leader gives the same name"
    );
    label_removed.what = "is declassified by annotation: pi".to_owned();
    assert_ne!(record::due(&[label_removed], at(7))[0].name, due[0].name);
}

#[test]
fn a_kind_of_ours_that_protects_less_is_a_downgrade() {
    use super::super::record;
    let kind = WatchedKind::of(GROUP, "ResidencyPolicy").unwrap();
    let key = ObjectKey { namespace: None, name: "p".into() };
    let weakened = Declassification { kind, key, gone: true, writer: None, ..lost("p", &["pi"]) };
    let due = record::due(&[weakened], at(0));
    assert_eq!(due[0].spec.event, bund_crds::EventType::ModeDowngraded);
}
