use serde_json::json;

use super::*;

fn observed(object: Value) -> Change {
    let group = text(&object, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
    Change::Observed(WatchedKind::of(group, text(&object, "/kind")).unwrap(), object)
}

/// What is seen when the second object follows the first, in a view that knows `others`.
fn seen(others: &[Value], old: &Value, new: Option<&Value>) -> Option<(Vec<String>, String)> {
    let mut view = View::default();
    for object in others.iter().chain([old]) {
        let change = observed(object.clone());
        assert_eq!(Declassification::of(&view, &change), None, "{object}");
        view.apply(&change);
    }
    let change = match (new, observed(old.clone())) {
        (Some(new), _) => observed(new.clone()),
        (None, Change::Observed(kind, old)) => Change::Gone(kind, ObjectKey::of_value(&old)),
        (None, change) => change,
    };
    let Declassification { classes, what, .. } = Declassification::of(&view, &change)?;
    Some((classes.iter().map(ToString::to_string).collect(), what))
}

fn claim(labels: &Value, annotations: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "shop", "labels": labels, "annotations": annotations}})
}

fn namespace(guarded: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"bund.dev/guarded": guarded}}})
}

fn policy(placement: &str) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": {"name": "p", "uid": "u"},
        "spec": {"dataClasses": ["pi"], "jurisdictions": ["cn-mainland"], "enforcement": {"placement": placement}}})
}

fn told(classes: &[&str], what: &str) -> (Vec<String>, String) {
    (classes.iter().map(ToString::to_string).collect(), what.to_owned())
}

#[test]
fn a_label_that_goes_is_seen_and_one_that_comes_or_changes_its_value_is_not() {
    let (two, one) = (
        json!({"data-class.bund.dev/a": "", "data-class.bund.dev/b": ""}),
        json!({"data-class.bund.dev/a": "x"}),
    );
    let none = json!({});
    let (two, one) = (claim(&two, &none), claim(&one, &none));
    assert_eq!(seen(&[], &two, Some(&one)), Some(told(&["b"], "no longer has the label of b")));
    assert_eq!(seen(&[], &one, Some(&two)), None);
    assert_eq!(seen(&[], &two, None), None, "a deletion takes nothing off the data");
}

#[test]
fn an_annotation_that_declassifies_is_seen() {
    let marked = json!({"data-class.bund.dev/a": ""});
    let (plain, excused) =
        (claim(&marked, &json!({})), claim(&marked, &json!({"declassified.bund.dev/a": "wiped"})));
    assert_eq!(seen(&[], &plain, Some(&excused)), Some(told(&["a"], "is declassified by annotation: a")));
    assert_eq!(seen(&[], &excused, Some(&plain)), None);
}

#[test]
fn a_label_of_a_template_counts() {
    let of = |labels: Value| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "shop"},
            "spec": {"template": {"metadata": {"labels": labels}}}})
    };
    let (held, gone) = (of(json!({"data-class.bund.dev/a": ""})), of(json!({})));
    assert_eq!(seen(&[], &held, Some(&gone)), Some(told(&["a"], "no longer has the label of a")));
}

#[test]
fn a_namespace_without_guard_lets_go_of_what_its_objects_hold() {
    let inside = claim(&json!({"data-class.bund.dev/a": ""}), &json!({}));
    let (guarded, open) = (namespace("true"), namespace("false"));
    assert_eq!(seen(&[inside], &guarded, Some(&open)), Some(told(&["a"], "is no longer guarded")));
    assert_eq!(seen(&[], &open, Some(&guarded)), None);
}

#[test]
fn a_policy_that_is_lowered_or_deleted_is_seen_and_one_that_only_audits_is_not() {
    let (deny, audit) = (policy("Deny"), policy("Audit"));
    assert_eq!(seen(&[], &deny, Some(&audit)), Some(told(&["pi"], "lowers placement from Deny to Audit")));
    assert_eq!(seen(&[], &deny, None), Some(told(&["pi"], "is deleted")));
    assert_eq!(seen(&[], &audit, None), None);
    assert_eq!(seen(&[], &audit, Some(&deny)), None);
}

#[test]
fn it_says_who_wrote_the_object_last() {
    let mut view = View::default();
    view.apply(&observed(claim(&json!({"data-class.bund.dev/a": ""}), &json!({}))));
    let mut bare = claim(&json!({}), &json!({}));
    bare["metadata"]["uid"] = "u".into();
    bare["metadata"]["resourceVersion"] = "9".into();
    bare["metadata"]["managedFields"] = json!([{"manager": "kubectl-label", "time": "2026-01-02T00:00:00Z"}]);
    let found = Declassification::of(&view, &observed(bare)).unwrap();
    let expected = Declassification {
        kind: WatchedKind::of("", "PersistentVolumeClaim").unwrap(),
        key: ObjectKey { namespace: Some("shop".into()), name: "c".into() },
        uid: "u".into(),
        resource_version: "9".into(),
        gone: false,
        classes: BTreeSet::from(["a".into()]),
        what: "no longer has the label of a".to_owned(),
        writer: Some(Writer { manager: "kubectl-label".to_owned(), time: "2026-01-02T00:00:00Z".to_owned() }),
        seen: found.seen,
    };
    assert_eq!(found, expected);
}
