//! Random clusters, as objects.

use bund_engine::transfer::digest;
use proptest::prelude::*;
use serde_json::{Value, json};

const GROUP: &str = "bund.dev/v1alpha1";
const CODE: &str = "91350100M000100Y43";
const NAMESPACES: [&str; 3] = ["crm", "pay", "shop"];
const CLASSES: [&str; 3] = ["activity-logs", "financial-transactions", "personal-information"];
/// Nodes with their regions: the last one says nothing.
const NODES: [(&str, &str); 4] = [
    ("hangzhou-1", "cn-hangzhou"),
    ("hangzhou-2", "cn-hangzhou"),
    ("frankfurt-1", "eu-central-1"),
    ("edge-1", ""),
];

/// Something in a cluster.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    what: What,
    namespace: usize,
    /// It is part of its name; things of one number meet.
    number: usize,
    /// Which of the classes it holds, one bit each.
    classes: usize,
    node: usize,
}

#[derive(Clone, Debug)]
enum What {
    /// A Deployment with so many pods.
    Deployment(usize),
    /// A workload of this kind that claims to be made by the Deployment of its number.
    Claiming(&'static str),
    Pod {
        ended: bool,
    },
    Secret,
    ConfigMap,
    /// A claim of the namespace `shop`, and its volume.
    Claim,
    /// A transfer of the Deployment of its number, decided on or not.
    Transfer {
        decided: bool,
    },
}

impl Thing {
    pub(super) fn workload(number: usize, pods: usize) -> Self {
        Self {
            what: What::Deployment(pods),
            namespace: number % NAMESPACES.len(),
            number,
            classes: 0b100,
            node: 0,
        }
    }

    pub(super) fn transfer(number: usize, decided: bool) -> Self {
        Self { what: What::Transfer { decided }, ..Self::workload(number, 0) }
    }
}

/// Up to so many things.
pub(super) fn things(most: usize) -> impl Strategy<Value = Vec<Thing>> {
    let what = prop_oneof![
        3 => (0..4_usize).prop_map(What::Deployment),
        1 => any::<bool>().prop_map(|ended| What::Pod { ended }),
        1 => prop_oneof![Just("Deployment"), Just("ReplicaSet")].prop_map(What::Claiming),
        1 => Just(What::Secret),
        1 => Just(What::ConfigMap),
        1 => Just(What::Claim),
        2 => any::<bool>().prop_map(|decided| What::Transfer { decided }),
    ];
    let thing = (what, 0..NAMESPACES.len(), 0..40_usize, 0..8_usize, 0..NODES.len());
    let thing = thing.prop_map(|(what, namespace, number, classes, node)| Thing {
        what,
        namespace,
        number,
        classes,
        node,
    });
    prop::collection::vec(thing, 0..most)
}

/// The objects of a cluster with these things.
pub(super) fn cluster(things: &[Thing]) -> Vec<Value> {
    let mut objects = vec![
        json!({"apiVersion": GROUP, "kind": "ClusterLocation", "metadata": {"name": "cluster"},
            "spec": {"jurisdiction": "cn-mainland", "providers": ["alibaba"], "span": "Mixed"}}),
        json!({"apiVersion": GROUP, "kind": "ResidencyPolicy", "metadata": {"name": "mainland"},
            "spec": {"dataClasses": [CLASSES[1], CLASSES[2]], "jurisdictions": ["cn-mainland"]}}),
        json!({"apiVersion": GROUP, "kind": "Exporter", "metadata": {"name": CODE.to_lowercase()},
            "spec": {"creditCode": CODE, "legalName": "Example", "infrastructure": "NotCritical",
                "elsewhere": {"asOf": "2026-05-20", "ordinary": 0, "sensitive": 0}}}),
    ];
    objects.extend(NAMESPACES.map(|name| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"bund.dev/guarded": "true"}}})
    }));
    objects.extend(NODES.map(|(name, region)| {
        let labels =
            if region.is_empty() { json!({}) } else { json!({"topology.kubernetes.io/region": region}) };
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}})
    }));
    let mut names = std::collections::BTreeSet::new();
    for object in things.iter().flat_map(objects_of) {
        // A name is there once.
        if names.insert((
            object["kind"].to_string(),
            object["metadata"]["namespace"].to_string(),
            object["metadata"]["name"].to_string(),
        )) {
            objects.push(object);
        }
    }
    objects
}

fn objects_of(thing: &Thing) -> Vec<Value> {
    let Thing { what, namespace, number, classes, node } = thing;
    let namespace = NAMESPACES[*namespace];
    let held = CLASSES.iter().enumerate().filter(|(bit, _)| classes & (1 << bit) != 0);
    let labels: serde_json::Map<_, _> =
        held.map(|(_, class)| (format!("data-class.bund.dev/{class}"), json!(""))).collect();
    let name = format!("thing-{number}");
    let meta = |name: &str| json!({"name": name, "namespace": namespace, "labels": labels});
    let spec = json!({"containers": [{"name": "app", "image": "app"}]});
    match what {
        What::Deployment(pods) => deployment(namespace, &name, &labels, *pods, *node),
        What::Claiming(kind) => {
            let owner =
                json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true}]);
            let meta =
                json!({"name": format!("other-{number}"), "namespace": namespace, "ownerReferences": owner});
            let spec = json!({"template": {"metadata": {"labels": labels}, "spec": spec}});
            vec![json!({"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec})]
        }
        What::Pod { ended } => {
            let mut spec = spec;
            spec["nodeName"] = json!(NODES[*node].0);
            let phase = if *ended { "Succeeded" } else { "Running" };
            vec![
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(&name), "spec": spec, "status": {"phase": phase}}),
            ]
        }
        What::Secret => vec![json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta(&name)})],
        What::ConfigMap => vec![json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(&name)})],
        What::Claim => claim(&name, &labels, NODES[*node].1),
        What::Transfer { decided } => transfer(thing.namespace, *number, *decided),
    }
}

