//! The engine's answer about a pod's placement against an oracle that tries every node.

use bund_crds::JurisdictionName;
use bund_engine::{
    Request, Snapshot, Timestamp, Verdict, decide,
    placement::{Reach, TermReach, reach},
};
use proptest::prelude::*;
use serde_json::Value;

#[path = "support/facts.rs"]
mod facts;
#[path = "support/pods.rs"]
mod pods;
#[path = "support/scheduler.rs"]
mod scheduler;

use scheduler::{Asked, Standing};

fn snapshot(node_key: &str) -> Snapshot {
    facts::snapshot(facts::mixed(node_key).into_iter().chain([facts::policy("Require")]))
}

/// What the engine should find.
fn reach_by_trying(spec: &Value, node_key: &str) -> Reach {
    let asked = Asked::of(spec);
    let nowhere = TermReach { inside: false, confinable: false, outside: false };
    let mut terms = Vec::new();
    scheduler::nodes(&asked, node_key, |node| {
        let (standing, satisfied) = (node.standing(node_key), asked.satisfied(node));
        terms.resize(satisfied.len(), nowhere);
        for (term, satisfied) in terms.iter_mut().zip(satisfied) {
            term.inside |= satisfied && matches!(standing, Standing::InsideByKey | Standing::InsideByTrust);
            term.confinable |= satisfied && standing == Standing::InsideByKey;
            term.outside |= satisfied && standing == Standing::Outside;
        }
    });
    Reach { terms }
}

proptest! {
    #![proptest_config(pods::config())]

    #[test]
    fn the_engine_and_the_oracle_agree_about_every_term(spec in pods::pod_spec(), node_key in pods::node_key()) {
        let snapshot = snapshot(node_key);
        let mainland: JurisdictionName = "cn-mainland".parse().unwrap();
        let subject = snapshot.extract(&facts::pod(&spec), None, None);
        let found = reach(&subject.shapes[0], [&mainland], &snapshot);
        prop_assert_eq!(found, reach_by_trying(&spec, node_key));
    }

    #[test]
    fn under_require_a_pod_passes_exactly_when_only_nodes_inside_could_take_it(
        spec in pods::pod_spec(),
        node_key in pods::node_key(),
    ) {
        let expected = reach_by_trying(&spec, node_key);
        let passes = expected.terms.iter().any(|term| term.inside) && expected.terms.iter().all(|term| !term.outside);
        let request = Request::of_object(facts::pod(&spec), None);
        let decision = decide(&request, &snapshot(node_key), Timestamp::UNIX_EPOCH);
        prop_assert_eq!(decision.verdict, if passes { Verdict::Allow } else { Verdict::Deny });
        prop_assert_eq!(decision.response().allowed, passes);
        prop_assert_eq!(decision.injection, None);
    }
}
