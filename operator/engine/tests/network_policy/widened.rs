//! What is called harmless lets nothing out, and how it is written makes no difference.

use std::net::IpAddr;

use bund_crds::Protocol;
use bund_engine::{
    Reason, Request, Snapshot, Subject, Timestamp, Verdict, decide,
    network_policy::{NetworkPolicy, Packet, policies_over, widens},
};
use ipnet::IpNet;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::{
    facts,
    generated::{self, PODS, Sent},
};

/// What is open in this world besides peers and cluster DNS: the network, and its port by TCP or all of them.
const OPEN: [(&str, Option<u16>); 4] = [
    ("10.20.4.0/22", None),
    ("10.30.0.0/24", Some(443)),
    ("fd00:20:8::/48", None),
    ("10.31.0.0/16", Some(80)),
];

pub fn world() -> Snapshot {
    let networks: Vec<Value> = OPEN
        .iter()
        .map(|(network, port)| match port {
            None => json!({ "network": network }),
            Some(port) => json!({ "network": network, "ports": [{ "port": port, "protocol": "TCP" }] }),
        })
        .collect();
    let mut abroad = networks.clone();
    abroad.push(json!({ "network": "203.0.113.0/24" }));
    let mut policy = facts::policy("Inject");
    policy["spec"]["enforcement"]["egress"] = "Deny".into();
    policy["spec"]["egress"] = json!({ "networks": abroad });
    let [mut location, ..] = facts::mixed("topology.kubernetes.io/region");
    location["spec"]["networks"] = OPEN.iter().map(|(network, _)| *network).collect();
    // The namespaces of the pods that are sent to: all that are guarded are known.
    let office = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "office" } });
    let guarded = json!({ "bund.dev/guarded": "true", "team": "a" });
    let vault = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "vault", "labels": guarded } });
    facts::snapshot([location, policy, office, vault])
}

pub fn judged(policy: &Value, snapshot: &Snapshot) -> (Verdict, Vec<Reason>) {
    let decision = decide(&Request::of_object(policy.clone(), None), snapshot, Timestamp::UNIX_EPOCH);
    let mut reasons: Vec<_> = decision.findings.iter().map(|finding| finding.reason).collect();
    reasons.dedup();
    (decision.verdict, reasons)
}

pub fn policy(rules: &[Value]) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "users-own", "namespace": facts::NAMESPACE },
        "spec": { "podSelector": {}, "policyTypes": ["Egress"], "egress": rules }
    })
}

/// Whether something may be reached in this world, told without the engine.
pub fn is_open(sent: &Sent) -> bool {
    let to = sent.to.to_canonical();
    let within = |network: &str| network.parse::<IpNet>().unwrap().contains(&to);
    let dns = sent.port == 53 && sent.protocol != Protocol::Sctp;
    let pod = PODS.iter().find(|pod| to == IpAddr::V4(pod.ipv4) || to == IpAddr::V6(pod.ipv6));
    let by_pod = pod.is_some_and(|pod| pod.namespace == facts::NAMESPACE || (pod.name == "coredns" && dns));
    let listed = |(network, port): &(&str, Option<u16>)| {
        within(network) && port.is_none_or(|port| sent.port == port && sent.protocol == Protocol::Tcp)
    };
    by_pod || (dns && within("169.254.20.10/32")) || OPEN.iter().any(listed)
}

