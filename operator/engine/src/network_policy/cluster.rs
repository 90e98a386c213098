//! Policies that lie in no namespace and reach the pods of several.
//!
//! Those that come before NetworkPolicies, or add to them, open by what they accept what NetworkPolicies close. Those that come
//! after (`BaselineAdminNetworkPolicy`, and a `ClusterNetworkPolicy` of the tier `Baseline`) are never asked about a pod that a
//! NetworkPolicy selects, and one selects every pod of a closed namespace: they open nothing.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use bund_crds::Protocol;
use serde_json::Value;

use super::{
    NetworkPolicy, Peer, Ports, Rule, Selector, To, calico, cilium,
    read::{members, network, number, protocol, text},
};
use crate::{
    FieldPath,
    snapshot::{Enrolment, Snapshot},
};

/// The label of every Namespace with its own name.
pub(crate) const NAME_OF_NAMESPACE: &str = "kubernetes.io/metadata.name";

/// The group of the network policies of SIG Network that lie in no namespace.
const NETWORK_POLICY_API: &str = "policy.networking.k8s.io";

/// A policy that lies in no namespace, as far as it opens something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPolicy {
    /// What it says, for each set of namespaces that it is for.
    pub parts: Vec<Part>,
}

/// What a policy that lies in no namespace says about one set of namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The namespaces.
    pub namespaces: Selector,
    /// What it says about pods in them, as if it lay in each.
    pub policy: NetworkPolicy,
}

impl ClusterPolicy {
    /// Whether objects of the kind may open in several namespaces what NetworkPolicies close.
    pub(crate) fn is_kind(group: &str, kind: &str) -> bool {
        matches!(
            (group, kind),
            (NETWORK_POLICY_API, "AdminNetworkPolicy" | "ClusterNetworkPolicy")
                | ("cilium.io", "CiliumClusterwideNetworkPolicy")
                | ("projectcalico.org" | "crd.projectcalico.org", "GlobalNetworkPolicy")
        )
    }

    /// Reads an object of such a kind; `None` for any other kind.
    pub(crate) fn of_kind(group: &str, kind: &str, object: &Value) -> Option<Self> {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        Self::is_kind(group, kind).then(|| match group {
            NETWORK_POLICY_API => Self { parts: Vec::from([read(spec)]) },
            "cilium.io" => Self { parts: cilium::read_of_cluster(object) },
            _ => Self { parts: Vec::from([calico::read_of_cluster(spec)]) },
        })
    }

    /// The guarded namespaces whose pods it lets reach something, in order of name, with what it says about them.
    pub(crate) fn opens_in<'s>(
        &'s self,
        snapshot: &'s Snapshot,
    ) -> impl Iterator<Item = (&'s str, &'s NetworkPolicy)> {
        let guarded = snapshot.namespaces().map(|(name, _)| name);
        guarded.flat_map(|name| self.opens_within(name, snapshot).map(move |policy| (name, policy)))
    }

    /// What it says about the pods of one namespace, where that is guarded and it lets them reach something.
    pub(crate) fn opens_within<'s>(
        &'s self,
        namespace: &'s str,
        snapshot: &'s Snapshot,
    ) -> impl Iterator<Item = &'s NetworkPolicy> {
        let facts = snapshot.namespace(namespace);
        let facts = facts.filter(|_| snapshot.enrolment(namespace) == Enrolment::Guarded);
        let label = move |key: &str| match key {
            NAME_OF_NAMESPACE => Some(namespace),
            key => facts.and_then(|facts| facts.labels.get(key)),
        };
        let opening = self.parts.iter().filter(|part| part.policy.egress.iter().flatten().next().is_some());
        let reaching = opening.filter(move |part| facts.is_some() && part.namespaces.selects(label));
        reaching.map(|part| &part.policy)
    }
}

impl Part {
    /// What a policy says that cannot be read: everything, to everybody.
    fn everything(at: FieldPath) -> Self {
        let egress = Some(Vec::from([Rule::everything(at)]));
        let policy = NetworkPolicy { selects: Selector::everything(), egress };
        Self { namespaces: Selector::everything(), policy }
    }
}

/// Reads the spec of a `ClusterNetworkPolicy` or an `AdminNetworkPolicy`. Its rules are read one by one: what an earlier one
/// takes away from a later one is not counted.
fn read(spec: &Value) -> Part {
    let at = FieldPath::of("spec");
    let known = ["tier", "priority", "subject", "ingress", "egress"];
    let Some([tier, _, subject, _, egress]) = members(spec, known) else { return Part::everything(at) };
    let (namespaces, selects) = self::subject(subject);
    let at = at.key("egress");
    let rules = match egress {
        Value::Null => None,
        Value::Array(entries) => Some(
            entries.iter().enumerate().flat_map(|(index, entry)| rules_of(entry, &at.index(index))).collect(),
        ),
        _ => Some(Vec::from([Rule::everything(at)])),
    };
    let egress = rules.filter(|_| tier != "Baseline");
    Part { namespaces, policy: NetworkPolicy { selects, egress } }
}

/// The namespaces and the pods in them that a policy is for. What cannot be read is all of them.
fn subject(subject: &Value) -> (Selector, Selector) {
    match members(subject, ["namespaces", "pods"]) {
        Some([namespaces, Value::Null]) if !namespaces.is_null() => {
            (Selector::read(namespaces), Selector::everything())
        }
        Some([Value::Null, pods]) => pods_of(pods).unwrap_or((Selector::Unreadable, Selector::everything())),
        Some(_) | None => (Selector::Unreadable, Selector::everything()),
    }
}