fn deployment(
    namespace: &str,
    name: &str,
    labels: &serde_json::Map<String, Value>,
    pods: usize,
    node: usize,
) -> Vec<Value> {
    let meta = |name: &str, kind: &str, of: &str| {
        let owner = json!([{"apiVersion": "apps/v1", "kind": kind, "name": of, "controller": true}]);
        json!({"name": name, "namespace": namespace, "labels": labels, "ownerReferences": owner})
    };
    let spec = json!({"containers": [{"name": "app", "image": "app"}]});
    let template = json!({"template": {"metadata": {"labels": labels}, "spec": spec}});
    let set = format!("{name}-5d9f");
    let mut objects = vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": template}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta(&set, "Deployment", name), "spec": template}),
    ];
    objects.extend((0..pods).map(|pod| {
        let mut spec = spec.clone();
        spec["nodeName"] = json!(NODES[(node + pod % 2) % NODES.len()].0);
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(&format!("{set}-{pod}"), "ReplicaSet", &set), "spec": spec})
    }));
    objects
}

fn claim(name: &str, labels: &serde_json::Map<String, Value>, region: &str) -> Vec<Value> {
    let volume = format!("volume-{name}");
    let place = if region.is_empty() { json!({}) } else { json!({"topology.kubernetes.io/region": region}) };
    vec![
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "shop", "labels": labels},
            "spec": {"volumeName": volume, "storageClassName": ""}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume, "labels": place},
            "spec": {"claimRef": {"namespace": "shop", "name": name},
                "csi": {"driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": format!("d-{name}")}}}),
    ]
}

/// A transfer that the law allows; where it was decided on, with the approval and the event that opened it.
fn transfer(place: usize, number: usize, decided: bool) -> Vec<Value> {
    let namespace = NAMESPACES[place];
    let uid = |letter: char| format!("{letter}000000{place}-0000-4000-8000-{number:012}");
    let name = format!("thing-{number}");
    let document = json!({"reference": "DOC", "date": "2026-05-01"});
    let persons = json!({"ordinary": 110_000, "sensitive": 0, "under14": 0});
    let spec = json!({
        "exporter": CODE, "requestedBy": "zhang.san",
        "recipient": {"name": "Example GmbH", "country": "DE", "contact": "a@example.com", "kind": "Organisation"},
        "purpose": "care", "method": "storage abroad", "dataClasses": [CLASSES[2]], "dataTypes": ["name"],
        "persons": persons, "sources": [{"kind": "Deployment", "name": name}],
        "destinations": [{"provider": "alibaba", "region": "eu-central-1"}],
        "mechanism": {"standardContract": {"effectiveDate": "2026-05-22", "filing": {"reference": "1", "filedOn": "2026-05-25"}}},
        "notice": {"document": document, "tells": ["RecipientName", "RecipientContact", "Purpose", "Method", "DataTypes", "Rights"]},
        "consent": {"separate": document}, "impactAssessment": {"document": document, "keepUntil": "2032-05-02"},
        "retention": {"place": "Frankfurt", "until": "2027-05-21", "afterwards": "deleted"},
        "validity": {"from": "2026-05-22T16:00:00Z", "until": "2027-05-21T16:00:00Z"}
    });
    let declared = json!({"apiVersion": GROUP, "kind": "CrossBorderTransfer",
        "metadata": {"name": name, "namespace": namespace, "uid": uid('a'), "creationTimestamp": "2026-05-21T01:00:00Z",
            "annotations": {"bund.dev/created-by": "zhang.san"}},
        "spec": spec});
    let Some(digest) = digest(namespace, &declared).filter(|_| decided) else { return vec![declared] };
    let approval = json!({"apiVersion": GROUP, "kind": "TransferApproval",
        "metadata": {"name": name, "namespace": namespace, "uid": uid('b'), "creationTimestamp": "2026-05-21T02:00:00Z"},
        "spec": {"transfer": {"name": name, "uid": uid('a'), "digest": digest}, "decision": "Approved", "dataClasses": [CLASSES[2]],
            "approver": {"username": "li.si", "groups": ["legal"], "credential": "X509SHA256=02"}}});
    let opened = json!({"apiVersion": GROUP, "kind": "LedgerEvent", "metadata": {"name": format!("{}.0", uid('a'))},
        "spec": {"event": "Activated", "observedAt": "2026-05-22T16:00:10Z", "why": "li.si approved it", "dataClasses": [CLASSES[2]],
            "transfer": {"namespace": namespace, "name": name, "uid": uid('a'), "digest": digest, "sequence": 0, "exporter": CODE,
                "persons": persons, "until": "2027-05-21T16:00:00Z"}}});
    vec![declared, approval, opened]
}