/// Rules that are harmless, or nearly so.
pub fn near_rule() -> impl Strategy<Value = Value> {
    let networks = select(vec![
        "10.20.4.0/22",
        "10.20.4.0/23",
        "10.20.6.0/23",
        "10.20.0.0/21",
        "10.30.0.0/24",
        "10.30.0.128/25",
        "10.30.0.0/23",
        "10.31.0.0/16",
        "10.31.128.0/17",
        "fd00:20:8::/48",
        "fd00:20:8::/49",
        "fd00:20:8::/47",
        "169.254.20.10/32",
        "169.254.20.10/31",
        "::ffff:10.20.4.0/118",
        "::ffff:0:0/96",
        "203.0.113.0/24",
    ]);
    let except = select(vec![None, None, Some("10.20.0.0/22"), Some("10.30.1.0/24"), Some("fd00:20:9::/48")]);
    let block = (networks, except).prop_map(|(cidr, except)| {
        let mut block = json!({ "cidr": cidr });
        if let Some(except) = except {
            block["except"] = json!([except]);
        }
        json!({ "ipBlock": block })
    });
    let dns = json!({
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } },
        "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } }
    });
    let peer = prop_oneof![6 => block, 1 => Just(json!({ "podSelector": {} })), 1 => Just(dns)];
    let port = select(vec![
        json!({ "port": 443 }),
        json!({ "port": 80 }),
        json!({ "port": 53, "protocol": "UDP" }),
        json!({ "port": 53 }),
        json!({ "port": 443, "endPort": 443 }),
        json!({ "port": 80, "endPort": 443 }),
        json!({ "protocol": "TCP" }),
    ]);
    (vec(peer, 1..=3), vec(port, 0..=2)).prop_map(|(to, ports)| {
        if ports.is_empty() { json!({ "to": to }) } else { json!({ "to": to, "ports": ports }) }
    })
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    vec(prop_oneof![5 => near_rule(), 1 => generated::rule()], 1..=3)
}

/// Packets near what is open.
pub fn sent() -> impl Strategy<Value = Sent> {
    let near = select(vec![
        "10.20.3.255",
        "10.20.4.0",
        "10.20.5.1",
        "10.20.6.0",
        "10.20.7.255",
        "10.20.8.0",
        "10.30.0.1",
        "10.30.0.200",
        "10.30.1.1",
        "10.31.0.9",
        "10.31.200.1",
        "fd00:20:8::1",
        "fd00:20:8:8000::1",
        "fd00:20:9::1",
        "169.254.20.10",
        "169.254.20.11",
        "::ffff:10.20.5.1",
        "::ffff:8.8.8.8",
        "203.0.113.7",
    ]);
    (generated::sent(), prop_oneof![2 => near.prop_map(Some), 1 => Just(None)]).prop_map(|(sent, near)| {
        Sent { to: near.map_or(sent.to, |address: &str| address.parse().unwrap()), ..sent }
    })
}

/// The same rules in other words.
fn rewritten(rules: &[Value], turn: usize) -> Vec<Value> {
    let mut rewritten: Vec<Value> = rules.iter().cloned().map(halved).collect();
    rewritten.extend(rules.iter().cloned());
    let turn = turn % rewritten.len();
    rewritten.rotate_left(turn);
    for rule in &mut rewritten {
        for list in ["to", "ports"] {
            if let Some(list) = rule[list].as_array_mut() {
                list.reverse();
                list.extend(list.clone());
            }
        }
        rule.as_object_mut().unwrap().retain(|_, member| !member.is_null());
    }
    rewritten
}

