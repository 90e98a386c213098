//! What is known of a Node.

use alloc::boxed::Box;

use ipnet::IpNet;
use serde_json::Value;

use super::networks;
use crate::subject::{Labels, labels_of};

/// What is known of a Node: its claims about where it is, unjudged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its labels.
    pub labels: Labels,
    /// `spec.providerID`.
    pub provider_id: Option<Box<str>>,
    /// Whether a real machine stands behind it.
    pub substance: Substance,
    /// The networks of its pods and its own addresses, in order.
    pub networks: Box<[IpNet]>,
}

/// Whether a real machine stands behind a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Substance {
    /// As far as can be seen.
    Machine,
    /// It stands for another cluster or a service elsewhere: its labels say nothing about where its pods run.
    Virtual,
}

/// Labels and taints by which virtual nodes show themselves: virtual-kubelet, Liqo, Admiralty.
const VIRTUAL_LABELS: [(&str, Option<&str>); 4] = [
    ("type", Some("virtual-kubelet")),
    ("liqo.io/type", Some("virtual-node")),
    ("virtual-kubelet.io/provider", None),
    ("multicluster.admiralty.io/cluster-target-name", None),
];

impl NodeFacts {
    /// Reads a Node.
    pub(super) fn read(object: &Value) -> Self {
        let labels = labels_of(object);
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let provider_id =
            spec.get("providerID").and_then(Value::as_str).filter(|id| !id.is_empty()).map(Box::from);
        let labelled = VIRTUAL_LABELS.iter().any(|(key, value)| {
            labels.get(key).is_some_and(|found| value.is_none_or(|value| value == found))
        });
        let taints = spec.get("taints").and_then(Value::as_array).into_iter().flatten();
        let tainted = taints
            .filter_map(|taint| taint.get("key").and_then(Value::as_str))
            .any(|key| key == "virtual-kubelet.io/provider" || key == "virtual-node.liqo.io/not-allowed");
        let substance = if labelled || tainted { Substance::Virtual } else { Substance::Machine };
        Self { labels, provider_id, substance, networks: networks::of_node(object) }
    }
}
