//! The node and the pods as the API server knows them: with the addresses of their sites.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt as _,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::site::{PODS4, PODS6, Site};
use crate::{
    cluster::Cluster,
    control_plane::{ControlPlane, components::ADVERTISED_ADDRESS, nodes},
};

/// The one node. Its labels and its provider say that it is in Hangzhou.
pub const NODE: &str = "hangzhou-1";

/// Registers the node as a kubelet would, and as ready: nobody plays it.
pub(super) async fn register(admin: &Cluster) -> Result<()> {
    let mut node = nodes::hangzhou(NODE);
    node.metadata.annotations = None;
    if let Some(spec) = &mut node.spec {
        spec.pod_cidr = Some(PODS4.to_owned());
        spec.pod_cidrs = Some(vec![PODS4.to_owned(), PODS6.to_owned()]);
    }
    if let Some(status) = &mut node.status {
        let ready = json!({ "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "" });
        status.conditions = Some(vec![serde_json::from_value(ready)?]);
        let address = json!({ "type": "InternalIP", "address": ADVERTISED_ADDRESS });
        status.addresses = Some(vec![serde_json::from_value(address)?]);
    }
    let mut object = serde_json::to_value(node)?;
    if let Some(object) = object.as_object_mut() {
        object.insert("apiVersion".to_owned(), json!("v1"));
        object.insert("kind".to_owned(), json!("Node"));
    }
    admin.apply(&object).await.map(drop)
}

/// A pod on the node, with these labels.
pub fn pod(namespace: &str, name: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": {
            "nodeName": NODE, "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": false,
            "containers": [{ "name": "main", "image": "shop/main:1" }]
        }
    })
}

/// Says, as a kubelet does, that a pod runs and has the addresses of `site`.
pub async fn runs_at(admin: &Cluster, namespace: &str, name: &str, site: &Site) -> Result<()> {
    let addresses: Vec<_> = site.addresses.iter().map(|address| json!({ "ip": address })).collect();
    let first = site.addresses.first().context("a site without an address")?;
    let status = json!({ "status": {
        "phase": "Running", "podIP": first, "podIPs": addresses, "hostIP": ADVERTISED_ADDRESS,
        "conditions": [{ "type": "Ready", "status": "True" }]
    }});
    let pods: Api<Pod> = Api::namespaced(admin.client(), namespace);
    pods.patch_status(name, &PatchParams::default(), &Patch::Merge(&status)).await?;
    Ok(())
}

/// Waits for the one pod of a workload by its label, and says that it runs at `site`. Returns its name.
pub async fn of_workload(
    plane: &ControlPlane,
    admin: &Cluster,
    (namespace, app): (&str, &str),
    site: &Site,
) -> Result<String> {
    let pods: Api<Pod> = Api::namespaced(admin.client(), namespace);
    let selected = ListParams::default().labels(&format!("app={app}"));
    let there = async || {
        let found = pods.list(&selected).await?.items.into_iter().next().context("there is none")?;
        Ok(found.name_any())
    };
    let name = plane.eventually(&format!("a pod of {namespace}/{app} is there"), there).await?;
    runs_at(admin, namespace, &name, site).await?;
    Ok(name)
}
