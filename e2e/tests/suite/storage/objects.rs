//! Volumes, claims and pods of the tests.

use serde_json::{Value, json};

use crate::chart::SHOP;

/// The node on the mainland, and its region.
pub(super) const HOME: &str = "hangzhou-1";
pub(super) const HOME_REGION: &str = "cn-hangzhou";
/// The node that is not, and its region.
pub(super) const ABROAD: &str = "frankfurt-1";
pub(super) const ABROAD_REGION: &str = "eu-central-1";
/// A namespace that is not guarded.
pub(super) const OFFICE: &str = "office";

/// The storage class, whose volumes are made by hand and bound when a pod needs them.
const DISK: &str = "disk";
const DRIVER: &str = "disk.e2e.bund.dev";
const REGION: &str = "topology.kubernetes.io/region";
/// The label by which a fresh claim finds its volume.
const VOLUME: &str = "e2e-volume";

/// What stands from the beginning: a class that attaches itself, a policy that denies, the storage, and a namespace that is
/// not guarded.
pub(super) fn standing() -> Vec<Value> {
    let own = |kind: &str, name: &str, spec: Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    let selector = json!({ "matchExpressions": [{ "key": "e2e-ledger", "operator": "Exists" }] });
    let storage = "storage.k8s.io/v1";
    vec![
        own(
            "DataClass",
            "e2e-ledger",
            json!({ "category": "Other", "selectors": [{ "objectSelector": selector }] }),
        ),
        own(
            "ResidencyPolicy",
            "e2e-storage",
            json!({
                "dataClasses": ["personal-information", "e2e-ledger"],
                "jurisdictions": ["cn-mainland"],
                "enforcement": { "placement": "Deny", "storage": "Deny" },
                "placementStrategy": "Inject"
            }),
        ),
        json!({
            "apiVersion": storage, "kind": "StorageClass", "metadata": { "name": DISK },
            "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"
        }),
        // Nobody attaches anything: what the nodes would do is only played.
        json!({
            "apiVersion": storage, "kind": "CSIDriver", "metadata": { "name": DRIVER },
            "spec": { "attachRequired": false }
        }),
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": OFFICE } }),
    ]
}

/// A volume that lies on `handle` in `region`.
pub(super) fn volume(name: &str, handle: &str, region: &str) -> Value {
    let in_region = json!({ "key": REGION, "operator": "In", "values": [region] });
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": { "name": name, "labels": { VOLUME: name } },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "1Gi" }, "storageClassName": DISK,
            "persistentVolumeReclaimPolicy": "Retain",
            "nodeAffinity": { "required": { "nodeSelectorTerms": [{ "matchExpressions": [in_region] }] } },
            "csi": { "driver": DRIVER, "volumeHandle": handle }
        }
    })
}

fn claim(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": DISK,
            "resources": { "requests": { "storage": "1Gi" } }
        }
    })
}

/// A claim for which the scheduler finds the volume of its name.
pub(super) fn fresh_claim(name: &str) -> Value {
    let mut claim = claim(SHOP, name);
    claim["spec"]["selector"] = json!({ "matchLabels": { VOLUME: name } });
    claim
}

/// A claim that names its volume.
pub(super) fn claim_of(namespace: &str, name: &str, volume: &str) -> Value {
    let mut claim = claim(namespace, name);
    claim["spec"]["volumeName"] = json!(volume);
    claim
}

/// A claim that is to be filled from something else.
pub(super) fn copy(name: &str, source: &Value) -> Value {
    let mut claim = claim(SHOP, name);
    claim["spec"]["dataSource"] = source.clone();
    claim
}

/// A snapshot of a claim.
pub(super) fn snapshot(name: &str, claim: &str) -> Value {
    json!({
        "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
        "metadata": { "name": name, "namespace": SHOP },
        "spec": { "source": { "persistentVolumeClaimName": claim } }
    })
}

fn pod(name: &str, claim: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": SHOP },
        "spec": {
            "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": claim } }],
            "containers": [{
                "name": "app", "image": "app:1", "volumeMounts": [{ "name": "data", "mountPath": "/data" }]
            }]
        }
    })
}

/// A pod that may write to a claim, with one label.
pub(super) fn writer(name: &str, claim: &str, label: &str) -> Value {
    let mut pod = pod(name, claim);
    pod["metadata"]["labels"] = json!({ (label): "" });
    pod
}

/// A pod without labels that mounts a claim, which nobody schedules.
pub(super) fn reader(name: &str, claim: &str) -> Value {
    let mut pod = pod(name, claim);
    pod["spec"]["schedulerName"] = json!("nobody");
    pod
}

/// A pod without labels that asks the scheduler for a region.
pub(super) fn plain(name: &str, claim: &str, region: &str) -> Value {
    let mut pod = pod(name, claim);
    pod["spec"]["nodeSelector"] = json!({ REGION: region });
    pod
}
