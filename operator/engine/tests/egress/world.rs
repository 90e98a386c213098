//! A cluster in which policies keep three classes, and what the tests add to it.

use bund_engine::{
    Snapshot, Timestamp,
    snapshot::Observed,
    transfer::{digest, due},
};
use serde_json::{Map, Value, json};

/// Known to be declared, in the order of their names.
pub const CLASSES: [&str; 3] = ["logs", "payments", "personal-information"];

pub fn noon() -> Timestamp {
    "2026-11-20T04:00:00Z".parse().unwrap()
}

pub fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

/// A policy that keeps classes everywhere, with this mode for egress.
pub fn policy(name: &str, classes: &[&str], mode: &str, egress: &Value) -> Value {
    let mut spec = json!({
        "dataClasses": classes, "jurisdictions": ["cn-mainland"], "enforcement": {"egress": mode}
    });
    if !egress.is_null() {
        spec["egress"] = egress.clone();
    }
    own("ResidencyPolicy", name, &spec)
}

pub fn namespace(name: &str, guarded: bool) -> Value {
    let mut labels = Map::from_iter([("kubernetes.io/metadata.name".to_owned(), name.into())]);
    if guarded {
        labels.insert("bund.dev/guarded".to_owned(), "true".into());
    }
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn labelled(classes: &[&str], more: &[(&str, &str)]) -> Map<String, Value> {
    let classes = classes.iter().map(|class| (format!("data-class.bund.dev/{class}"), json!("")));
    classes.chain(more.iter().map(|(key, value)| ((*key).to_owned(), json!(value)))).collect()
}

pub fn pod(namespace: &str, name: &str, classes: &[&str], labels: &[(&str, &str)]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labelled(classes, labels)},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]}
    })
}

/// A pod that a Deployment of this name made.
pub fn pod_of(namespace: &str, deployment: &str, classes: &[&str]) -> Value {
    let mut made =
        pod(namespace, &format!("{deployment}-5d9c7b-x2x"), classes, &[("pod-template-hash", "5d9c7b")]);
    made["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{deployment}-5d9c7b"), "controller": true
    }]);
    made
}

pub fn deployment(namespace: &str, name: &str, classes: &[&str], labels: &[(&str, &str)]) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 0, "template": {"metadata": {"labels": labelled(classes, labels)}, "spec": {}}}
    })
}

/// The jurisdiction, the classes, where the cluster is and where its API server answers.
pub fn cluster() -> Vec<Value> {
    let jurisdiction = json!({
        "displayName": "Mainland China", "countryCodes": ["CN"], "networks": ["198.51.100.0/24"],
        "providers": [{"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]
    });
    let location = json!({
        "jurisdiction": "cn-mainland", "span": "Uniform", "providers": ["alibaba"],
        "networks": ["10.20.0.0/16", "fd00:20::/48"], "exemptNamespaces": ["ops"]
    });
    let mut facts =
        vec![own("Jurisdiction", "cn-mainland", &jurisdiction), own("ClusterLocation", "cluster", &location)];
    facts.extend(CLASSES.map(|class| own("DataClass", class, &json!({"category": "PersonalInformation"}))));
    facts.extend(api_server());
    facts
}

fn api_server() -> [Value; 2] {
    let metadata = json!({"name": "kubernetes", "namespace": "default"});
    [
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": {"clusterIPs": ["10.96.0.1"], "ports": [{"port": 443, "protocol": "TCP"}]}
        }),
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4",
            "endpoints": [{"addresses": ["172.18.0.3"]}, {"addresses": ["172.18.0.2"]}],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]
        }),
    ]
}

/// What is known of a cluster with these objects.
pub fn snapshot(more: impl IntoIterator<Item = Value>) -> Snapshot {
    observed(cluster().into_iter().chain(more))
}

pub fn observed(objects: impl IntoIterator<Item = Value>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for object in objects {
        assert_ne!(snapshot.observe(&object), Observed::Unreadable, "{object}");
    }
    snapshot
}

/// A transfer of the namespace `shop`, and all that it needs to be in effect.
pub fn transfer(name: &str, classes: &[&str], sources: &Value, destinations: &Value) -> Vec<Value> {
    let exporter = json!({
        "creditCode": "91350100M000100Y43", "legalName": "Shop Ltd", "infrastructure": "NotCritical",
        "body": "Enterprise", "elsewhere": {"asOf": "2026-11-15", "ordinary": 0, "sensitive": 0}
    });
    let spec = json!({
        "exporter": "91350100M000100Y43", "requestedBy": "wei",
        "recipient": {"name": "Partner GmbH", "country": "DE", "contact": "dpo@partner.example", "kind": "Organisation"},
        "purpose": "fulfilment of orders", "method": "stored and processed abroad",
        "dataClasses": classes, "dataTypes": ["names"],
        "persons": {"ordinary": 200_000, "sensitive": 0, "under14": 0},
        "sources": sources, "destinations": destinations,
        "mechanism": {"standardContract": {
            "effectiveDate": "2026-10-20", "filing": {"reference": "F-1", "filedOn": "2026-10-22"}
        }},
        "notice": {
            "document": {"reference": "N-1", "date": "2026-10-15"},
            "tells": ["RecipientName", "RecipientContact", "Purpose", "Method", "DataTypes", "Rights", "Necessity", "Effects"]
        },
        "consent": {"separate": {"reference": "C-1", "date": "2026-10-15"}},
        "impactAssessment": {"document": {"reference": "P-1", "date": "2026-10-15"}, "keepUntil": "2031-11-01"},
        "retention": {"place": "Frankfurt", "until": "2027-12-31", "afterwards": "deleted"},
        "validity": {"from": "2026-11-01T00:00:00Z", "until": "2027-10-31T16:00:00Z"}
    });
    let mut declared = own("CrossBorderTransfer", name, &spec);
    declared["metadata"] = json!({
        "name": name, "namespace": "shop", "uid": format!("{name}-uid"),
        "creationTimestamp": "2026-11-02T02:00:00Z",
        "annotations": {"bund.dev/created-by": "wei", "bund.dev/created-by-uid": "wei-1"}
    });
    let approval = json!({
        "transfer": {
            "name": name, "uid": format!("{name}-uid"), "digest": digest("shop", &declared).unwrap().as_str()
        },
        "dataClasses": classes, "decision": "Approved", "approver": {"username": "lin", "uid": "lin-1"}
    });
    let mut approval = own("TransferApproval", &format!("{name}-by-lin"), &approval);
    approval["metadata"]["namespace"] = json!("shop");
    approval["metadata"]["uid"] = json!(format!("{name}-by-lin-uid"));
    approval["metadata"]["creationTimestamp"] = json!("2026-11-03T02:00:00Z");
    vec![own("Exporter", "91350100m000100y43", &exporter), declared, approval]
}

/// The same, once a leader has recorded all that is due.
pub fn recorded(mut snapshot: Snapshot) -> Snapshot {
    loop {
        let due = due(&snapshot, noon());
        if due.is_empty() {
            return snapshot;
        }
        for due in due {
            let event = json!({
                "apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent", "metadata": {"name": due.name},
                "spec": due.spec
            });
            assert_eq!(snapshot.observe(&event), Observed::Fact, "{event}");
        }
    }
}
