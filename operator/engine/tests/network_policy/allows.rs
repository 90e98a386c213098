//! What NetworkPolicies allow, by the words of the API reference.

use bund_crds::Protocol;
use bund_engine::network_policy::{NetworkPolicy, is_isolated};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::generated::{Cluster, PODS, Sent, answers, cluster};

/// What `policies` let the pod `web` of `shop` send to `to`.
fn answer(specs: &[Value], to: &str, port: u16, protocol: Protocol) -> bool {
    let policies = specs.iter().map(|spec| json!({ "spec": spec })).collect();
    let sent = Sent { from: 0, to: to.parse().unwrap(), port, protocol };
    answers(&Cluster { policies, packets: vec![sent] })[0]
}

fn tcp(spec: Value, to: &str, port: u16) -> bool {
    answer(&[spec], to, port, Protocol::Tcp)
}

const ABROAD: &str = "203.0.113.9";

#[test]
fn a_policy_is_about_egress_by_its_types_or_by_having_rules() {
    let isolates = |spec: Value| !tcp(spec, ABROAD, 443);
    let none = json!([]);
    assert!(isolates(json!({ "policyTypes": ["Egress"] })));
    assert!(isolates(json!({ "policyTypes": ["Ingress", "Egress"], "egress": none })));
    assert!(isolates(json!({ "egress": [{ "to": [{ "podSelector": {} }] }] })));
    assert!(isolates(json!({ "policyTypes": [], "egress": [{ "to": [{ "podSelector": {} }] }] })));
    assert!(!isolates(json!({ "policyTypes": ["Ingress"], "egress": [{ "to": [{ "podSelector": {} }] }] })));
    assert!(!isolates(json!({ "egress": none })));
    assert!(!isolates(json!({ "egress": null })));
    assert!(!isolates(json!({})));
}

#[test]
fn what_is_left_out_is_everything_and_what_is_empty_too() {
    for rule in [json!({}), json!({ "to": [] }), json!({ "to": null, "ports": [] })] {
        assert!(tcp(json!({ "egress": [rule] }), ABROAD, 443), "{rule}");
    }
    let at_443 = json!({ "egress": [{ "ports": [{ "port": 443 }] }] });
    assert!(tcp(at_443.clone(), ABROAD, 443));
    assert!(!tcp(at_443.clone(), ABROAD, 80));
    assert!(!answer(&[at_443], ABROAD, 443, Protocol::Udp), "without a protocol it is TCP");
}

#[test]
fn several_policies_add() {
    let nothing = json!({ "policyTypes": ["Egress"] });
    let network = json!({ "egress": [{ "to": [{ "ipBlock": { "cidr": "203.0.113.0/24" } }] }] });
    assert!(!answer(std::slice::from_ref(&nothing), ABROAD, 443, Protocol::Tcp));
    assert!(answer(&[nothing, network], ABROAD, 443, Protocol::Tcp));
}

#[test]
fn pods_are_told_by_their_labels_and_those_of_their_namespace() {
    let store = PODS[3].ipv4.to_string();
    let spec = |peer: Value| json!({ "egress": [{ "to": [peer] }] });
    let of_app = json!({ "matchLabels": { "app": "store" } });
    assert!(!tcp(spec(json!({ "podSelector": of_app })), &store, 80), "that is of the own namespace");
    assert!(tcp(spec(json!({ "podSelector": of_app, "namespaceSelector": {} })), &store, 80));
    let not_vault = json!({ "matchExpressions": [
        { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["vault"] }] });
    assert!(!tcp(spec(json!({ "namespaceSelector": not_vault })), &store, 80));
    let unteamed = json!({ "matchExpressions": [{ "key": "team", "operator": "DoesNotExist" }] });
    assert!(!tcp(spec(json!({ "namespaceSelector": unteamed })), &store, 80));
    assert!(!tcp(spec(json!({ "podSelector": {}, "namespaceSelector": {} })), ABROAD, 80), "no pod is there");
}

#[test]
fn addresses_are_compared_as_they_are_sent() {
    let to = |cidr: &str| json!({ "egress": [{ "to": [{ "ipBlock": { "cidr": cidr } }] }] });
    assert!(tcp(to("203.0.113.0/24"), "::ffff:203.0.113.9", 443));
    assert!(tcp(to("::ffff:0:0/96"), ABROAD, 443));
    assert!(!tcp(to("::/0"), ABROAD, 443));
    assert!(!tcp(to("0.0.0.0/0"), "64:ff9b::cb00:7109", 443), "a translator is another machine");
    assert!(tcp(to("203.0.113.77/24"), ABROAD, 443), "host bits do not count");
}

#[test]
fn what_cannot_be_read_allows_everything_and_isolates_nobody() {
    for rule in [
        json!(7),
        json!({ "to": 7 }),
        json!({ "to": [{}] }),
        json!({ "to": [{ "fqdn": "example.cn" }] }),
        json!({ "to": [{ "ipBlock": { "cidr": "010.0.0.0/8" } }] }),
        json!({ "to": [{ "ipBlock": { "cidr": "10.0.0.0/8", "except": ["x"] } }] }),
        json!({ "to": [{ "ipBlock": { "cidr": "10.0.0.0/8" }, "podSelector": {} }] }),
        json!({ "hosts": ["example.cn"] }),
        json!({ "ports": [{ "port": "443" }] }),
        json!({ "ports": [{ "port": 443, "protocol": "ICMP" }] }),
        json!({ "ports": [{ "port": 443, "endPort": 80 }] }),
    ] {
        assert!(tcp(json!({ "egress": [rule] }), ABROAD, 9), "{rule}");
    }
    for spec in [json!(7), json!({ "egress": {} }), json!({ "policyTypes": ["Both"], "egress": [] })] {
        assert!(tcp(spec.clone(), ABROAD, 9), "{spec}");
    }
    let unread = NetworkPolicy::read(&json!({ "podSelector": { "labels": {} }, "policyTypes": ["Egress"] }));
    assert!(!is_isolated(&bund_engine::subject::Labels::default(), [&unread]));
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn a_policy_more_only_takes_away_from_whom_nothing_selected(cluster in cluster()) {
        let all = answers(&cluster);
        let Some((last, fewer)) = cluster.policies.split_last() else { return Ok(()) };
        let without = answers(&Cluster { policies: fewer.to_vec(), ..cluster.clone() });
        let read: Vec<_> = fewer.iter().map(|policy| NetworkPolicy::read(&policy["spec"])).collect();
        for ((sent, all), without) in cluster.packets.iter().zip(all).zip(without) {
            let isolated = sent.with_packet(|packet| is_isolated(packet.sender, &read));
            prop_assert!(all || !without || !isolated, "{last} takes away {sent:?}");
        }
    }
}
