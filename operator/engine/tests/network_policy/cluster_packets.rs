//! Policies that lie in no namespace, beside a plain reading of them and beside NetworkPolicies, for random rules and packets.

use std::net::IpAddr;

use bund_crds::Protocol;
use bund_engine::Verdict;
use ipnet::IpNet;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::{
    cluster::{cnp, named},
    facts,
    generated::{PODS, Sent},
    widened::{is_open, judged, near_rule, policy, sent, world},
};

/// A rule of a NetworkPolicy of `near_rule` as one of a ClusterNetworkPolicy, and of an AdminNetworkPolicy; `None` where these
/// have no words for it.
fn translated(rule: &Value, admin: bool) -> Option<Value> {
    let peer = |peer: &Value| -> Option<Value> {
        Some(match (&peer["ipBlock"], &peer["namespaceSelector"]) {
            (Value::Object(block), _) if !block.contains_key("except") => {
                json!({ "networks": [block["cidr"]] })
            }
            (Value::Object(_), _) => return None,
            (_, Value::Null) => json!({ "namespaces": named(facts::NAMESPACE) }),
            (_, namespaces) => {
                json!({ "pods": { "namespaceSelector": namespaces, "podSelector": peer["podSelector"] } })
            }
        })
    };
    let port = |port: &Value| -> Option<Value> {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        Some(match (&port["port"], &port["endPort"]) {
            (Value::Null, _) if admin => return None,
            (Value::Null, _) => json!({ protocol.to_lowercase(): {} }),
            (one, Value::Null) if admin => json!({ "portNumber": { "protocol": protocol, "port": one } }),
            (one, Value::Null) => {
                json!({ protocol.to_lowercase(): { "destinationPort": { "number": one } } })
            }
            (one, end) if admin => json!({ "portRange": { "protocol": protocol, "start": one, "end": end } }),
            (one, end) => {
                json!({ protocol.to_lowercase(): { "destinationPort": { "range": { "start": one, "end": end } } } })
            }
        })
    };
    let to: Vec<Value> = rule["to"].as_array().unwrap().iter().map(peer).collect::<Option<_>>()?;
    let mut translated = json!({ "action": if admin { "Allow" } else { "Accept" }, "to": to });
    if let Some(ports) = rule["ports"].as_array() {
        let ports: Vec<Value> = ports.iter().map(port).collect::<Option<_>>()?;
        translated[if admin { "ports" } else { "protocols" }] = ports.into();
    }
    Some(translated)
}

/// What a ClusterNetworkPolicy answers for a packet, told without the engine: the action of the first rule that matches.
fn action<'r>(rules: &'r [Value], sent: &Sent) -> Option<&'r str> {
    let to = sent.to.to_canonical();
    let pod = PODS.iter().find(|pod| to == IpAddr::V4(pod.ipv4) || to == IpAddr::V6(pod.ipv6));
    let reached = |peer: &Value| {
        let within = |network: &Value| {
            let network: IpNet = network.as_str().unwrap().parse().unwrap();
            let mapped = matches!(network, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some());
            // What is written as mapped addresses means those that they carry.
            network.contains(&to)
                || (mapped
                    && matches!(to, IpAddr::V4(v4) if network.contains(&IpAddr::V6(v4.to_ipv6_mapped()))))
        };
        let listed = peer["networks"].as_array();
        let named = |selector: &Value| {
            let name = &selector["matchLabels"]["kubernetes.io/metadata.name"];
            pod.filter(|pod| *name == pod.namespace)
        };
        listed.is_some_and(|networks| networks.iter().any(within))
            || named(&peer["namespaces"]).is_some()
            || named(&peer["pods"]["namespaceSelector"]).is_some_and(|pod| {
                let wanted = peer["pods"]["podSelector"]["matchLabels"].as_object().unwrap();
                wanted.iter().all(|(key, value)| pod.labels.iter().any(|(own, of)| own == key && value == of))
            })
    };
    let name = match sent.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    };
    let at = |protocol: &Value| {
        let Some(entry) = protocol.get(name) else { return false };
        let port = &entry["destinationPort"];
        let bound = |end: &str| port["range"][end].as_u64().or(port["number"].as_u64());
        let sent = u64::from(sent.port);
        bound("start").is_none_or(|start| start <= sent) && bound("end").is_none_or(|end| sent <= end)
    };
    let matches = |rule: &&Value| {
        rule["to"].as_array().unwrap().iter().any(reached)
            && rule["protocols"].as_array().is_none_or(|listed| listed.iter().any(at))
    };
    rules.iter().find(matches).and_then(|rule| rule["action"].as_str())
}

fn cluster_rules() -> impl Strategy<Value = Vec<Value>> {
    let rule = near_rule().prop_filter_map("no words for it", |rule| translated(&rule, false));
    let action = select(vec!["Accept", "Accept", "Accept", "Deny", "Pass"]);
    let rule = (rule, action).prop_map(|(mut rule, action)| {
        rule["action"] = action.into();
        rule
    });
    vec(rule, 1..=3)
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_is_admitted_accepts_nothing_that_is_not_open(rules in cluster_rules(), sent in vec(sent(), 64)) {
        let policy = cnp(named(facts::NAMESPACE), rules.clone());
        if judged(&policy, &world()).0 == Verdict::Deny {
            return Ok(());
        }
        for sent in sent {
            prop_assert!(action(&rules, &sent) != Some("Accept") || is_open(&sent), "{sent:?}");
        }
    }

    #[test]
    fn what_is_accepted_is_judged_like_what_a_network_policy_allows(rules in vec(near_rule(), 1..=3)) {
        let world = world();
        for admin in [false, true] {
            let Some(cluster) = rules.iter().map(|rule| translated(rule, admin)).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let mut cluster = cnp(named(facts::NAMESPACE), cluster);
            if admin {
                cluster["apiVersion"] = "policy.networking.k8s.io/v1alpha1".into();
                cluster["kind"] = "AdminNetworkPolicy".into();
                cluster["spec"].as_object_mut().unwrap().remove("tier");
            }
            prop_assert_eq!(judged(&cluster, &world), judged(&policy(&rules), &world));
        }
    }
}
