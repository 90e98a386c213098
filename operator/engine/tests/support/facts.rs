//! Facts that decisions rest on: one jurisdiction with one provider per form of zone, and whatever a test adds.

use bund_engine::{Snapshot, snapshot::Observed};
use serde_json::{Value, json};

pub const NAMESPACE: &str = "shop";
pub const CLASS: &str = "personal-information";

/// A node inside, and one that is not. Both are known.
pub const INSIDE_NODE: &str = "hangzhou-1";
pub const OUTSIDE_NODE: &str = "hongkong-1";

/// The snapshot in which `objects` are the case, besides the jurisdiction, the class and the namespace.
pub fn snapshot(objects: impl IntoIterator<Item = Value>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let own = [jurisdiction(), class(), namespace()];
    for object in own.into_iter().chain(objects) {
        assert_eq!(snapshot.observe(&object), Observed::Fact, "{object}");
    }
    snapshot
}

fn jurisdiction() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "Jurisdiction", "metadata": {"name": "cn-mainland"},
        "spec": {
            "displayName": "Mainland China", "countryCodes": ["CN"],
            "trustedNodeLabel": "node-restriction.kubernetes.io/jurisdiction",
            "providers": [
                {"name": "alibaba", "regions": ["cn-hangzhou", "cn-beijing"], "zoneForm": "RegionDashLetter"},
                {"name": "tencent", "regions": ["ap-guangzhou"], "zoneForm": "RegionDashNumber",
                 "nodeLabelCodes": [{"code": "gz", "region": "ap-guangzhou"}]},
                {"name": "aws-china", "regions": ["cn-north-1"], "zoneForm": "RegionLetter"},
                {"name": "own", "regions": ["dc1"], "zoneForm": "Opaque"}
            ]
        }
    })
}

fn class() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": {"name": CLASS},
        "spec": {"category": "PersonalInformation"}
    })
}

fn namespace() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"bund.dev/guarded": "true"}}
    })
}

/// A cluster of which some nodes are inside, by the label `node_key`, and two of its nodes.
pub fn mixed(node_key: &str) -> [Value; 3] {
    let location = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": {"name": "cluster"},
        "spec": {
            "jurisdiction": "cn-mainland", "span": "Mixed", "nodeKey": node_key,
            "providers": ["alibaba", "tencent", "aws-china", "own"]
        }
    });
    let node = |name, region| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {node_key: region}}});
    [location, node(INSIDE_NODE, "cn-hangzhou"), node(OUTSIDE_NODE, "cn-hongkong")]
}

/// A policy that keeps the class on the mainland and refuses what breaks it.
pub fn policy(strategy: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": {"name": "mainland"},
        "spec": {
            "dataClasses": [CLASS], "jurisdictions": ["cn-mainland"],
            "enforcement": {"placement": "Deny"}, "placementStrategy": strategy
        }
    })
}

/// A pod that holds the class.
pub fn pod(spec: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": NAMESPACE, "labels": {"data-class.bund.dev/personal-information": ""}},
        "spec": spec
    })
}
