//! Connections through the API server: what is judged, who gets through, and what is asked of odd requests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::indexing_slicing, reason = "indexing raw JSON gives null where nothing is")]

use std::collections::BTreeSet;

use bund_engine::finding::Standing;
use bund_engine::{Assumption, Decision, Operation, Reason, Request, Snapshot, Timestamp, Verdict, decide};
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;

use facts::{CLASS, NAMESPACE};

fn snapshot(mode: &str, others: &[Value]) -> Snapshot {
    let mut policy = facts::policy("Inject");
    policy["spec"]["enforcement"] = json!({ "connect": mode });
    let mut pod = facts::pod(&json!({}));
    pod["metadata"]["name"] = json!("web");
    pod["metadata"]["namespace"] = json!(NAMESPACE);
    let facts = facts::mixed("topology.kubernetes.io/region").into_iter().chain([policy, pod]);
    facts::snapshot(facts.chain(others.iter().cloned()))
}

fn request(kind: &str, name: &str) -> Request {
    Request {
        operation: Operation::Connect,
        subresource: Some("exec".into()),
        namespace: Some(NAMESPACE.to_owned()),
        name: Some(name.to_owned()),
        ..Request::of_object(json!({ "apiVersion": "v1", "kind": kind }), None)
    }
}

fn ask(request: &Request, snapshot: &Snapshot) -> Decision {
    decide(request, snapshot, Timestamp::from_second(150).unwrap())
}

fn standings(decision: &Decision) -> BTreeSet<String> {
    let of_class = decision
        .findings
        .iter()
        .filter(|finding| finding.class.as_ref().is_some_and(|c| c.as_str() == CLASS));
    of_class.map(|finding| format!("{} {:?}", finding.reason, finding.standing)).collect()
}

#[test]
fn a_pod_is_found_under_every_name_by_which_a_proxy_is_asked() {
    let snapshot = snapshot("Deny", &[]);
    for name in ["web", "web:80", "http:web:80", "https:web:", ":web:80"] {
        let decision = ask(&request("PodProxyOptions", name), &snapshot);
        assert_eq!(decision.verdict, Verdict::Deny, "{name}");
        assert_eq!(decision.subject.name.as_ref(), "web", "{name}");
        assert_eq!(
            decision.assumptions.iter().filter(|a| matches!(a, Assumption::TargetAbsent { .. })).count(),
            0
        );
    }
    for name in ["other", "a:b:c:web", ""] {
        let decision = ask(&request("PodExecOptions", name), &snapshot);
        assert!(!decision.response().allowed, "{name}: who is not known may hold anything");
    }
}

#[test]
fn the_right_lets_through_what_would_be_refused_and_tells_what_would_be_recorded() {
    for (mode, allowed, warnings) in [("Deny", false, 1), ("Warn", true, 0), ("Audit", true, 0)] {
        let snapshot = snapshot(mode, &[]);
        let mut request = request("PodExecOptions", "web");
        let decision = ask(&request, &snapshot);
        assert_eq!(decision.response().allowed, allowed, "{mode}");
        assert_eq!(decision.needs_connect(), decision.classes.keys().cloned().collect(), "{mode}");
        request.rights.connect = decision.needs_connect();
        let decision = ask(&request, &snapshot);
        let response = decision.response();
        assert_eq!((response.allowed, response.warnings.len()), (true, warnings), "{mode}: {response:?}");
        assert_eq!(standings(&decision), ["ConnectionUnapproved Connected".to_owned()].into());
    }
}

#[test]
fn broken_glass_lets_through() {
    let glass = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass",
        "metadata": { "name": "inc-7", "creationTimestamp": "1970-01-01T00:01:40Z" },
        "spec": { "reason": "INC-7: the mainland zone is down", "requestedBy": "kate", "namespaces": [NAMESPACE], "durationMinutes": 2 }
    });
    let decision = ask(&request("PodExecOptions", "web"), &snapshot("Deny", &[glass]));
    assert!(decision.response().allowed);
    let through = |finding: &bund_engine::Finding| matches!(finding.standing, Standing::LetThrough(_));
    assert!(decision.findings.iter().all(through), "{:?}", decision.findings);
}

#[test]
fn options_of_another_kind_reach_whatever_the_namespace_has() {
    let snapshot = snapshot("Deny", &[]);
    for kind in ["ServiceProxyOptions", "PodTunnelOptions", ""] {
        assert_eq!(ask(&request(kind, "front"), &snapshot).verdict, Verdict::Deny, "{kind}");
    }
    let mut bare = request("PodExecOptions", "web");
    bare.object = None;
    assert_eq!(ask(&bare, &snapshot).verdict, Verdict::Deny);
    bare.object = Some(json!(7));
    assert_eq!(ask(&bare, &snapshot).verdict, Verdict::Deny);
}

#[test]
fn what_lives_in_no_namespace_is_judged_by_the_api_server() {
    let mut node = request("NodeProxyOptions", "n");
    node.namespace = None;
    assert_eq!(ask(&node, &snapshot("Deny", &[])).verdict, Verdict::NotApplicable);
}

#[test]
fn a_policy_that_cannot_be_read_may_ask_for_the_right_and_a_place_never_does() {
    let broken = |kind: &str| {
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": "broken" },
            "spec": { "enforcement": { "connect": "Deny" }, "unknown": true }
        })
    };
    let reasons = |kind: &str| -> BTreeSet<Reason> {
        let mut snapshot = snapshot("Audit", &[]);
        snapshot.observe(&broken(kind));
        let decision = ask(&request("PodExecOptions", "web"), &snapshot);
        decision.findings.iter().map(|finding| finding.reason).collect()
    };
    assert!(reasons("ResidencyPolicy").contains(&Reason::FactUnreadable));
    assert!(!reasons("Jurisdiction").contains(&Reason::FactUnreadable));
}
