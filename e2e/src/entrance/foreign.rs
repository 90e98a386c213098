//! Kinds of other projects, as far as the API server has to know them for the cases.

use serde_json::{Value, json};

use crate::cluster::Cluster;

pub(super) const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";

/// The kinds of the Gateway API that cases are about, each with its plural and its versions, the stored one first.
const ROUTES: [(&str, &str, &[&str]); 8] = [
    ("BackendTLSPolicy", "backendtlspolicies", &["v1"]),
    ("Gateway", "gateways", &["v1"]),
    ("GRPCRoute", "grpcroutes", &["v1"]),
    ("HTTPRoute", "httproutes", &["v1", "v1beta1"]),
    ("ReferenceGrant", "referencegrants", &["v1beta1"]),
    ("TCPRoute", "tcproutes", &["v1alpha2"]),
    ("TLSRoute", "tlsroutes", &["v1alpha2"]),
    ("UDPRoute", "udproutes", &["v1alpha2"]),
];

/// The Gateway API as far as the API server has to know it: any fields.
pub(super) fn gateway_definitions() -> Vec<Value> {
    let schema =
        json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    let definition = |(kind, plural, versions): (&str, &str, &[&str])| {
        let served = versions.iter().enumerate();
        let versions: Vec<_> = served
            .map(|(at, name)| json!({ "name": name, "served": true, "storage": at == 0, "schema": schema }))
            .collect();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {
                "name": format!("{plural}.{GATEWAY}"),
                // The API server asks for it where the group is one of the Kubernetes project.
                "annotations": { "api-approved.kubernetes.io": "unapproved, stands for the one of Gateway API" }
            },
            "spec": {
                "group": GATEWAY, "scope": "Namespaced",
                "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase() },
                "versions": versions
            }
        })
    };
    ROUTES.into_iter().map(definition).collect()
}

/// Whether the kinds of other projects that cases are about are served.
pub(super) async fn served(cluster: &Cluster) -> anyhow::Result<()> {
    let snapshots = ["VolumeSnapshot", "VolumeSnapshotClass", "VolumeSnapshotContent"];
    let snapshots = snapshots.map(|kind| (format!("{SNAPSHOTS}/v1"), kind));
    let routes = ROUTES.into_iter().flat_map(|(kind, _, versions)| {
        versions.iter().map(move |version| (format!("{GATEWAY}/{version}"), kind))
    });
    for (version, kind) in snapshots.into_iter().chain(routes) {
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
