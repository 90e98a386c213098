use serde_json::{Value, json};

use super::*;
use crate::response::fixture::{OWN, at, audited, key, node, observe, pod, policy, view};

fn evict() -> Value {
    json!({"response": {"placement": "Evict"}})
}

fn owned(name: &str, version: &str, kind: &str, owner: &str) -> Value {
    let mut pod = pod("shop", name, "frankfurt", None);
    pod["metadata"]["ownerReferences"] =
        json!([{"controller": true, "apiVersion": version, "kind": kind, "name": owner}]);
    pod
}

fn workload(version: &str, kind: &str, name: &str, owner: Option<(&str, &str, &str)>) -> Value {
    let owners = owner.map(|(version, kind, name)| {
        json!([{"controller": true, "apiVersion": version, "kind": kind, "name": name}])
    });
    json!({"apiVersion": version, "kind": kind, "spec": {},
        "metadata": {"name": name, "namespace": "shop", "uid": "w", "ownerReferences": owners}})
}

#[test]
fn a_share_is_one_of_the_pods_that_do_the_same_work() {
    let mut view = view();
    observe(&mut view, policy("stay", "Deny", &evict()));
    for object in [
        workload("apps/v1", "Deployment", "front", None),
        workload("apps/v1", "ReplicaSet", "front-1", Some(("apps/v1", "Deployment", "front"))),
        workload("apps/v1", "ReplicaSet", "canary", Some(("argoproj.io/v1alpha1", "Rollout", "canary"))),
        workload("batch/v1", "CronJob", "nightly", None),
        workload("batch/v1", "Job", "nightly-1", Some(("batch/v1", "CronJob", "nightly"))),
        pod("shop", "a-bare", "frankfurt", None),
        owned("b-front", "apps/v1", "ReplicaSet", "front-1"),
        owned("c-canary", "apps/v1", "ReplicaSet", "canary"),
        owned("d-job", "batch/v1", "Job", "nightly-1"),
        owned("e-db", "postgresql.cnpg.io/v1", "Cluster", "db"),
    ] {
        observe(&mut view, object);
    }
    let groups: Vec<Group> =
        asked(&view, &audited(&view, at(0)), OWN).into_iter().map(|asked| asked.group).collect();
    let workload =
        |kind, name: &str| Group::Workload(SubjectKey { namespace: "shop".into(), kind, name: name.into() });
    let cluster = ObjectId {
        group: "postgresql.cnpg.io".into(),
        kind: "Cluster".into(),
        namespace: Some("shop".into()),
        name: "db".into(),
    };
    let expected = [
        Group::Alone(key("shop", "a-bare")),
        workload("Deployment", "front"),
        workload("ReplicaSet", "canary"),
        workload("Job", "nightly-1"),
        Group::Controller(Box::new(cluster)),
    ];
    assert_eq!(groups, expected);
}

#[test]
fn what_is_right_by_now_or_goes_is_asked_for_no_more() {
    let mut view = view();
    observe(&mut view, policy("stay", "Deny", &evict()));
    observe(&mut view, pod("shop", "a", "frankfurt", None));
    let name: PolicyName = "stay".parse().unwrap();
    let asks = |view: &View| still(view, &key("shop", "a"), [&name].into_iter(), OWN, at(0));
    let ground = Ground { reason: "NodeOutside", classes: BTreeSet::from(["pi".parse().unwrap()]) };
    assert_eq!(asks(&view), BTreeMap::from([(name.clone(), ground)]));
    let with = |object: Value| {
        let mut view = view.clone();
        observe(&mut view, object);
        view
    };
    let mut going = pod("shop", "a", "frankfurt", None);
    going["metadata"]["deletionTimestamp"] = json!(at(0).to_string());
    let mut ended = pod("shop", "a", "frankfurt", None);
    ended["status"] = json!({"phase": "Succeeded"});
    for (what, object) in [
        ("its node is back", node("frankfurt", "cn-hangzhou", &Value::Null)),
        ("the policy only reports", policy("stay", "Deny", &Value::Null)),
        ("the policy only warns", policy("stay", "Warn", &evict())),
        ("it is going", going),
        ("it has ended", ended),
    ] {
        let view = with(object);
        assert_eq!(asks(&view), BTreeMap::new(), "{what}");
    }
}

#[test]
fn a_pod_that_two_policies_want_gone_waits_for_the_grace_of_each() {
    let mut view = view();
    let after =
        |seconds: u32| json!({"response": {"placement": "Evict"}, "eviction": {"graceSeconds": seconds}});
    observe(&mut view, policy("early", "Deny", &after(10)));
    observe(&mut view, policy("late", "Deny", &after(20)));
    observe(&mut view, policy("never", "Deny", &Value::Null));
    observe(&mut view, pod("shop", "a", "frankfurt", None));
    let by = asked(&view, &audited(&view, at(0)), OWN).remove(0).by;
    let due = |name: &str, seconds| (name.parse().unwrap(), at(seconds));
    assert_eq!(by, BTreeMap::from([due("early", 10), due("late", 20)]));
}
