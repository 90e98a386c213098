//! A planned policy as the object that the API server takes.

use alloc::{
    borrow::ToOwned,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{
    NetworkPort,
    labels::{EGRESS_HOLDS, GUARDED, GUARDED_VALUE},
};
use serde_json::{Map, Value, json};

use super::{Allowed, Holds, MANAGED_BY, Peer, PlannedPolicy, Selected, mark::transfer_key};
use crate::Snapshot;

/// The label of every Namespace with its own name.
const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

/// The policy as `networking.k8s.io/v1` has it, in the form in which the API server gives it back.
pub fn manifest(policy: &PlannedPolicy, namespace: &str, snapshot: &Snapshot) -> Value {
    let exempt = snapshot.exempt_namespaces();
    // A rule that leads nowhere would be written like one that leads everywhere.
    let rules = policy.allows.iter().filter(|allowed| !allowed.to.is_empty());
    let rules: Vec<Value> = rules.map(|allowed| rule(allowed, &exempt)).collect();
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": policy.name,
            "namespace": namespace,
            "labels": { MANAGED_BY.0: MANAGED_BY.1 },
        },
        "spec": {
            "podSelector": selector(&policy.selects),
            "policyTypes": ["Egress"],
            "egress": rules,
        },
    })
}

fn selector(selected: &Selected) -> Value {
    match selected {
        Selected::Every => json!({}),
        Selected::Holding(holds) => json!({ "matchLabels": { EGRESS_HOLDS: holds.label() } }),
        Selected::Sources(uid) => json!({ "matchLabels": { transfer_key(uid): "" } }),
    }
}

fn rule(allowed: &Allowed, exempt: &BTreeSet<&str>) -> Value {
    let Allowed { to, ports, why: _ } = allowed;
    let mut rule = Map::new();
    if !ports.is_empty() {
        rule.insert("ports".to_owned(), ports.iter().copied().map(port).collect());
    }
    rule.insert("to".to_owned(), to.iter().map(|to| peer(to, exempt)).collect());
    Value::Object(rule)
}

fn port(NetworkPort { port, protocol }: NetworkPort) -> Value {
    json!({ "port": port, "protocol": protocol })
}

fn peer(peer: &Peer, exempt: &BTreeSet<&str>) -> Value {
    match peer {
        Peer::Network(network) => json!({ "ipBlock": { "cidr": network.to_string() } }),
        Peer::Holding(sets) => {
            let values: BTreeSet<String> = sets.iter().map(Holds::label).collect();
            json!({
                "namespaceSelector": {
                    "matchLabels": { GUARDED: GUARDED_VALUE },
                    "matchExpressions": [{ "key": NAME_OF_NAMESPACE, "operator": "NotIn", "values": exempt }],
                },
                "podSelector": {
                    "matchExpressions": [{ "key": EGRESS_HOLDS, "operator": "In", "values": values }],
                },
            })
        }
        Peer::Pods { namespace, labels } => {
            let pods = if labels.is_empty() { json!({}) } else { json!({ "matchLabels": labels }) };
            json!({
                "namespaceSelector": { "matchLabels": { NAME_OF_NAMESPACE: namespace } },
                "podSelector": pods,
            })
        }
    }
}