/// A rule whose networks are written as their halves. What was excepted is so from both.
fn halved(mut rule: Value) -> Value {
    let Some(peers) = rule["to"].as_array_mut() else { return rule };
    let halves = |peer: &Value| -> Vec<Value> {
        let whole = peer["ipBlock"]["cidr"].as_str().map(|cidr| cidr.parse::<IpNet>().unwrap());
        let halves = whole.and_then(|whole| whole.subnets(whole.prefix_len() + 1).ok());
        let Some(halves) = halves else { return vec![peer.clone()] };
        let half = |network: IpNet| {
            let mut half = peer.clone();
            half["ipBlock"]["cidr"] = network.to_string().into();
            half
        };
        halves.map(half).collect()
    };
    *peers = peers.iter().flat_map(halves).collect();
    rule
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_is_harmless_lets_nothing_out(rules in rules(), sent in vec(sent(), 64)) {
        let policy = policy(&rules);
        if judged(&policy, &world()).0 == Verdict::Deny {
            return Ok(());
        }
        let read = NetworkPolicy::read(&policy["spec"]);
        for sent in sent {
            let allows = |packet: &Packet<'_>| read.allows(facts::NAMESPACE, packet);
            prop_assert!(!sent.with_packet(allows) || is_open(&sent), "{sent:?}");
        }
    }

    #[test]
    fn what_is_refused_lets_something_out_or_may(rules in vec(near_rule(), 1..=2)) {
        // The other way round: the verdict is that of the rules by themselves.
        let world = world();
        let together = judged(&policy(&rules), &world);
        let alone = rules.iter().map(|rule| judged(&policy(std::slice::from_ref(rule)), &world).0);
        prop_assert_eq!(together.0 == Verdict::Deny, alone.into_iter().any(|verdict| verdict == Verdict::Deny));
    }

    #[test]
    fn the_same_in_other_words_is_judged_alike(rules in rules(), turn in any::<usize>()) {
        let world = world();
        prop_assert_eq!(judged(&policy(&rules), &world), judged(&policy(&rewritten(&rules, turn)), &world));
    }

    #[test]
    fn the_same_selects_and_allows_alike(rules in rules(), turn in any::<usize>(), sent in vec(sent(), 64)) {
        let [one, other] = [rules.clone(), rewritten(&rules, turn)].map(|rules| NetworkPolicy::read(&policy(&rules)["spec"]));
        for sent in sent {
            let allows = |policy: &NetworkPolicy| sent.with_packet(|packet| policy.allows(facts::NAMESPACE, packet));
            prop_assert_eq!(allows(&one), allows(&other), "{:?}", sent);
        }
    }
}

#[test]
fn most_rules_near_what_is_open_are_of_either_kind() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let (mut runner, world) = (TestRunner::deterministic(), world());
    let harmless = (0..400).filter(|_| {
        let rule = near_rule().new_tree(&mut runner).unwrap().current();
        judged(&policy(&[rule]), &world).0 == Verdict::Allow
    });
    let harmless = harmless.count();
    assert!((20..=380).contains(&harmless), "{harmless} of 400");
}

#[test]
fn pods_that_are_known_are_compared() {
    let between = policy(&[json!({ "to": [{ "podSelector": {} }] })]);
    let mut world = world();
    world.observe(&facts::pod(&json!({})));
    assert_eq!(judged(&between, &world).0, Verdict::Allow, "a pod may reach those that hold the same");
    let mut relay = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "relay", "namespace": facts::NAMESPACE }
    });
    world.observe(&relay);
    assert_eq!(judged(&between, &world), (Verdict::Deny, vec![Reason::EgressWidened]));
    relay["status"]["phase"] = "Succeeded".into();
    world.observe(&relay);
    assert_eq!(judged(&between, &world).0, Verdict::Allow, "what has ended takes nothing in");
}

/// The policies that open too much in a namespace, with how many findings there are about each.
pub(crate) fn widening<'s>(
    namespace: &'s str,
    world: &'s Snapshot,
) -> impl Iterator<Item = (&'s Subject, usize)> {
    let found = policies_over(namespace, world)
        .map(move |policy| (policy, widens(policy, namespace, world, Timestamp::UNIX_EPOCH).len()));
    found.filter(|(_, findings)| *findings > 0)
}

#[test]
fn those_that_exist_are_told_by_namespace() {
    let mut world = world();
    let mut narrow = policy(&[]);
    narrow["metadata"]["name"] = "narrow".into();
    for policy in [policy(&[json!({})]), narrow] {
        world.observe(&policy);
    }
    let told = |namespace: &str| -> Vec<(String, usize)> {
        let found = widening(namespace, &world);
        found.map(|(policy, findings)| (policy.id.name.to_string(), findings)).collect()
    };
    assert_eq!(told(facts::NAMESPACE), [("users-own".to_owned(), 1)]);
    assert_eq!(told("office"), []);
}
