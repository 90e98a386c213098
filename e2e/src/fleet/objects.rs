//! The objects of a fleet.

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::control_plane::nodes;

/// The namespace of the fleet.
pub(super) const NAMESPACE: &str = "fleet";
/// Creations at a time.
const AT_ONCE: usize = 32;
/// Between the nodes of two pods of one owner. It shares no factor with the number of nodes, so that no node has two.
const STRIDE: usize = 7;

/// How large a fleet is. There are as many Deployments as nodes.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// Pods on each node, each of another Deployment.
    pub pods_per_node: usize,
}

impl Size {
    /// Pods.
    pub fn pods(self) -> usize {
        self.nodes * self.pods_per_node
    }

    /// Deployments.
    pub fn owners(self) -> usize {
        self.nodes
    }
}

/// The name of a node, by its number.
pub(super) fn node_name(number: usize) -> String {
    format!("node-{number}")
}

/// Creates nodes, then Deployments with their ReplicaSets and pods, as controllers would have made them.
pub(super) async fn create(admin: &Cluster, size: Size) -> Result<()> {
    let nodes = (0..size.nodes).map(|n| serde_json::to_value(nodes::hangzhou(&node_name(n))));
    let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
    create_all(admin, nodes).await?;
    let owners = stream::iter(0..size.owners()).map(|n| create_owner(admin, n, size));
    owners.buffer_unordered(AT_ONCE).try_collect().await
}

async fn create_all(admin: &Cluster, objects: Vec<Value>) -> Result<()> {
    let created = stream::iter(objects)
        .map(async |object| admin.create(&object).await.map(drop))
        .buffer_unordered(AT_ONCE);
    created.try_collect().await
}

/// A Deployment, its ReplicaSet, and its pods, which spread over the nodes.
async fn create_owner(admin: &Cluster, number: usize, size: Size) -> Result<()> {
    let name = format!("app-{number}");
    let deployment = admin.create(&workload("Deployment", &name, None)).await?;
    let owner = reference("Deployment", &name, deployment.metadata.uid.as_deref());
    let replica_set = admin.create(&workload("ReplicaSet", &name, Some(&owner))).await?;
    let owner = reference("ReplicaSet", &name, replica_set.metadata.uid.as_deref());
    for replica in 0..size.pods_per_node {
        let node = node_name((number + replica * STRIDE) % size.nodes);
        admin.create(&pod(&format!("{name}-{replica}"), &node, &owner)).await?;
    }
    Ok(())
}

fn workload(kind: &str, name: &str, owner: Option<&Value>) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": { "name": name, "namespace": NAMESPACE, "ownerReferences": owner.into_iter().collect::<Vec<_>>() },
        "spec": {
            "selector": { "matchLabels": { "app": "fleet" } },
            "template": { "metadata": { "labels": labels() }, "spec": { "containers": containers() } }
        }
    })
}

fn pod(name: &str, node: &str, owner: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": NAMESPACE, "labels": labels(), "ownerReferences": [owner] },
        "spec": { "nodeName": node, "containers": containers() }
    })
}

fn labels() -> Value {
    json!({ "app": "fleet", "data-class.bund.dev/personal-information": "" })
}

fn containers() -> Value {
    json!([{ "name": "app", "image": "app:1" }])
}

fn reference(kind: &str, name: &str, uid: Option<&str>) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true })
}
