//! Kinds of other projects, as far as the API server has to know them for the cases.

use serde_json::{Value, json};

use crate::cluster::Cluster;

pub(super) const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
const GRANTS: &str = "gateway.networking.k8s.io";

/// ReferenceGrant as far as the API server has to know it: any fields.
pub(super) fn grant_definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("referencegrants.{GRANTS}"),
            // The API server asks for it where the group is one of the Kubernetes project.
            "annotations": { "api-approved.kubernetes.io": "unapproved, stands for the one of Gateway API" }
        },
        "spec": {
            "group": GRANTS, "scope": "Namespaced",
            "names": { "kind": "ReferenceGrant", "plural": "referencegrants", "singular": "referencegrant" },
            "versions": [{
                "name": "v1beta1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true
                } }
            }]
        }
    })
}

/// Whether the kinds of other projects that cases are about are served.
pub(super) async fn served(cluster: &Cluster) -> anyhow::Result<()> {
    let kinds = [
        (format!("{SNAPSHOTS}/v1"), "VolumeSnapshot"),
        (format!("{SNAPSHOTS}/v1"), "VolumeSnapshotClass"),
        (format!("{SNAPSHOTS}/v1"), "VolumeSnapshotContent"),
        (format!("{GRANTS}/v1beta1"), "ReferenceGrant"),
    ];
    for (version, kind) in kinds {
        cluster.api_of(&json!({ "apiVersion": version, "kind": kind })).await?;
    }
    Ok(())
}

/// A definition of the kind that a mapping is about, as its own project would install it: any fields.
pub(super) fn mapped_definition(mapping: &Value) -> Option<Value> {
    let target = mapping.pointer("/spec/target")?;
    let text = |member: &str| target.get(member).and_then(Value::as_str);
    let (group, kind, plural) = (text("group")?, text("kind")?, text("resource")?);
    let schema =
        json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    let version = |name: &str, storage: bool| json!({ "name": name, "served": true, "storage": storage, "schema": schema });
    Some(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase() },
            "versions": [version("v1", true), version("v1alpha1", false), version("v1beta1", false)]
        }
    }))
}
