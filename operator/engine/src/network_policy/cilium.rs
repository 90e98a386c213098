//! Policies of Cilium, as far as they are about egress. Their allow rules add to those of NetworkPolicies. What names addresses
//! is read; whom anything else means, Cilium knows and we do not.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use serde_json::Value;

use super::{
    NetworkPolicy, Part, Peer, Ports, Rule, Selector, To,
    cluster::of_namespace,
    read::{network, number, protocol, text},
};
use crate::FieldPath;

/// The namespace of a pod, as a label that Cilium gives it.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// What Cilium puts before the labels of a namespace that it gives its pods.
const OF_NAMESPACE: &str = "io.cilium.k8s.namespace.labels.";

/// Reads a `CiliumNetworkPolicy`.
pub(super) fn read(object: &Value) -> NetworkPolicy {
    let egress = specs(object).filter_map(|(at, spec)| egress(spec, &at));
    let egress = egress.reduce(|mut all, more| {
        all.extend(more);
        all
    });
    // Its selectors know more than labels, so that it counts as being for every pod.
    NetworkPolicy { selects: Selector::everything(), egress }
}

/// Reads a `CiliumClusterwideNetworkPolicy`.
pub(super) fn read_of_cluster(object: &Value) -> Vec<Part> {
    let has = |spec: &Value, member| spec.get(member).is_some_and(|selector| !selector.is_null());
    // What selects nodes is about these and not about pods.
    let of_nodes = |spec: &Value| has(spec, "nodeSelector") && !has(spec, "endpointSelector");
    let of_pods = specs(object).filter(|(_, spec)| !of_nodes(spec));
    let part = |(at, spec): (FieldPath, &Value)| Part {
        namespaces: spec.get("endpointSelector").map_or_else(Selector::everything, namespaces),
        policy: NetworkPolicy { selects: Selector::everything(), egress: egress(spec, &at) },
    };
    of_pods.map(part).collect()
}

/// What a policy says, in `spec` or in each of `specs`.
fn specs(object: &Value) -> impl Iterator<Item = (FieldPath, &Value)> {
    let one = object.get("spec").map(|spec| (FieldPath::of("spec"), spec));
    let many = object.get("specs").and_then(Value::as_array).into_iter().flatten().enumerate();
    one.into_iter().chain(many.map(|(index, spec)| (FieldPath::of("specs").index(index), spec)))
}

/// What is allowed; `None` where it is not about egress.
fn egress(spec: &Value, at: &FieldPath) -> Option<Vec<Rule>> {
    let egress = spec.get("egress").filter(|egress| !egress.is_null())?;
    let at = at.key("egress");
    Some(match egress.as_array() {
        Some(entries) => {
            entries.iter().enumerate().flat_map(|(i, entry)| rules_of(entry, &at.index(i))).collect()
        }
        None => Vec::from([Rule::everything(at)]),
    })
}

/// The namespaces of the pods that a selector may select. Its keys may begin with where a label comes from; those of
/// namespaces come from Kubernetes alone.
fn namespaces(selector: &Value) -> Selector {
    Selector::read(selector).renamed(|key| {
        let key = key.strip_prefix("k8s:").or_else(|| key.strip_prefix("any:")).unwrap_or(key);
        of_namespace(key, NAMESPACE, Some(OF_NAMESPACE))
    })
}

/// A rule names its peers in one member. Ports alone mean everybody; a rule without anything means nobody.
fn rules_of(entry: &Value, at: &FieldPath) -> Vec<Rule> {
    let Some(members) = entry.as_object() else { return Vec::from([Rule::everything(at.clone())]) };
    let ports = ports(members.get("toPorts"));
    // How peers prove who they are takes nothing away from what is said of them here.
    let says = |(name, value): &(&String, &Value)| {
        !value.is_null() && !matches!(name.as_str(), "toPorts" | "authentication")
    };
    let mut rules: Vec<Rule> = members
        .iter()
        .filter(says)
        .map(|(name, entries)| Rule { at: at.key(name), to: peers(name, entries), ports: ports.clone() })
        .collect();
    if rules.is_empty() && ports.is_some() {
        rules.push(Rule { at: at.clone(), to: To::Everybody, ports });
    }
    rules
}

fn peers(name: &str, entries: &Value) -> To {
    let listed = |peer: fn(&Value) -> Option<Peer>| match entries.as_array() {
        Some(entries) => {
            To::Peers(entries.iter().map(|entry| peer(entry).unwrap_or(Peer::Unreadable)).collect())
        }
        None => To::Unreadable,
    };
    match name {
        "toCIDR" => listed(cidr),
        "toCIDRSet" => listed(cidr_set),
        // An empty list of Cilium's selects nobody.
        _ if entries.as_array().is_some_and(Vec::is_empty) => To::Peers(Vec::new()),
        _ => To::Unreadable,
    }
}

fn cidr(entry: &Value) -> Option<Peer> {
    Some(Peer::Block { network: address_or_network(text(entry)?)?, except: Vec::new() })
}

fn cidr_set(entry: &Value) -> Option<Peer> {
    let members = entry.as_object()?;
    if members.keys().any(|name| name != "cidr" && name != "except") {
        return None;
    }
    let except = entry.get("except").and_then(Value::as_array).into_iter().flatten();
    Some(Peer::Block {
        network: address_or_network(text(entry.get("cidr")?)?)?,
        except: except.map(|cidr| network(text(cidr)?)).collect::<Option<_>>()?,
    })
}

/// Cilium takes an address alone for a network of one.
fn address_or_network(text: &str) -> Option<ipnet::IpNet> {
    let address = || text.parse::<core::net::IpAddr>().ok().map(|address| address.to_canonical().into());
    network(text).or_else(address)
}

fn ports(listed: Option<&Value>) -> Option<BTreeSet<Ports>> {
    let listed = listed.filter(|listed| !listed.is_null())?;
    let entries = listed.as_array().filter(|entries| !entries.is_empty())?.iter();
    let of_entry = |entry: &Value| -> Option<Vec<Ports>> {
        let ports = entry.get("ports")?.as_array().filter(|ports| !ports.is_empty())?;
        ports.iter().map(port).collect()
    };
    let ports = entries.flat_map(|entry| of_entry(entry).unwrap_or_else(|| Vec::from([Ports::Unreadable])));
    Some(ports.collect())
}

fn port(entry: &Value) -> Option<Ports> {
    let members = entry.as_object()?;
    if members.keys().any(|name| !matches!(name.as_str(), "port" | "endPort" | "protocol")) {
        return None;
    }
    // Left out, it is every protocol.
    let protocol = protocol(entry.get("protocol").filter(|protocol| !protocol.is_null())?)?;
    let first: u16 = text(entry.get("port")?)?.parse().ok()?;
    let last = entry.get("endPort").map_or(Some(first), number)?;
    (first > 0 && first <= last).then_some(Ports::Range(protocol, first, last))
}
