//! What injection makes of a pod: confined, once and for all, and to no less than the nodes inside.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use bund_engine::{Decision, Request, Snapshot, Timestamp, Verdict, decide};
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;
#[path = "support/pods.rs"]
mod pods;
#[path = "support/scheduler.rs"]
mod scheduler;

use scheduler::{Asked, Standing};

fn snapshot(node_key: &str) -> Snapshot {
    facts::snapshot(facts::mixed(node_key).into_iter().chain([facts::policy("Inject")]))
}

fn created(pod: &Value, snapshot: &Snapshot) -> Decision {
    decide(&Request::of_object(pod.clone(), None), snapshot, Timestamp::UNIX_EPOCH)
}

/// The pod with the decision's JSON patch applied.
fn patched(pod: &Value, decision: &Decision) -> Value {
    let mut pod = pod.clone();
    if let Some(injection) = &decision.injection {
        let value = injection.affinity.clone();
        assert_eq!(injection.json_patch(), json!([{"op": "add", "path": "/spec/affinity", "value": value}]));
        pod["spec"]["affinity"] = value;
    }
    pod
}

proptest! {
    #![proptest_config(pods::config())]

    #[test]
    fn a_pod_that_passes_is_confined_and_loses_no_node_inside_that_names_its_region(
        spec in pods::pod_spec(),
        node_key in pods::node_key(),
    ) {
        let pod = facts::pod(&spec);
        let decision = created(&pod, &snapshot(node_key));
        let after = patched(&pod, &decision);
        let (before, after) = (Asked::of(&pod["spec"]), Asked::of(&after["spec"]));
        let (mut was_open, mut open) = (false, false);
        let (mut by_key, mut by_trust, mut lost) = (false, false, false);
        scheduler::nodes(&after, node_key, |node| {
            let admitted = before.satisfied(node).contains(&true);
            let admits = after.satisfied(node).contains(&true);
            match node.standing(node_key) {
                Standing::InsideByKey => {
                    by_key |= admitted;
                    lost |= admitted && !admits;
                }
                Standing::InsideByTrust => by_trust |= admitted,
                Standing::Outside => {
                    was_open |= admitted;
                    open |= admits;
                }
                Standing::Dishonest => {}
            }
        });
        let allowed = decision.response().allowed;
        prop_assert_eq!(allowed, by_key || (by_trust && !was_open), "whether there is a node for what it becomes");
        prop_assert_eq!(decision.injection.is_some(), allowed && was_open);
        prop_assert!(!(allowed && open), "a pod that passes could still be placed outside");
        prop_assert!(!lost, "the injection takes a node inside away");
    }

    #[test]
    fn an_injected_pod_is_injected_no_more(spec in pods::pod_spec(), node_key in pods::node_key()) {
        let (pod, snapshot) = (facts::pod(&spec), snapshot(node_key));
        let first = created(&pod, &snapshot);
        let after = patched(&pod, &first);
        let second = created(&after, &snapshot);
        prop_assert_eq!(&second.injection, &None);
        prop_assert_eq!(patched(&after, &second), after);
        if first.response().allowed {
            prop_assert_eq!((second.verdict, second.response().allowed), (Verdict::Allow, true));
        }
    }
}
