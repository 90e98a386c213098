//! How a volume is declassified by somebody who may, so that it stays so, and how it becomes classified again.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use std::collections::BTreeSet;

use bund_engine::{HeldClass, Request, Snapshot, Timestamp, decide, stamp::stamps};
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;

use facts::{CLASS, NAMESPACE};

const LABEL: &str = "data-class.bund.dev/personal-information";
const DECLASSIFIED: &str = "declassified.bund.dev/personal-information";

fn claim() -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "orders", "namespace": NAMESPACE, "labels": {LABEL: ""}, "annotations": {LABEL: "written by Pod shop/a"}},
        "spec": {"volumeName": "disk"}
    })
}

fn volume() -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": "disk", "labels": {LABEL: ""}, "annotations": {LABEL: "from PersistentVolumeClaim shop/orders"}},
        "spec": {"claimRef": {"namespace": NAMESPACE, "name": "orders"}, "csi": {"driver": "disk.example.cn", "volumeHandle": "d-1"}}
    })
}

fn declassified(mut object: Value) -> Value {
    object["metadata"]["labels"] = json!({});
    object["metadata"]["annotations"][DECLASSIFIED] = "made anonymous".into();
    object
}

/// Whether somebody may make this of that, with the right and without.
fn may(new: &Value, old: &Value, seen: &Snapshot) -> [bool; 2] {
    [BTreeSet::from([HeldClass::from(CLASS)]), BTreeSet::new()].map(|declassify| {
        let mut request = Request::of_object(new.clone(), Some(old.clone()));
        request.rights.declassify = declassify;
        decide(&request, seen, Timestamp::UNIX_EPOCH).response().allowed
    })
}

fn reader(labels: &Value) -> Value {
    let mut pod = facts::pod(&json!({
        "containers": [{"name": "a", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "orders"}}]
    }));
    pod["metadata"]["labels"] = labels.clone();
    pod
}

fn held(object: &Value, seen: &Snapshot) -> Vec<String> {
    let decision = decide(&Request::of_object(object.clone(), None), seen, Timestamp::UNIX_EPOCH);
    decision.classes.keys().map(ToString::to_string).collect()
}

#[test]
fn a_volume_is_declassified_claim_first_and_stays_so_until_classified_data_is_written_again() {
    let region = "topology.kubernetes.io/region";
    let world = facts::mixed(region).into_iter().chain([facts::policy("Require"), claim(), volume()]);
    let mut seen = facts::snapshot(world);
    assert_eq!(held(&reader(&json!({})), &seen), [CLASS]);

    assert_eq!(may(&declassified(claim()), &claim(), &seen), [true, false]);
    seen.observe(&declassified(claim()));
    assert_eq!(stamps(&seen), [], "the claim is not marked again, although its volume holds the class");
    assert_eq!(may(&declassified(volume()), &volume(), &seen), [true, false]);
    seen.observe(&declassified(volume()));
    assert_eq!(stamps(&seen), []);
    assert_eq!(held(&reader(&json!({})), &seen), [""; 0]);

    seen.observe(&reader(&json!({ LABEL: "" })));
    let marked: Vec<_> = stamps(&seen).into_iter().map(|stamp| stamp.carrier.name.to_string()).collect();
    assert_eq!(marked, ["orders", "disk"], "what is written from now on counts again");
}
