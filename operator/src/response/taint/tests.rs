use bund_crds::labels;
use serde_json::json;

use super::*;
use crate::response::fixture::{REGION, at, audited, location, node, observe, pod, policy, view};

fn tainting(mode: &str) -> Value {
    policy("stay", mode, &json!({"nodes": "Taint"}))
}

fn ours() -> Value {
    json!({"key": OUTSIDE_TAINT, "effect": "NoSchedule"})
}

fn edits_of(view: &View) -> Vec<(String, bool)> {
    let edits = edits(view, &audited(view, at(0)));
    edits.into_iter().map(|(name, edit)| (name.into(), edit != Edit::Remove)).collect()
}

#[test]
fn in_a_mixed_cluster_a_node_is_tainted_that_left_with_what_must_stay() {
    let mut view = view();
    observe(&mut view, tainting("Deny"));
    assert_eq!(edits_of(&view), [], "a node abroad is where it should be");
    observe(&mut view, pod("infra", "a", "frankfurt", None));
    observe(&mut view, pod("broken", "a", "frankfurt", None));
    assert_eq!(edits_of(&view), [], "nothing follows from exempt namespaces, nor while glass is broken");
    observe(&mut view, pod("shop", "a", "frankfurt", None));
    assert_eq!(edits_of(&view), [("frankfurt".to_owned(), true)]);
    observe(&mut view, tainting("Warn"));
    assert_eq!(edits_of(&view), [], "a policy that denies nothing taints nothing");
}

#[test]
fn in_a_uniform_cluster_every_node_outside_is_tainted() {
    let mut view = view();
    observe(&mut view, tainting("Deny"));
    observe(&mut view, location("Uniform"));
    assert_eq!(edits_of(&view), [("frankfurt".to_owned(), true)]);
}

#[test]
fn the_taint_stays_without_the_pods_and_goes_when_the_node_is_inside_again_or_nobody_asks() {
    let mut view = view();
    observe(&mut view, tainting("Deny"));
    observe(&mut view, node("frankfurt", "eu-central-1", &json!([ours()])));
    assert_eq!(edits_of(&view), []);
    observe(&mut view, node("frankfurt", "cn-hangzhou", &json!([ours()])));
    assert_eq!(edits_of(&view), [("frankfurt".to_owned(), false)]);
    observe(&mut view, node("frankfurt", "eu-central-1", &json!([ours()])));
    observe(&mut view, policy("stay", "Deny", &Value::Null));
    assert_eq!(edits_of(&view), [("frankfurt".to_owned(), false)]);
}

#[test]
fn only_our_taint_is_edited_and_only_on_the_node_as_it_was_read() {
    let others = json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
        {"key": labels::OUTSIDE_TAINT, "effect": "NoExecute"}]);
    let add = Edit::Add { policies: BTreeSet::new(), place: String::new() };
    let before = node("n", "eu-central-1", &others);
    let identity = json!({"uid": "uid-n", "resourceVersion": "7"});
    let mut both = others.as_array().unwrap().clone();
    both.push(ours());
    assert_eq!(patch(&before, &add), Some(json!({"metadata": identity, "spec": {"taints": both}})));
    assert_eq!(patch(&before, &Edit::Remove), None);
    let after = node("n", "eu-central-1", &json!(both));
    assert_eq!(patch(&after, &Edit::Remove), Some(json!({"metadata": identity, "spec": {"taints": others}})));
    assert_eq!(patch(&after, &add), None);
    assert_eq!(
        before.pointer(&format!("/metadata/labels/{}", REGION.replace('/', "~1"))),
        Some(&json!("eu-central-1"))
    );
}
