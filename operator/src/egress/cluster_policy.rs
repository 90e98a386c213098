//! The ClusterNetworkPolicy of a closed namespace, where the cluster serves them. (pure)
//!
//! NetworkPolicies only add: whoever may write one in the namespace can open more. This one comes before them and takes away
//! whatever leads out of the cluster beyond what the plan opens. It opens nothing by itself: what it does not deny, it leaves
//! to the NetworkPolicies.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{NetworkPort, Protocol};
use bund_engine::egress::{MANAGED_BY, NamespacePlan, Peer};
use serde_json::{Value, json};

use super::CLOSES;
use super::kind::Kind;

/// As many rules, peers of a rule, and networks of a peer as one object may have.
const MOST: usize = 25;
/// The label of every Namespace with its own name.
const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

/// The policy for a namespace; `None` where its networks are more than one object may name. Before it come those of a lower
/// `priority`; what they accept is judged like a NetworkPolicy of others.
pub(super) fn manifest(plan: &NamespacePlan, priority: u16) -> Option<Value> {
    let pods = json!({ "name": "pods", "action": "Pass", "to": [{ "namespaces": {} }] });
    let rest = json!({ "name": "rest", "action": "Deny", "to": [{ "networks": ["0.0.0.0/0", "::/0"] }] });
    let mut open = rules(&networks(plan));
    if open.len() > MOST - 2 {
        // At any port of them: which, say the NetworkPolicies.
        let all = networks(plan).into_values().flatten().collect();
        open = rules(&BTreeMap::from([(BTreeSet::new(), all)]));
    }
    let egress: Vec<_> = [pods].into_iter().chain(open).chain([rest]).collect();
    let namespace = plan.namespace.as_ref();
    (egress.len() <= MOST).then(|| {
        json!({
            "apiVersion": Kind::Cluster.api_version(),
            "kind": Kind::Cluster.as_str(),
            "metadata": {
                "name": format!("{CLOSES}-{namespace}"),
                "labels": { MANAGED_BY.0: MANAGED_BY.1 },
            },
            "spec": {
                "tier": "Admin",
                "priority": priority,
                "subject": { "namespaces": { "matchLabels": { NAME_OF_NAMESPACE: namespace } } },
                "egress": egress,
            },
        })
    })
}

/// Networks by the ports at which they are open; no port stands for all of them.
type ByPorts = BTreeMap<BTreeSet<NetworkPort>, BTreeSet<String>>;

/// Every network that the plan opens to some pod of the namespace.
fn networks(plan: &NamespacePlan) -> ByPorts {
    let mut by_ports = ByPorts::new();
    for allowed in plan.policies.iter().flat_map(|policy| &policy.allows) {
        let networks = allowed.to.iter().filter_map(|peer| match peer {
            Peer::Network(network) => Some(network.to_string()),
            Peer::Holding(_) | Peer::Pods { .. } => None,
        });
        let networks: BTreeSet<_> = networks.collect();
        if !networks.is_empty() {
            by_ports.entry(allowed.ports.iter().copied().collect()).or_default().extend(networks);
        }
    }
    by_ports
}

fn rules(by_ports: &ByPorts) -> Vec<Value> {
    let mut rules = Vec::new();
    for (ports, networks) in by_ports {
        let networks: Vec<_> = networks.iter().collect();
        let peers: Vec<_> = networks.chunks(MOST).map(|networks| json!({ "networks": networks })).collect();
        for peers in peers.chunks(MOST) {
            let mut rule =
                json!({ "name": format!("networks-{}", rules.len()), "action": "Pass", "to": peers });
            if let (false, Some(members)) = (ports.is_empty(), rule.as_object_mut()) {
                members.insert("protocols".to_owned(), ports.iter().copied().map(protocol).collect());
            }
            rules.push(rule);
        }
    }
    rules
}

