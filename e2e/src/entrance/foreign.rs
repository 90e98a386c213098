//! Kinds of other projects, as far as the API server has to know them for the cases.

use serde_json::{Value, json};

use crate::cluster::Cluster;

pub(super) const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";
const NETWORK_POLICIES: &str = "policy.networking.k8s.io";

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

/// The network policies that cases are about, each with its group, plural, version and scope.
const POLICIES: [(&str, &str, &str, &str, &str); 12] = [
    (NETWORK_POLICIES, "AdminNetworkPolicy", "adminnetworkpolicies", "v1alpha1", "Cluster"),
    (NETWORK_POLICIES, "BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", "v1alpha1", "Cluster"),
    (NETWORK_POLICIES, "ClusterNetworkPolicy", "clusternetworkpolicies", "v1alpha2", "Cluster"),
    ("cilium.io", "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", "v2", "Cluster"),
    ("cilium.io", "CiliumNetworkPolicy", "ciliumnetworkpolicies", "v2", "Namespaced"),
    ("crd.antrea.io", "NetworkPolicy", "networkpolicies", "v1beta1", "Namespaced"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy", "globalnetworkpolicies", "v1", "Cluster"),
    ("networking.gke.io", "FQDNNetworkPolicy", "fqdnnetworkpolicies", "v1alpha1", "Namespaced"),
    (
        "networking.k8s.aws",
        "ApplicationNetworkPolicy",
        "applicationnetworkpolicies",
        "v1alpha1",
        "Namespaced",
    ),
    ("projectcalico.org", "GlobalNetworkPolicy", "globalnetworkpolicies", "v3", "Cluster"),
    ("projectcalico.org", "NetworkPolicy", "networkpolicies", "v3", "Namespaced"),
    ("projectcalico.org", "StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", "v3", "Cluster"),
];

/// The Gateway API and network policies as far as the API server has to know them: any fields.
pub(super) fn definitions() -> Vec<Value> {
    let routes = ROUTES
        .into_iter()
        .map(|(kind, plural, versions)| definition(GATEWAY, "Namespaced", (kind, plural, versions)));
    let policies = POLICIES
        .into_iter()
        .map(|(group, kind, plural, version, scope)| definition(group, scope, (kind, plural, &[version])));
    routes.chain(policies).collect()
}

/// The definition of a kind that takes any fields, from its group, `Cluster` or `Namespaced`, its name, its plural and its
/// versions, the stored one first.
pub fn definition(group: &str, scope: &str, (kind, plural, versions): (&str, &str, &[&str])) -> Value {
    let schema =
        json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    let served = versions.iter().enumerate();
    let versions: Vec<_> = served
        .map(|(at, name)| json!({ "name": name, "served": true, "storage": at == 0, "schema": schema }))
        .collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            // The API server asks for it where the group is one of the Kubernetes project.
            "annotations": { "api-approved.kubernetes.io": "unapproved, stands for the one of its own project" }
        },
        "spec": {
            "group": group, "scope": scope,
            "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase() },
            "versions": versions
        }
    })
}

/// Whether the kinds of other projects that cases are about are served.
pub(super) async fn served(cluster: &Cluster) -> anyhow::Result<()> {
    let snapshots = ["VolumeSnapshot", "VolumeSnapshotClass", "VolumeSnapshotContent"];
    let snapshots = snapshots.map(|kind| (format!("{SNAPSHOTS}/v1"), kind));
    let routes = ROUTES.into_iter().flat_map(|(kind, _, versions)| {
        versions.iter().map(move |version| (format!("{GATEWAY}/{version}"), kind))
    });
    let policies = POLICIES.map(|(group, kind, _, version, _)| (format!("{group}/{version}"), kind));
    for (version, kind) in snapshots.into_iter().chain(routes).chain(policies) {
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
