//! What may be reached by network besides what follows from the classes.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Cidr, LabelKey, NamespaceName, Problem,
    problem::{count, ensure, length, set},
    selector::{LabelText, match_labels_schema},
};

/// A port of a transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct NetworkPort {
    /// The number.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

impl fmt::Display for NetworkPort {
    /// As `443/TCP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}

/// A transport protocol, as Kubernetes calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Protocol {
    /// TCP.
    #[serde(rename = "TCP")]
    Tcp,
    /// UDP.
    #[serde(rename = "UDP")]
    Udp,
    /// SCTP.
    #[serde(rename = "SCTP")]
    Sctp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

/// What classified pods may reach by network under `egress: Deny`, besides their peers, cluster DNS and the API server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Egress {
    /// Networks that may be reached. One that is not inside stays closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub networks: Vec<AllowedNetwork>,
    /// Pods that may be reached although they are no peers, such as those of monitoring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub pods: Vec<AllowedPods>,
    /// Workloads that may ask for what escapes network policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub exceptions: Vec<EscapeException>,
    /// What happens to the pods of a transfer that ends: connections that are open end only with the pod.
    #[serde(default)]
    pub transfer_end: TransferEnd,
}

/// A network, and its ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct AllowedNetwork {
    /// The network.
    pub network: Cidr,
    /// The ports. Left out: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub ports: Vec<NetworkPort>,
}

/// Pods of one namespace, and their ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct AllowedPods {
    /// The namespace, by name.
    pub namespace: NamespaceName,
    /// The labels of the pods. Left out: every pod of the namespace.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "match_labels_schema")]
    pub pod_labels: BTreeMap<LabelKey, LabelText>,
    /// The ports. Left out: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub ports: Vec<NetworkPort>,
}

/// A workload that may ask for what escapes network policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct EscapeException {
    /// Its namespace.
    pub namespace: NamespaceName,
    /// Its kind, such as `DaemonSet`.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// What it may ask for.
    #[schemars(length(min = 1, max = 6), extend("x-kubernetes-list-type" = "set"))]
    pub escapes: Vec<Escape>,
}

/// What lets a pod around network policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Escape {
    /// `hostNetwork`: network policies do not apply.
    HostNetwork,
    /// `hostPort`: the node takes connections for the pod.
    HostPort,
    /// A privileged container, which can do whatever its node can.
    Privileged,
    /// The capability `NET_ADMIN`, or all of them: it can change the routes and filters of its network.
    NetAdmin,
    /// The capability `NET_RAW`, where it is asked for: packets that no filter of connections understands.
    NetRaw,
    /// The annotation `k8s.v1.cni.cncf.io/networks`: networks beside that of the cluster, where its network policies do not
    /// apply.
    OtherNetworks,
}

impl fmt::Display for Escape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What happens to the pods of a transfer that ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TransferEnd {
    /// They stay. Connections that are open may go on until they end by themselves.
    #[default]
    Keep,
    /// They are evicted, with respect to budgets.
    Evict,
}

/// Where a policy closes egress, and where it would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct EgressStatus {
    /// How many namespaces it closes: it denies egress there, and something there holds a class that it keeps.
    pub closed: u32,
    /// How many it would close if it denied egress there too. `bund plan egress` tells what that would cut.
    pub planned: u32,
    /// Up to twenty things that were asked for and stay closed, in order of namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub left_closed: Vec<StaysClosed>,
}

/// Something that was asked for and stays closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct StaysClosed {
    /// The namespace.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// What was asked for, as it was written.
    #[schemars(length(max = 512))]
    pub what: String,
    /// Why it stays closed, and what to do.
    #[schemars(length(max = 1024))]
    pub reason: String,
}