fn protocol(NetworkPort { port, protocol }: NetworkPort) -> Value {
    let at = json!({ "destinationPort": { "number": port } });
    match protocol {
        Protocol::Tcp => json!({ "tcp": at }),
        Protocol::Udp => json!({ "udp": at }),
        Protocol::Sctp => json!({ "sctp": at }),
    }
}

#[cfg(test)]
mod tests {
    use bund_crds::Mode;
    use bund_engine::egress::{Allowed, PlannedPolicy, Selected, Why};

    use super::*;

    fn plan(allows: Vec<Allowed>) -> NamespacePlan {
        let policy = PlannedPolicy { name: CLOSES.into(), selects: Selected::Every, allows };
        NamespacePlan {
            namespace: "vault".into(),
            mode: Mode::Deny,
            policies: vec![policy],
            left_closed: Vec::new(),
        }
    }

    fn allowed(networks: impl IntoIterator<Item = String>, ports: &[u16]) -> Allowed {
        let to = networks.into_iter().map(|network| Peer::Network(network.parse().unwrap())).collect();
        let port = |port: &u16| NetworkPort { port: *port, protocol: Protocol::Tcp };
        Allowed { to, ports: ports.iter().map(port).collect(), why: Why::ApiServer }
    }

    #[test]
    fn what_is_open_passes_to_network_policies_and_the_rest_is_denied() {
        let one = allowed(["192.0.2.1/32".to_owned()], &[6443]);
        let other = allowed(["198.51.100.0/24".to_owned(), "2001:db8::/32".to_owned()], &[]);
        let manifest = manifest(&plan(vec![one, other]), 100).unwrap();
        let expected = json!({
            "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": { "name": "bund-egress-vault", "labels": { "app.kubernetes.io/managed-by": "bund" } },
            "spec": {
                "tier": "Admin", "priority": 100,
                "subject": { "namespaces": { "matchLabels": { "kubernetes.io/metadata.name": "vault" } } },
                "egress": [
                    { "name": "pods", "action": "Pass", "to": [{ "namespaces": {} }] },
                    { "name": "networks-0", "action": "Pass",
                      "to": [{ "networks": ["198.51.100.0/24", "2001:db8::/32"] }] },
                    { "name": "networks-1", "action": "Pass", "to": [{ "networks": ["192.0.2.1/32"] }],
                      "protocols": [{ "tcp": { "destinationPort": { "number": 6443 } } }] },
                    { "name": "rest", "action": "Deny", "to": [{ "networks": ["0.0.0.0/0", "::/0"] }] },
                ]
            }
        });
        assert_eq!(manifest, expected);
    }

    #[test]
    fn it_never_has_more_rules_peers_or_networks_than_one_object_may() {
        let many = |count: usize| (0..count).map(|n| format!("10.{}.{}.0/24", n / 256, n % 256));
        let single = |port: u16| allowed([format!("192.0.2.{port}/32")], &[port]);
        for (allows, rules) in [
            (vec![], 2),
            (vec![allowed(many(26), &[])], 3),
            (vec![allowed(many(626), &[])], 4),
            ((1..24).map(single).collect(), 25),
            ((1..200).map(single).collect(), 3),
            (vec![allowed(many(14_375), &[443])], 25),
        ] {
            let manifest = manifest(&plan(allows), 100).unwrap();
            let egress = manifest["spec"]["egress"].as_array().unwrap();
            assert_eq!(egress.len(), rules);
            let peers = || egress.iter().map(|rule| rule["to"].as_array().unwrap());
            assert!(peers().all(|peers| (1..=MOST).contains(&peers.len())));
            let sizes = peers().flatten().filter_map(|peer| peer["networks"].as_array()).map(Vec::len);
            assert!(sizes.into_iter().all(|networks| (1..=MOST).contains(&networks)));
        }
        assert_eq!(manifest(&plan(vec![allowed(many(14_376), &[443])]), 100), None);
    }
}
