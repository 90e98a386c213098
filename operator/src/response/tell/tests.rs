use super::*;
use crate::response::fixture::{at, key, observe, own, policy, view};

fn no_taints() -> Taints {
    Taints { right: Right::Held, failed: BTreeSet::new() }
}

fn name() -> PolicyName {
    "stay".parse().unwrap()
}

/// Status, reason and message of the condition of a policy with this `running`.
fn told(
    running: &Value,
    mode: &str,
    said: &BTreeMap<PolicyName, Said>,
    taints: &Taints,
) -> Option<[String; 3]> {
    let mut view = view();
    observe(&mut view, policy("stay", mode, running));
    let statuses = statuses(&view, said, taints, at(0));
    let condition = statuses.get(&name())?.status.pointer("/conditions/0")?.clone();
    Some(["status", "reason", "message"].map(|member| condition[member].as_str().unwrap().to_owned()))
}

fn evict() -> Value {
    json!({"response": {"placement": "Evict"}})
}

#[test]
fn a_policy_that_asks_for_nothing_is_told_nothing() {
    assert_eq!(told(&Value::Null, "Deny", &BTreeMap::new(), &no_taints()), None);
}

#[test]
fn the_condition_says_what_is_stuck_before_what_moves() {
    let said = |said: Said| BTreeMap::from([(name(), said)]);
    let nothing = told(&evict(), "Deny", &said(Said::new()), &no_taints()).unwrap();
    assert_eq!(nothing, ["True", "NothingToEvict", "no pod is to be evicted"]);
    let grace = (State::Grace, (1, vec![key("shop", "a")]));
    let moving = told(&evict(), "Deny", &said(Said::from([grace.clone()])), &no_taints()).unwrap();
    assert_eq!(moving, ["True", "Evicting", "1 pod (shop/a): evicted when the grace is over"]);
    let budget = (State::Budget, (4, ["b", "c", "d"].map(|name| key("shop", name)).to_vec()));
    let stuck = told(&evict(), "Deny", &said(Said::from([grace, budget])), &no_taints()).unwrap();
    assert_eq!(
        stuck,
        [
            "False",
            "DisruptionBudget",
            "4 pods (shop/b, shop/c, shop/d, …): a PodDisruptionBudget does not allow it now; 1 pod (shop/a): evicted when the grace is over"
        ]
    );
}

#[test]
fn what_can_never_work_is_said_before_it_is_needed() {
    let said = BTreeMap::from([(name(), Said::new())]);
    let idle = told(&evict(), "Warn", &said, &no_taints()).unwrap();
    assert_eq!(
        idle,
        [
            "False",
            "NotDenied",
            "running.response.placement is Evict, and placement is Deny nowhere: nothing is evicted for it"
        ]
    );
    let missing = Taints { right: Right::Missing, failed: BTreeSet::new() };
    let taint = told(&json!({"nodes": "Taint"}), "Deny", &BTreeMap::new(), &missing).unwrap();
    assert_eq!(taint[..2], ["False", "RightMissing"]);
    assert!(taint[2].contains("response.taint: true"), "{}", taint[2]);
}

#[test]
fn a_policy_that_asks_no_more_loses_its_condition_and_one_that_says_the_same_is_left() {
    let mut view = view();
    let said = BTreeMap::from([(name(), Said::new())]);
    observe(&mut view, policy("stay", "Deny", &evict()));
    let status = statuses(&view, &said, &no_taints(), at(0)).remove(&name()).unwrap().status;
    let with = |running: &Value| {
        let mut policy = policy("stay", "Deny", running);
        policy["status"] = status.clone();
        policy
    };
    observe(&mut view, with(&evict()));
    assert_eq!(statuses(&view, &said, &no_taints(), at(60)), BTreeMap::new(), "a second pass writes nothing");
    observe(&mut view, with(&Value::Null));
    let none = OwnStatus::cluster_scoped(OwnKind::ResidencyPolicy, "stay", json!({"conditions": []}));
    assert_eq!(statuses(&view, &BTreeMap::new(), &no_taints(), at(60)), BTreeMap::from([(name(), none)]));
    observe(&mut view, own("ResidencyPolicy", "unreadable", &json!(1)));
    assert_eq!(statuses(&view, &BTreeMap::new(), &no_taints(), at(60)).len(), 1);
}

#[test]
fn events_have_the_same_name_whoever_tells_them() {
    let event = |identity: &str| evicted(&key("shop", "a"), "u-1", &[name()], identity, at(0));
    let [one, two] = ["a", "b"].map(|identity| event(identity).metadata);
    assert_eq!(one, two);
    assert_eq!((one.name.as_deref(), one.namespace.as_deref()), (Some("bund-evicted.u-1"), Some("shop")));
    let node = crate::response::fixture::node("n", "eu-central-1", &Value::Null);
    let add = Edit::Add { policies: BTreeSet::from([name()]), place: "in eu-central-1".to_owned() };
    let told = edited(&node, &add, "a", at(0));
    assert_eq!(told.metadata.name.as_deref(), Some("bund-taint.uid-n.7"));
    assert_eq!(
        told.note.as_deref(),
        Some("it is in eu-central-1, which stay does not allow: tainted bund.dev/outside:NoSchedule")
    );
}
