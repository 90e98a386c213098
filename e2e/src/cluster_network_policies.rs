//! The custom resource definition of ClusterNetworkPolicies, from the pinned module of those who publish it.

use serde_json::Value;

use crate::{go_module, shop::manifests};

/// The definition of ClusterNetworkPolicy in the standard channel.
pub async fn definitions() -> anyhow::Result<Vec<Value>> {
    let module = go_module::directory("kube-network-policies", "sigs.k8s.io/network-policy-api");
    let folder = module.await?.join("config/crd/standard");
    manifests(&folder.join("policy.networking.k8s.io_clusternetworkpolicies.yaml"))
}
