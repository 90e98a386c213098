use serde_json::json;

use super::*;
use crate::index::Change;
use crate::report::compose::compose;
use crate::report::testing::{SINCE, finding, hint, owner, owners};

/// A view in which the Deployment `a` is.
fn view(uid: &str) -> View {
    let mut view = View::default();
    let kind = WatchedKind::of("apps", "Deployment").unwrap();
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "shop", "uid": uid}, "spec": {"template": {"spec": {}}}});
    view.apply(&Change::Observed(kind, deployment));
    view
}

fn object(report: Value) -> DynamicObject {
    serde_json::from_value(report).unwrap()
}

fn recalled(findings: Vec<bund_engine::Finding>, view: &View, now: Timestamp) -> Recalled {
    let all = owners(&[(owner("a"), findings)]);
    let (owner, audit) = all.iter().next().unwrap();
    let mut recalled = Recalled::default();
    recalled.add(&object(compose(ReportApi::OpenReports, owner, audit).body), view, now);
    recalled
}

#[test]
fn times_are_as_they_were_written() {
    let recalled = recalled(vec![finding("x"), hint()], &view("u-a"), SINCE);
    let since = [finding("x"), hint()].map(|finding| ((owner("a"), FindingId::of(&finding)), SINCE));
    assert_eq!(recalled, Recalled { since: since.into(), owners: [(owner("a"), "u-a".into())].into() });
}

#[test]
fn another_object_of_the_name_and_times_to_come_are_not_believed() {
    assert_eq!(recalled(vec![finding("x")], &view("u-other"), SINCE), Recalled::default());
    assert_eq!(recalled(vec![finding("x")], &View::default(), SINCE), Recalled::default());
    let early = Timestamp::UNIX_EPOCH;
    assert_eq!(recalled(vec![finding("x")], &view("u-a"), early).since, Since::new());
}

#[test]
fn an_owner_with_warnings_alone_has_nothing_to_be_cleared_of() {
    assert_eq!(recalled(vec![hint()], &view("u-a"), SINCE).owners, BTreeMap::new());
}

#[test]
fn whatever_stands_in_a_report_is_read_or_left() {
    let metadata = json!({"name": "bund-deployment-a", "namespace": "shop"});
    for report in [
        json!({"metadata": metadata}),
        json!({"metadata": metadata, "scope": []}),
        json!({"metadata": metadata, "scope": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "a", "uid": "u-a"},
            "results": [1, {}, {"properties": {"finding": "0123456789abcdef"}, "timestamp": {"seconds": i64::MAX, "nanos": -1}}]}),
    ] {
        let mut recalled = Recalled::default();
        recalled.add(&object(report.clone()), &view("u-a"), SINCE);
        assert_eq!(recalled.since, Since::new(), "{report}");
    }
}

/// Whoever may write reports makes a leader remember no more than one report of ours holds.
#[test]
fn of_each_owner_one_report_is_read_and_as_much_as_we_write() {
    let id = |n: usize| format!("{n:016x}");
    let result =
        |n: usize| json!({"properties": {"finding": id(n)}, "timestamp": {"seconds": 1, "nanos": 0}});
    let report = |name: &str| {
        object(json!({
            "metadata": {"name": name, "namespace": "shop"},
            "scope": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "a", "uid": "u-a"},
            "results": (0..1000).map(result).collect::<Vec<_>>()
        }))
    };
    let mut recalled = Recalled::default();
    recalled.add(&report("bund-deployment-forged"), &view("u-a"), SINCE);
    assert_eq!(recalled, Recalled::default());
    recalled.add(&report("bund-deployment-a"), &view("u-a"), SINCE);
    assert_eq!(recalled.since.len(), RESULTS);
}