/// How pods ask for names: where the cluster's DNS runs. What is left out is what most clusters have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct ClusterDns {
    /// The namespace of its pods.
    #[serde(default = "dns_namespace")]
    pub namespace: NamespaceName,
    /// The labels of its pods.
    #[serde(default = "dns_labels")]
    #[schemars(schema_with = "match_labels_schema")]
    pub pod_labels: BTreeMap<LabelKey, LabelText>,
    /// The port of its pods, by UDP and TCP.
    #[serde(default = "dns_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The addresses at which a cache on each node answers.
    #[serde(default = "dns_node_local")]
    #[schemars(length(max = 4))]
    pub node_local: Vec<Cidr>,
}

impl Default for ClusterDns {
    fn default() -> Self {
        Self {
            namespace: dns_namespace(),
            pod_labels: dns_labels(),
            port: dns_port(),
            node_local: dns_node_local(),
        }
    }
}

#[expect(clippy::expect_used, reason = "the constant is a name of a namespace")]
fn dns_namespace() -> NamespaceName {
    "kube-system".parse().expect("a name of a namespace")
}

#[expect(clippy::expect_used, reason = "the constant is a label key")]
fn dns_labels() -> BTreeMap<LabelKey, LabelText> {
    BTreeMap::from([("k8s-app".parse().expect("a label key"), LabelText("kube-dns".to_owned()))])
}

fn dns_port() -> u16 {
    53
}

/// The address that NodeLocal DNSCache listens on by default.
#[expect(clippy::expect_used, reason = "the constant is a network")]
fn dns_node_local() -> Vec<Cidr> {
    vec!["169.254.20.10/32".parse().expect("a network")]
}

fn ports(ports: &[NetworkPort], most: usize, field: &str) -> Result<(), Problem> {
    set(ports, 0, most, field)?;
    let zero = ports.iter().position(|port| port.port == 0);
    zero.map_or(Ok(()), |index| ensure(false, format!("{field}[{index}].port"), "write 1 to 65535"))
}

fn labels(labels: &BTreeMap<LabelKey, LabelText>, field: &str) -> Result<(), Problem> {
    let keys: Vec<&LabelKey> = labels.keys().collect();
    count(&keys, 0, 32, field)?;
    for (key, LabelText(value)) in labels {
        length(value, 0, 63, &format!("{field}['{key}']"))?;
    }
    Ok(())
}

impl Egress {
    pub(crate) fn check(&self, field: &str) -> Result<(), Problem> {
        let Self { networks, pods, exceptions, transfer_end: _ } = self;
        count(networks, 0, 64, &format!("{field}.networks"))?;
        for (index, AllowedNetwork { network: _, ports: listed }) in networks.iter().enumerate() {
            ports(listed, 8, &format!("{field}.networks[{index}].ports"))?;
        }
        count(pods, 0, 32, &format!("{field}.pods"))?;
        for (index, AllowedPods { namespace: _, pod_labels, ports: listed }) in pods.iter().enumerate() {
            labels(pod_labels, &format!("{field}.pods[{index}].podLabels"))?;
            ports(listed, 8, &format!("{field}.pods[{index}].ports"))?;
        }
        count(exceptions, 0, 32, &format!("{field}.exceptions"))?;
        for (index, EscapeException { namespace: _, kind, name, escapes }) in exceptions.iter().enumerate() {
            length(kind, 1, 63, &format!("{field}.exceptions[{index}].kind"))?;
            length(name, 1, 253, &format!("{field}.exceptions[{index}].name"))?;
            set(escapes, 1, 6, &format!("{field}.exceptions[{index}].escapes"))?;
        }
        Ok(())
    }
}

impl ClusterDns {
    pub(crate) fn check(&self, field: &str) -> Result<(), Problem> {
        let Self { namespace: _, pod_labels, port, node_local } = self;
        labels(pod_labels, &format!("{field}.podLabels"))?;
        ensure(*port > 0, format!("{field}.port"), "write 1 to 65535")?;
        set(node_local, 0, 4, &format!("{field}.nodeLocal"))
    }
}

/// The ports of a transfer's destination.
pub(crate) fn destination_ports(listed: &[NetworkPort], field: &str) -> Result<(), Problem> {
    count(listed, 1, 8, field)?;
    ports(listed, 8, field)
}
