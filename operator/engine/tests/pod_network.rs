//! What pods say about the network, against policies: who is excepted, what is told, and what no spelling hides.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use bund_engine::{Decision, Reason, Request, Snapshot, Timestamp, Verdict, decide};
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;
use facts::NAMESPACE;

const REGION: &str = "topology.kubernetes.io/region";

/// A policy with a name that refuses what leads out.
fn policy(name: &str, mode: &str, exceptions: &Value) -> Value {
    let mut policy = facts::policy("Inject");
    policy["metadata"]["name"] = json!(name);
    policy["spec"]["enforcement"]["egress"] = json!(mode);
    policy["spec"]["egress"] = json!({"exceptions": exceptions});
    policy
}

fn snapshot(policies: impl IntoIterator<Item = Value>) -> Snapshot {
    facts::snapshot(facts::mixed(REGION).into_iter().chain(policies))
}

/// A pod inside that holds the class.
fn pod(mut spec: Value) -> Value {
    spec["nodeSelector"] = json!({REGION: "cn-hangzhou"});
    facts::pod(&spec)
}

fn created(object: &Value, snapshot: &Snapshot) -> Decision {
    decide(&Request::of_object(object.clone(), None), snapshot, Timestamp::UNIX_EPOCH)
}

/// The reasons, each with what happens because of it.
fn told(decision: &Decision) -> Vec<String> {
    let told = |finding: &bund_engine::Finding| format!("{} {:?}", finding.reason, finding.mode);
    decision.findings.iter().map(told).collect()
}

fn exception(name: &str, escapes: &[&str]) -> Value {
    json!([{"namespace": NAMESPACE, "kind": "DaemonSet", "name": name, "escapes": escapes}])
}

/// A pod of the DaemonSet `agent` in the network of its node.
fn agent() -> Value {
    let mut agent = pod(json!({"hostNetwork": true, "dnsPolicy": "ClusterFirstWithHostNet"}));
    agent["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "controller": true}]);
    agent
}

#[test]
fn an_exception_counts_where_every_policy_lists_it() {
    let listed = exception("agent", &["HostNetwork"]);
    for (policies, expected) in [
        (vec![policy("a", "Deny", &listed)], vec![]),
        (vec![policy("a", "Deny", &json!([]))], vec!["EscapesPolicy Deny"]),
        (vec![policy("a", "Deny", &exception("other", &["HostNetwork"]))], vec!["EscapesPolicy Deny"]),
        (vec![policy("a", "Deny", &exception("agent", &["HostPort"]))], vec!["EscapesPolicy Deny"]),
        (vec![policy("a", "Deny", &listed), policy("b", "Deny", &listed)], vec![]),
        (vec![policy("a", "Deny", &listed), policy("b", "Deny", &json!([]))], vec!["EscapesPolicy Deny"]),
        // Who excepts it does not refuse it; who does not, only records it.
        (vec![policy("a", "Deny", &listed), policy("b", "Audit", &json!([]))], vec!["EscapesPolicy Audit"]),
    ] {
        let decision = created(&agent(), &snapshot(policies.clone()));
        assert_eq!(told(&decision), expected, "{policies:?}");
    }
}

#[test]
fn the_remedy_names_the_workload_that_an_exception_would_name() {
    let decision = created(&agent(), &snapshot([policy("a", "Deny", &json!([]))]));
    let refusals = decision.response().refusals;
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].contains("DaemonSet shop/agent listed with HostNetwork"), "{}", refusals[0]);
}

#[test]
fn no_password_is_told_in_any_answer() {
    let snapshot = snapshot([policy("a", "Deny", &json!([]))]);
    for text in [
        "http://user:geheim@proxy.example.com:3128",
        "user:geheim@proxy.example.com:3128",
        "http://user:geheim@0x08080808:3128",
        "http://user:geheim@[::1",
        "geheim://user:geheim@proxy.example.com",
    ] {
        for variable in ["HTTP_PROXY", "BACKEND"] {
            let env = json!([{"name": variable, "value": text}]);
            let decision = created(&pod(json!({"containers": [{"env": env}]})), &snapshot);
            let told = format!("{decision:?} {:?}", decision.response());
            assert!(!told.contains("geheim"), "{text}: {told}");
        }
    }
}

#[test]
fn without_a_class_nothing_is_said() {
    let mut plain = pod(json!({
        "hostNetwork": true, "containers": [{"env": [{"name": "HTTP_PROXY", "value": "proxy.example.com"}]}]
    }));
    plain["metadata"]["labels"] = json!({});
    let decision = created(&plain, &snapshot([policy("a", "Deny", &json!([]))]));
    assert_eq!((told(&decision), decision.verdict), (vec![], Verdict::NotApplicable));
}

/// A foreign address in the spellings that sockets take for it.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    vec![
        address.to_string(),
        format!("[::ffff:{address}]"),
        format!("[::ffff:{:x}:{:x}]", number >> 16, number & 0xffff),
        format!("[64:ff9b::{address}]"),
        format!("[2002:{:x}:{:x}::1]", number >> 16, number & 0xffff),
        format!("{number}"),
        format!("0x{number:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{b}.{}", u32::from(c) * 256 + u32::from(d)),
    ]
}

/// A public address that no list of the world holds.
fn foreign() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>()
        .prop_map(Ipv4Addr::from)
        .prop_filter("it is its own machine", |address| !address.is_loopback() && address.octets()[0] != 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the spelling of a foreign address, a proxy, a probe, a name server and an alias there are refused.
    #[test]
    fn no_spelling_hides_a_foreign_address(address in foreign(), port in 1u16..) {
        let snapshot = snapshot([policy("a", "Deny", &json!([]))]);
        for host in spellings(address) {
            let bare = host.trim_matches(['[', ']']);
            let specs = [
                (Reason::ProxyOutside, json!({"containers": [{"env": [{"name": "HTTP_PROXY", "value": format!("http://{host}:{port}")}]}]})),
                (Reason::ProxyOutside, json!({"containers": [{"env": [{"name": "all_proxy", "value": format!("{host}:{port}")}]}]})),
                (Reason::ProbeOutside, json!({"containers": [{"readinessProbe": {"tcpSocket": {"host": bare, "port": port}}}]})),
                (Reason::ResolverOutside, json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": [bare]}})),
                (Reason::HostAliasOutside, json!({"hostAliases": [{"ip": bare, "hostnames": ["a"]}]})),
            ];
            for (reason, spec) in specs {
                let decision = created(&pod(spec.clone()), &snapshot);
                let reasons: BTreeSet<_> = decision.findings.iter().map(|finding| finding.reason).collect();
                prop_assert!(reasons.contains(&reason) && !decision.response().allowed, "{spec} {decision:?}");
            }
        }
    }

    /// Texts of any form are answered, and only hosts are told of them.
    #[test]
    fn any_text_is_read(text in "(https?://|jdbc:|--x=|[a-z0-9.:@/\\[\\]%$(){}, -]){0,60}") {
        let env = json!([{"name": "X", "value": text}, {"name": "HTTPS_PROXY", "value": text}]);
        let spec = json!({"containers": [{"env": env, "args": [text]}]});
        let decision = created(&pod(spec), &snapshot([policy("a", "Deny", &json!([]))]));
        for finding in decision.findings.iter().filter(|finding| finding.reason == Reason::AddressOutside) {
            prop_assert!(!finding.offending.is_empty(), "{decision:?}");
            let address: Result<IpAddr, _> = finding.offending.parse();
            prop_assert!(address != Ok(IpAddr::V6(Ipv6Addr::LOCALHOST)), "{decision:?}");
        }
    }
}