/// The namespaces and the pods in them that `namespaceSelector` and `podSelector` select.
fn pods_of(pods: &Value) -> Option<(Selector, Selector)> {
    let [namespaces, pods] = members(pods, ["namespaceSelector", "podSelector"])?;
    Some((Selector::read(namespaces), Selector::read(pods)))
}

/// What a rule accepts, for each of its peers.
fn rules_of(entry: &Value, at: &FieldPath) -> Vec<Rule> {
    if matches!(entry.get("action").and_then(Value::as_str), Some("Deny" | "Pass")) {
        return Vec::new();
    }
    let Some([_, _, to, protocols, ports]) = members(entry, ["name", "action", "to", "protocols", "ports"])
    else {
        return Vec::from([Rule::everything(at.clone())]);
    };
    let ports = self::ports(protocols, ports);
    let at = at.key("to");
    let Some(entries) = to.as_array().filter(|entries| !entries.is_empty()) else {
        return Vec::from([Rule { at, to: To::Everybody, ports }]);
    };
    let of_entry = |(index, entry)| {
        let (at, to) = peers(entry, at.index(index));
        Rule { at, to, ports: ports.clone() }
    };
    entries.iter().enumerate().map(of_entry).collect()
}

/// Whom one entry of a rule means. Nodes and names are not told by what is known here.
fn peers(entry: &Value, at: FieldPath) -> (FieldPath, To) {
    let pods = |namespaces, pods| To::One(Peer::Pods { namespaces: Some(namespaces), pods });
    match members(entry, ["namespaces", "pods", "networks"]) {
        Some([namespaces, Value::Null, Value::Null]) if !namespaces.is_null() => {
            (at.key("namespaces"), pods(Selector::read(namespaces), Selector::everything()))
        }
        Some([Value::Null, chosen, Value::Null]) if !chosen.is_null() => {
            let to = pods_of(chosen).map_or(To::Unreadable, |(namespaces, chosen)| pods(namespaces, chosen));
            (at.key("pods"), to)
        }
        Some([Value::Null, Value::Null, Value::Array(networks)]) if !networks.is_empty() => {
            let block =
                |entry: &Value| Some(Peer::Block { network: network(text(entry)?)?, except: Vec::new() });
            let listed = networks.iter().map(|entry| block(entry).unwrap_or(Peer::Unreadable));
            (at.key("networks"), To::Peers(listed.collect()))
        }
        Some(_) | None => (at, To::Unreadable),
    }
}

/// The ports of a rule, by `protocols` as a `ClusterNetworkPolicy` lists them or by `ports` as an `AdminNetworkPolicy` does.
fn ports(protocols: &Value, ports: &Value) -> Option<BTreeSet<Ports>> {
    let listed = |entries: &Value, read: fn(&Value) -> Option<Ports>| match entries.as_array() {
        Some(entries) if entries.is_empty() => None,
        Some(entries) => Some(entries.iter().map(|entry| read(entry).unwrap_or(Ports::Unreadable)).collect()),
        None => Some(BTreeSet::from([Ports::Unreadable])),
    };
    match (protocols, ports) {
        (Value::Null, Value::Null) => None,
        (protocols, Value::Null) => listed(protocols, of_protocol),
        (Value::Null, ports) => listed(ports, of_port),
        _ => Some(BTreeSet::from([Ports::Unreadable])),
    }
}

fn of_protocol(entry: &Value) -> Option<Ports> {
    let (protocol, at) = match members(entry, ["tcp", "udp", "sctp"])? {
        [at, Value::Null, Value::Null] => (Protocol::Tcp, at),
        [Value::Null, at, Value::Null] => (Protocol::Udp, at),
        [Value::Null, Value::Null, at] => (Protocol::Sctp, at),
        _ => return None,
    };
    let [port] = members(at, ["destinationPort"])?;
    if port.is_null() {
        return Some(Ports::Every(protocol));
    }
    match members(port, ["number", "range"])? {
        [one, Value::Null] => range(protocol, one, one),
        [Value::Null, ends] => {
            let [start, end] = members(ends, ["start", "end"])?;
            range(protocol, start, end)
        }
        _ => None,
    }
}

fn of_port(entry: &Value) -> Option<Ports> {
    match members(entry, ["portNumber", "portRange"])? {
        [one, Value::Null] => {
            let [named, port] = members(one, ["protocol", "port"])?;
            range(protocol(named)?, port, port)
        }
        [Value::Null, ends] => {
            let [named, start, end] = members(ends, ["protocol", "start", "end"])?;
            range(protocol(named)?, start, end)
        }
        _ => None,
    }
}

fn range(protocol: Protocol, first: &Value, last: &Value) -> Option<Ports> {
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(Ports::Range(protocol, first, last))
}

/// A label by which an engine tells pods apart, as a label of their namespace; `None` where it is one of the pods' own.
pub(super) fn of_namespace(key: &str, name: &str, prefix: Option<&str>) -> Option<Box<str>> {
    if key == name { Some(NAME_OF_NAMESPACE.into()) } else { key.strip_prefix(prefix?).map(Box::from) }
}
