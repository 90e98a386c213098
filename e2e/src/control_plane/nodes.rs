//! Nodes that only need to exist: in the places that the tests are about, and with labels that mislead.
//!
//! The scheduler binds pods to them, kwok reports the pods as running. Their addresses are reserved for
//! benchmarks, so an API server that is asked to reach one reaches nobody.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::{Context, ensure};
use k8s_openapi::api::core::v1::{Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{Api, ObjectMeta, PostParams};

use super::{ControlPlane, User};

/// The annotation by which kwok knows the nodes that it plays. A node without it has, or lacks, a kubelet of
/// its own.
pub const PLAYED: (&str, &str) = ("kwok.x-k8s.io/node", "fake");

/// The well-known label for the region of a node.
pub const REGION: &str = "topology.kubernetes.io/region";
/// The well-known label for the zone of a node.
pub const ZONE: &str = "topology.kubernetes.io/zone";

const HANGZHOU: Place = Place { region: "cn-hangzhou", zone: "cn-hangzhou-h" };
const HONG_KONG: Place = Place { region: "cn-hongkong", zone: "cn-hongkong-b" };
const SINGAPORE: Place = Place { region: "ap-southeast-1", zone: "ap-southeast-1a" };
const FRANKFURT: Place = Place { region: "eu-central-1", zone: "eu-central-1a" };

/// Inside the mainland, and everything about it says so.
pub fn hangzhou(name: &str) -> Node {
    node(name, Some(&HANGZHOU), Some(&HANGZHOU))
}

/// Outside the mainland although its region begins with `cn-`.
pub fn hong_kong(name: &str) -> Node {
    node(name, Some(&HONG_KONG), Some(&HONG_KONG))
}

/// Singapore.
pub fn singapore(name: &str) -> Node {
    node(name, Some(&SINGAPORE), Some(&SINGAPORE))
}

/// Frankfurt.
pub fn frankfurt(name: &str) -> Node {
    node(name, Some(&FRANKFURT), Some(&FRANKFURT))
}

/// No region, no zone, no provider: a machine somewhere.
pub fn unlabelled(name: &str) -> Node {
    node(name, None, None)
}

/// Its labels say Hangzhou, which whoever may label nodes can say; its provider says Hong Kong.
pub fn contradictory(name: &str) -> Node {
    node(name, Some(&HANGZHOU), Some(&HONG_KONG))
}

struct Place {
    region: &'static str,
    zone: &'static str,
}

/// Follows from the name, in the half of 198.18.0.0/15 that kwok does not give to pods.
fn internal_ip(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let [high, low, ..] = hasher.finish().to_be_bytes();
    format!("198.19.{high}.{low}")
}

/// As a kubelet and a cloud controller register a node, with a place for what its labels say and one for what
/// its provider says. The form of the provider ID is the one that Alibaba Cloud's controller writes.
fn node(name: &str, labelled: Option<&Place>, provided: Option<&Place>) -> Node {
    let mut labels = BTreeMap::from([
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
    ]);
    if let Some(place) = labelled {
        labels.extend([(REGION, place.region), (ZONE, place.zone)]);
    }
    Node {
        metadata: ObjectMeta {
            name: Some(name.into()),
            labels: Some(labels.into_iter().map(owned).collect()),
            annotations: Some(BTreeMap::from([owned(PLAYED)])),
            ..ObjectMeta::default()
        },
        spec: Some(NodeSpec {
            provider_id: provided.map(|place| format!("{}.i-{name}", place.region)),
            ..NodeSpec::default()
        }),
        status: Some(NodeStatus {
            addresses: Some(vec![address("InternalIP", &internal_ip(name)), address("Hostname", name)]),
            capacity: Some(resources()),
            allocatable: Some(resources()),
            ..NodeStatus::default()
        }),
    }
}

/// Room for thousands of pods, so that no test is about capacity.
fn resources() -> BTreeMap<String, Quantity> {
    [("cpu", "1k"), ("memory", "4Ti"), ("ephemeral-storage", "4Ti"), ("pods", "20k")]
        .into_iter()
        .map(|(name, amount)| (name.to_owned(), Quantity(amount.to_owned())))
        .collect()
}

fn address(kind: &str, address: &str) -> NodeAddress {
    NodeAddress { type_: kind.into(), address: address.into() }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

impl ControlPlane {
    /// Registers nodes and waits until pods can be bound to them. Needs the controller manager and kwok.
    pub async fn add_nodes(&self, nodes: &[Node]) -> anyhow::Result<()> {
        let api: Api<Node> = Api::all(self.client(User::ADMIN).await?);
        for node in nodes {
            api.create(&PostParams::default(), node).await.context("cannot register a node")?;
        }
        for name in nodes.iter().filter_map(|node| node.metadata.name.as_deref()) {
            self.eventually(&format!("node `{name}` takes pods"), async || takes_pods(&api.get(name).await?))
                .await?;
        }
        Ok(())
    }
}

/// An error until pods can be bound to the node.
pub(crate) fn takes_pods(node: &Node) -> anyhow::Result<()> {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = |condition: &NodeCondition| condition.type_ == "Ready" && condition.status == "True";
    ensure!(conditions.into_iter().any(ready), "it is not Ready");
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let taints: Vec<&str> = taints.map(|taint| taint.key.as_str()).collect();
    ensure!(taints.is_empty(), "it has taints: {}", taints.join(", "));
    Ok(())
}
