use serde_json::json;

use super::*;

fn digest(spec: &Value) -> Digest {
    Digest::of(Kind::Network, spec)
}

fn spec() -> Value {
    json!({ "podSelector": {}, "policyTypes": ["Egress"], "egress": [
        { "to": [{ "ipBlock": { "cidr": "192.0.2.1/32" } }], "ports": [{ "port": 443, "protocol": "TCP" }] }] })
}

#[test]
fn what_the_api_server_writes_otherwise_and_means_the_same_has_one_digest() {
    let mut same = spec();
    same["ingress"] = json!([]);
    same["podSelector"] = json!({ "matchLabels": {}, "matchExpressions": [] });
    same["egress"][0]["to"][0]["ipBlock"]["except"] = json!([]);
    same["egress"][0]["ports"][0] = json!({ "port": 443, "endPort": null });
    assert_eq!(digest(&same), digest(&spec()));
    let mut more = spec();
    more["ingress"] = json!([{}]);
    assert_eq!(digest(&more), digest(&spec()), "rules of a direction that is not named do nothing");
}

#[test]
fn whatever_lets_out_more_or_less_has_another_digest() {
    let changes: [(&str, Value); 7] = [
        ("/podSelector", json!({ "matchLabels": { "a": "b" } })),
        ("/policyTypes", json!(["Ingress"])),
        ("/policyTypes", json!(["Egress", "Ingress"])),
        ("/egress", json!([{}])),
        ("/egress", json!([])),
        ("/egress/0/ports", json!([])),
        ("/egress/0/to/0", json!({ "podSelector": {} })),
    ];
    for (at, value) in changes {
        let mut other = spec();
        *other.pointer_mut(at).unwrap() = value;
        assert_ne!(digest(&other), digest(&spec()), "{at}");
    }
}

fn policy(generation: i64, uid: &str) -> DynamicObject {
    let (key, value) = MANAGED_BY;
    serde_json::from_value(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "bund-egress", "namespace": "shop", "uid": uid, "generation": generation,
            "labels": { key: value } },
        "spec": spec()
    }))
    .unwrap()
}

fn generation(stored: &Stored) -> Option<i64> {
    stored.get(&Key::network("shop", CLOSES)).map(|policy| policy.generation)
}

#[test]
fn what_is_older_than_what_is_known_tells_nothing() {
    let mut stored = Stored::default();
    stored.take(Kind::Network, &Event::Apply(policy(2, "u")));
    stored.take(Kind::Network, &Event::Apply(policy(1, "u")));
    assert_eq!(generation(&stored), Some(2));
    stored.take(Kind::Network, &Event::Delete(policy(9, "another")));
    assert_eq!(generation(&stored), Some(2), "another of its name is gone");
    stored.take(Kind::Network, &Event::Delete(policy(2, "u")));
    assert_eq!(generation(&stored), None);
}

#[test]
fn what_bears_our_label_no_more_is_as_good_as_gone() {
    let mut stored = Stored::default();
    stored.take(Kind::Network, &Event::Apply(policy(1, "u")));
    let mut theirs = policy(1, "u");
    theirs.metadata.labels = None;
    stored.take(Kind::Network, &Event::Apply(theirs));
    assert_eq!(generation(&stored), None);
}

#[test]
fn a_kind_that_is_not_served_counts_as_listed_and_has_nothing() {
    let mut stored = Stored::default();
    assert!(!stored.is_listed());
    stored.vanish(Kind::Cluster);
    assert!(!stored.is_listed(), "NetworkPolicies were not listed yet");
    for event in [Event::Init, Event::InitApply(policy(1, "u")), Event::InitDone] {
        stored.take(Kind::Network, &event);
    }
    assert!(stored.is_listed() && !stored.is_served(Kind::Cluster));
    stored.take(Kind::Cluster, &Event::InitDone);
    assert!(stored.is_served(Kind::Cluster), "it came later");
    assert_eq!(generation(&stored), Some(1), "a list of the other kind says nothing of it");
}
