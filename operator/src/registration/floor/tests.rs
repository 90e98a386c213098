use std::collections::BTreeMap;

use bund_engine::snapshot::{Observed, TransferFacts};
use bund_engine::{Snapshot, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::registration::testing::assert_written_before_read;

const REGION: &str = "topology.kubernetes.io/region";

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn node(name: &str, region: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name, "labels": { REGION: region } } })
}

/// A cluster with a node inside and one abroad, two classes, and these policies.
fn snapshot(span: &str, policies: &[(&str, Value)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let mut observe = |object: &Value| assert_eq!(snapshot.observe(object), Observed::Fact, "{object}");
    observe(&own(
        "Jurisdiction",
        "cn-mainland",
        &json!({
            "displayName": "Mainland China", "countryCodes": ["CN"],
            "trustedNodeLabel": "node-restriction.kubernetes.io/jurisdiction",
            "providers": [{ "name": "alibaba", "regions": ["cn-beijing", "cn-hangzhou"], "zoneForm": "RegionDashLetter" }]
        }),
    ));
    observe(&own(
        "ClusterLocation",
        "cluster",
        &json!({ "jurisdiction": "cn-mainland", "span": span, "nodeKey": REGION, "providers": ["alibaba"] }),
    ));
    for class in ["pi", "logs"] {
        observe(&own("DataClass", class, &json!({ "category": "PersonalInformation" })));
    }
    observe(&node("hangzhou-1", "cn-hangzhou"));
    observe(&node("frankfurt-1", "eu-central-1"));
    for (name, spec) in policies {
        let mut spec = spec.clone();
        spec["dataClasses"] = json!(["pi"]);
        spec["jurisdictions"] = json!(["cn-mainland"]);
        observe(&own("ResidencyPolicy", name, &spec));
    }
    snapshot
}

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

fn told(snapshot: &Snapshot) -> BTreeMap<String, Value> {
    let all = parameters(snapshot, now());
    all.into_iter().map(|(name, spec)| (name, serde_json::to_value(spec).unwrap())).collect()
}

#[test]
fn a_policy_that_denies_tells_the_floor_what_is_inside() {
    let denies = json!({ "enforcement": { "placement": "Deny" } });
    let audits = json!({ "enforcement": { "placement": "Audit", "storage": "Deny" } });
    let told = told(&snapshot("Mixed", &[("denies", denies), ("audits", audits)]));
    let keys: BTreeMap<&str, &str> = [
        (REGION, "Region"),
        ("failure-domain.beta.kubernetes.io/region", "Region"),
        ("failure-domain.beta.kubernetes.io/zone", "Zone"),
        ("node-restriction.kubernetes.io/jurisdiction", "Jurisdiction"),
        ("topology.com.tencent.cloud.csi.cbs/zone", "Zone"),
        ("topology.disk.csi.azure.com/zone", "Zone"),
        ("topology.diskplugin.csi.alibabacloud.com/zone", "Zone"),
        ("topology.ebs.csi.aws.com/zone", "Zone"),
        ("topology.kubernetes.io/zone", "Zone"),
    ]
    .into();
    let expected = json!({
        "policies": [{ "name": "denies", "classes": ["pi"], "denies": true }],
        "declaredClasses": ["logs", "pi"], "jurisdictions": ["cn-mainland"],
        "unplaced": "Confined", "keys": keys,
        "regions": { "cn-beijing": "cn-mainland", "cn-hangzhou": "cn-mainland" },
        "nodesInside": { "hangzhou-1": "cn-mainland" },
        "remedy": "write `topology.kubernetes.io/region: cn-hangzhou` in spec.nodeSelector"
    });
    assert_eq!(told, BTreeMap::from([("cn-mainland".to_owned(), expected)]));
}

#[test]
fn overrides_turn_the_mode_round_where_they_name_a_namespace() {
    let lowered = json!({
        "enforcement": { "placement": "Deny" },
        "overrides": [
            { "namespaces": ["shop"], "enforcement": { "placement": "Warn" } },
            { "namespaces": ["shop", "vault"], "enforcement": { "placement": "Deny" } }
        ]
    });
    let raised = json!({ "overrides": [{ "namespaces": ["shop"], "enforcement": { "placement": "Deny" } }] });
    let told = told(&snapshot("Mixed", &[("lowered", lowered), ("raised", raised)]));
    assert_eq!(
        told["cn-mainland"]["policies"],
        json!([
            { "name": "lowered", "classes": ["pi"], "denies": true, "overridden": ["shop"] },
            { "name": "raised", "classes": ["pi"], "denies": false, "overridden": ["shop"] }
        ])
    );
}

#[test]
fn policies_share_an_object_by_their_jurisdictions_and_a_hundred_at_a_time() {
    let denies = json!({ "enforcement": { "placement": "Deny" } });
    let names: Vec<_> = (0..101).map(|number| format!("p-{number:03}")).collect();
    let policies: Vec<_> = names.iter().map(|name| (name.as_str(), denies.clone())).collect();
    let mut snapshot = snapshot("Mixed", &policies);
    let mut elsewhere = denies;
    elsewhere["dataClasses"] = json!(["pi"]);
    elsewhere["jurisdictions"] = json!(["eu", "cn-mainland"]);
    assert_eq!(snapshot.observe(&own("ResidencyPolicy", "elsewhere", &elsewhere)), Observed::Fact);
    let count = |spec: &Value| spec["policies"].as_array().map(Vec::len);
    let counts: Vec<_> = told(&snapshot).iter().map(|(name, spec)| (name.clone(), count(spec))).collect();
    let expected = [("cn-mainland", 100), ("cn-mainland.2", 1), ("cn-mainland.eu", 1)];
    assert_eq!(counts, expected.map(|(name, count)| (name.to_owned(), Some(count))));
}

#[test]
fn where_every_node_is_inside_only_those_that_contradict_are_told() {
    let denies = json!({ "enforcement": { "placement": "Deny" } });
    let told = told(&snapshot("Uniform", &[("denies", denies)]));
    let of = |member: &str| told["cn-mainland"].get(member).cloned();
    assert_eq!(of("unplaced"), Some(json!("Free")));
    assert_eq!(of("nodesInside"), None);
    assert_eq!(of("nodesNotInside"), Some(json!(["frankfurt-1"])));
}

#[test]
fn broken_glass_is_told_with_its_end_and_not_after_it() {
    let denies = json!({ "enforcement": { "placement": "Deny" } });
    let mut snapshot = snapshot("Mixed", &[("denies", denies)]);
    for (name, namespaces, minutes, second) in [
        ("ended", json!(["shop"]), 1, 0),
        ("short", json!(["shop"]), 10, 1_000_000),
        ("long", json!(["shop"]), 20, 1_000_000),
        ("everywhere", json!([]), 10, 1_000_000),
    ] {
        let mut glass = own(
            "BreakGlass",
            name,
            &json!({
                "reason": "INC-7: the zone is down", "requestedBy": "kate", "namespaces": namespaces,
                "durationMinutes": minutes
            }),
        );
        glass["metadata"]["creationTimestamp"] = json!(Timestamp::from_second(second).unwrap());
        assert_eq!(snapshot.observe(&glass), Observed::Fact);
    }
    assert_eq!(
        told(&snapshot)["cn-mainland"]["brokenGlass"],
        json!({ "*": "1970-01-12T13:56:40Z", "shop": "1970-01-12T14:06:40Z" })
    );
}

#[test]
fn a_transfer_in_effect_is_told_by_its_namespace_with_its_classes_and_its_end() {
    let mut snapshot = snapshot("Mixed", &[]);
    for (namespace, name, classes) in [
        ("shop", "closed", json!(["pi"])),
        ("shop", "long", json!(["pi", "logs"])),
        ("shop", "short", json!(["logs", "pi"])),
        ("till", "short", json!(["pi"])),
    ] {
        let mut transfer = own(
            "CrossBorderTransfer",
            name,
            &json!({
                "exporter": "91350100M000100Y43", "requestedBy": "wei", "purpose": "orders", "method": "stored",
                "recipient": { "name": "P", "country": "DE", "contact": "p@p.example", "kind": "Organisation" },
                "dataClasses": classes, "dataTypes": ["address"],
                "sources": [{ "kind": "Deployment", "name": "orders" }],
                "destinations": [{ "host": "api.partner.example" }],
                "persons": { "ordinary": 1, "sensitive": 0, "under14": 0 },
                "mechanism": { "exemption": { "ground": "ContractNecessity", "evidence": "orders" } },
                "validity": { "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" }
            }),
        );
        transfer["metadata"]["namespace"] = json!(namespace);
        assert_eq!(snapshot.observe(&transfer), Observed::Fact);
    }
    let until = |transfer: &TransferFacts| match transfer.name.as_ref() {
        "long" => Timestamp::from_second(2_000_000).ok(),
        "short" => Timestamp::from_second(1_500_000).ok(),
        _ => None,
    };
    assert_eq!(
        serde_json::to_value(parameters::transfers(&snapshot, until)).unwrap(),
        json!({
            "shop": [{ "classes": ["logs", "pi"], "until": "1970-01-24T03:33:20Z" }],
            "till": [{ "classes": ["pi"], "until": "1970-01-18T08:40:00Z" }]
        })
    );
}

#[test]
fn the_floor_asks_about_pods_of_guarded_namespaces_alone() {
    let policy = floor_policy(&["kube-system".to_owned()]);
    let spec = &policy["spec"];
    assert_eq!(spec["failurePolicy"], "Fail");
    assert_eq!(
        spec["matchConstraints"]["namespaceSelector"],
        json!({ "matchExpressions": [
            { "key": "bund.dev/guarded", "operator": "In", "values": ["true"] },
            { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"] }
        ] })
    );
    let asked = |rule: &Value| (rule["resources"].clone(), rule["operations"].clone());
    let rules: Vec<_> =
        spec["matchConstraints"]["resourceRules"].as_array().unwrap().iter().map(asked).collect();
    assert_eq!(
        rules,
        [(json!(["pods"]), json!(["CREATE"])), (json!(["pods/ephemeralcontainers"]), json!(["UPDATE"]))]
    );
    assert_eq!(
        floor_binding()["spec"],
        json!({
            "policyName": "bund-floor", "validationActions": ["Deny"],
            "paramRef": { "selector": {}, "parameterNotFoundAction": "Allow" }
        })
    );
}

#[test]
fn every_variable_is_written_before_it_is_read() {
    assert_written_before_read(&floor_policy(&[]));
}
