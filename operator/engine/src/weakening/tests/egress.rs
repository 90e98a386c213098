//! What edits open to pods.

use super::*;

#[test]
fn a_policy_opens_no_more_than_it_did() {
    let port = |port: u16| json!({ "port": port, "protocol": "TCP" });
    let exception = |name: &str, escapes: &[&str]| json!({ "namespace": "shop", "kind": "DaemonSet", "name": name, "escapes": escapes });
    let spec = json!({
        "dataClasses": ["pi", "logs"], "jurisdictions": ["cn-mainland"], "enforcement": { "egress": "Deny" },
        "egress": {
            "networks": [{ "network": "10.0.0.0/8", "ports": [port(443), port(80)] }, { "network": "fd00:20::/48" }],
            "pods": [{ "namespace": "monitoring", "podLabels": { "app": "agent" }, "ports": [port(9090)] }],
            "exceptions": [exception("agent", &["HostNetwork", "HostPort"])],
            "transferEnd": "Evict"
        }
    });
    let to = |network: &str, ports: &[Value]| json!({ "network": network, "ports": ports });
    let pods = |namespace: &str, labels: Value, ports: &[Value]| json!([{ "namespace": namespace, "podLabels": labels, "ports": ports }]);
    let table: &[(&str, Value, &[&str])] = &[
        ("/egress", Value::Null, &[]),
        ("/egress/transferEnd", json!("Keep"), &[]),
        (
            "/egress/networks",
            json!([to("fd00:20:0:1::/64", &[port(1)]), to("10.1.0.0/16", &[port(80)])]),
            &[],
        ),
        ("/egress/networks", json!([to("10.1.0.0/16", &[port(22)])]), &["lets pods reach 10.1.0.0/16"]),
        ("/egress/networks", json!([to("10.1.0.0/16", &[])]), &["lets pods reach 10.1.0.0/16"]),
        ("/egress/networks", json!([to("8.0.0.0/6", &[port(80)])]), &["lets pods reach 8.0.0.0/6"]),
        ("/egress/networks", json!([to("::/0", &[])]), &["lets pods reach ::/0"]),
        ("/egress/pods", json!([]), &[]),
        (
            "/egress/pods",
            pods("tools", json!({ "app": "agent" }), &[port(9090)]),
            &["lets pods reach others in tools"],
        ),
        (
            "/egress/pods",
            pods("monitoring", json!({}), &[port(9090)]),
            &["lets pods reach others in monitoring"],
        ),
        (
            "/egress/pods",
            pods("monitoring", json!({ "app": "agent" }), &[]),
            &["lets pods reach others in monitoring"],
        ),
        ("/egress/exceptions", json!([exception("agent", &["HostPort"])]), &[]),
        (
            "/egress/exceptions",
            json!([exception("agent", &["HostPort", "Privileged"])]),
            &["lets DaemonSet shop/agent escape network policies"],
        ),
        (
            "/egress/exceptions",
            json!([exception("other", &["HostPort"])]),
            &["lets DaemonSet shop/other escape network policies"],
        ),
    ];
    edits(OwnKind::ResidencyPolicy, "mainland", &spec, table);
    let closed = with(&spec, "/egress", Value::Null);
    let opened = json!({ "networks": [{ "network": "10.0.0.0/8" }] });
    edits(
        OwnKind::ResidencyPolicy,
        "mainland",
        &closed,
        &[("/egress", opened, &["lets pods reach 10.0.0.0/8"])],
    );
}

#[test]
fn pods_ask_for_names_where_they_did() {
    let spec = json!({ "jurisdiction": "cn-mainland", "span": "Uniform", "providers": ["alibaba"] });
    let others: &[&str] = &["lets pods ask others for names"];
    let table: &[(&str, Value, &[&str])] = &[
        ("/dns", json!({}), &[]),
        ("/dns", json!({ "namespace": "kube-system", "port": 53, "nodeLocal": [] }), &[]),
        ("/dns", json!({ "namespace": "shop" }), others),
        ("/dns", json!({ "podLabels": {} }), others),
        ("/dns", json!({ "port": 5353 }), others),
        ("/dns", json!({ "nodeLocal": ["203.0.113.7/32"] }), &["lets pods ask 203.0.113.7/32 for names"]),
    ];
    edits(OwnKind::ClusterLocation, "cluster", &spec, table);
}
