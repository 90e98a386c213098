//! Where this cluster is.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, Cidr, ClusterDns, JurisdictionName, LabelKey, NamespaceName, Problem, ProviderName,
    condition::conditions_schema,
    labels,
    problem::{ensure, set},
};

/// The name of the one object.
pub const NAME: &str = "cluster";
const ONE: &str = "a cluster has one location; name this object `cluster`";

/// Says where *this* cluster is. There is one, named `cluster`.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "ClusterLocation",
    plural = "clusterlocations",
    shortname = "cloc",
    category = "bund",
    status = "ClusterLocationStatus",
    derive = "PartialEq",
    doc = "ClusterLocation says where this cluster is: its jurisdiction, its clouds, and whether every node is inside (Uniform) or not (Mixed). There is one, named `cluster`.",
    validation = ("self.metadata.name == 'cluster'", ONE),
    printcolumn(name = "Jurisdiction", type_ = "string", json_path = ".spec.jurisdiction"),
    printcolumn(name = "Span", type_ = "string", json_path = ".spec.span"),
    printcolumn(name = "Inside", type_ = "integer", json_path = ".status.nodes.inside"),
    printcolumn(name = "Outside", type_ = "integer", json_path = ".status.nodes.outside"),
    printcolumn(name = "Unknown", type_ = "integer", json_path = ".status.nodes.unknown"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterLocationSpec {
    /// The jurisdiction that the cluster's own nodes and networks are in: all of them when `span` is
    /// `Uniform`, those whose labels say so when it is `Mixed`.
    pub jurisdiction: JurisdictionName,
    /// Whether every node is inside.
    pub span: Span,
    /// The node label that names a node's region, compared with the tables of the jurisdictions.
    #[serde(default = "default_node_key")]
    pub node_key: LabelKey,
    /// The clouds or data-centre operators whose region tables count here. A region id means different
    /// places at different providers, so list only those that this cluster runs on.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "set"))]
    pub providers: Vec<ProviderName>,
    /// Infrastructure namespaces besides `kube-system`, `kube-public`, `kube-node-lease` and Bund's own
    /// where nothing is refused. They are audited all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub exempt_namespaces: Vec<NamespaceName>,
    /// Private networks that are inside. The networks of pods, services and nodes are known without
    /// being listed; every other private address is unknown until it is declared here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub networks: Vec<Cidr>,
    /// Where the cluster's DNS runs. Left out: pods labelled `k8s-app: kube-dns` in `kube-system`, and a cache at
    /// 169.254.20.10 on each node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClusterDns")]
    pub dns: Option<ClusterDns>,
}

impl Check for ClusterLocationSpec {
    fn check(&self, name: &str) -> Result<(), Problem> {
        let Self { jurisdiction: _, span: _, node_key: _, providers, exempt_namespaces, networks, dns } =
            self;
        ensure(name == NAME, "metadata.name", ONE)?;
        set(providers, 1, 16, "spec.providers")?;
        set(exempt_namespaces, 0, 64, "spec.exemptNamespaces")?;
        set(networks, 0, 64, "spec.networks")?;
        dns.as_ref().map_or(Ok(()), |dns| dns.check("spec.dns"))
    }
}

/// Whether every node of the cluster is inside its jurisdiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Span {
    /// Every node is inside; no label is needed. A node that contradicts is reported, and refused at
    /// binding.
    Uniform,
    /// Nodes are inside only where their label says so and nothing contradicts it.
    Mixed,
}

/// What the operator sees of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterLocationStatus {
    /// Conditions; `Ready` when the location is in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// Nodes by where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NodeCounts")]
    pub nodes: Option<NodeCounts>,
}

/// Nodes by where they are, judged by the cluster's own jurisdiction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct NodeCounts {
    /// Nodes inside.
    pub inside: u32,
    /// Nodes that are somewhere else.
    pub outside: u32,
    /// Nodes whose place is not known: no label, or labels that contradict each other. Treated as outside.
    pub unknown: u32,
    /// Up to twenty of the nodes that are not inside, with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub not_inside: Vec<NodeNotInside>,
}

/// A node that is not inside, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct NodeNotInside {
    /// The node's name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Why it is not inside.
    #[schemars(length(max = 1024))]
    pub why: String,
}

#[expect(clippy::expect_used, reason = "the constant is a label key, tested in vocabulary")]
fn default_node_key() -> LabelKey {
    labels::REGION.parse().expect("a label key")
}
