//! Which nodes have an address.

use alloc::vec;

use serde_json::json;

use super::*;
use crate::Snapshot;

fn node(name: &str, pods: &[&str], addresses: &[&str]) -> Value {
    let addresses: Vec<_> = addresses.iter().map(|it| json!({"type": "InternalIP", "address": it})).collect();
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"name": name}},
        "spec": {"podCIDR": pods.first(), "podCIDRs": pods}, "status": {"addresses": addresses},
    })
}

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.observe(&node("a", &["10.1.0.0/24", "fd00:1::/64"], &["192.168.0.1", "::ffff:192.168.1.1"]));
    snapshot.observe(&node("b", &["10.1.1.0/24", "fd00:1:0:1::/64"], &["192.168.0.2"]));
    snapshot.observe(&node("c", &["10.1.0.128/25"], &["192.168.0.2"]));
    snapshot.observe(&node("wide", &["10.0.0.0/8", "fd00::/16"], &[]));
    snapshot
}

fn at(snapshot: &Snapshot, network: &str) -> Vec<alloc::string::String> {
    let network = address::network(network).unwrap();
    let names = snapshot.world().networks().nodes_at(network).into_iter();
    names.map(|node| node.labels.get("name").unwrap().into()).collect()
}

#[test]
fn an_address_is_of_every_node_that_says_so() {
    let snapshot = snapshot();
    for (network, nodes) in [
        ("10.1.0.5", vec!["a"]),
        ("10.1.0.200", vec!["a", "c"]),
        ("10.1.0.0/24", vec!["a", "a", "c"]),
        ("10.1.1.0/28", vec!["b"]),
        ("10.1.0.0/23", vec![]),
        ("10.2.0.1", vec![]),
        ("192.168.0.2", vec!["b", "c"]),
        ("192.168.1.1", vec!["a"]),
        ("fd00:1::5", vec!["a"]),
        ("fd00:1:0:1::5", vec!["b"]),
        ("fd00:2::1", vec![]),
    ] {
        assert_eq!(at(&snapshot, network), nodes, "{network}");
    }
}

#[test]
fn what_is_gone_or_was_corrected_is_forgotten() {
    let mut snapshot = snapshot();
    snapshot.observe(&node("b", &["10.3.0.0/20"], &[]));
    assert_eq!(at(&snapshot, "10.1.1.1"), vec![""; 0]);
    assert_eq!(at(&snapshot, "10.3.1.1"), ["b"]);
    assert_eq!(at(&snapshot, "192.168.0.2"), ["c"]);
    for name in ["a", "b", "c", "wide"] {
        snapshot.forget(&crate::ObjectId {
            group: "".into(),
            kind: "Node".into(),
            namespace: None,
            name: name.into(),
        });
    }
    let left = snapshot.world().networks();
    assert!(left.nodes.is_empty() && left.lengths.is_empty());
}

#[test]
fn networks_of_services_come_and_go() {
    let mut snapshot = Snapshot::default();
    let cidrs = json!({"cidrs": ["10.96.0.0/16", "fd00:96::/112", "nonsense"]});
    snapshot.observe(&json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"}, "spec": cidrs,
    }));
    let holds = |snapshot: &Snapshot, network: &str| {
        snapshot.world().networks().of_services(address::network(network).unwrap())
    };
    assert!(
        holds(&snapshot, "10.96.0.10") && holds(&snapshot, "fd00:96::a") && !holds(&snapshot, "10.96.0.0/15")
    );
    snapshot.forget(&crate::ObjectId {
        group: "networking.k8s.io".into(),
        kind: "ServiceCIDR".into(),
        namespace: None,
        name: "kubernetes".into(),
    });
    assert!(!holds(&snapshot, "10.96.0.10"));
}
