//! From raw JSON to a [`NetworkPolicy`]. What is not of the form that the API documents is unreadable, and so is a member
//! that it does not know: a later version may let more through by it.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use core::net::IpAddr;

use bund_crds::Protocol;
use ipnet::{IpNet, Ipv4Net};
use serde_json::Value;

use super::{NetworkPolicy, Peer, Ports, Rule, Selector, To, antrea, calico, cilium};
use crate::FieldPath;

/// The members of these names of an object, `null` where absent; `None` where it has others, or is no object.
pub(super) fn members<'v, const N: usize>(value: &'v Value, names: [&str; N]) -> Option<[&'v Value; N]> {
    let members = value.as_object()?;
    let known = members.iter().all(|(name, value)| names.contains(&name.as_str()) || value.is_null());
    known.then(|| names.map(|name| members.get(name).unwrap_or(&Value::Null)))
}

/// A text, which is not `null`.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// The network that a text names: with its host bits cut off, as readers do, and of IPv4 where it is of mapped addresses. An
/// address in another spelling than the one that all readers agree on is none.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length: u8 = length.parse().ok().filter(|_| !length.starts_with('+'))?;
    let network = IpNet::new(address, length).ok()?.trunc();
    match (network.addr().to_canonical(), length.checked_sub(96)) {
        (IpAddr::V4(mapped), Some(length)) if address.is_ipv6() => {
            Ipv4Net::new(mapped, length).ok().map(IpNet::V4)
        }
        _ => Some(network),
    }
}

impl Rule {
    /// The rule at `at` that allows everything, or whose meaning is not known.
    pub(super) fn everything(at: FieldPath) -> Self {
        Self { at, to: To::Everybody, ports: None }
    }
}

impl NetworkPolicy {
    /// Whether objects of the kind let pods of their namespace out by a network of their own: it is no part of Kubernetes.
    pub(crate) fn is_kind_of_another_network(group: &str, kind: &str) -> bool {
        matches!(
            (group, kind),
            ("cilium.io", "CiliumNetworkPolicy")
                | ("crd.antrea.io" | "crd.projectcalico.org" | "projectcalico.org", "NetworkPolicy")
                | ("networking.gke.io", "FQDNNetworkPolicy")
                | ("networking.k8s.aws", "ApplicationNetworkPolicy")
        )
    }

    /// Reads an object of a kind that lets pods out; `None` for any other kind.
    pub(crate) fn of_kind(group: &str, kind: &str, object: &Value) -> Option<Self> {
        let of_kubernetes = matches!((group, kind), ("networking.k8s.io" | "extensions", "NetworkPolicy"));
        let spec = object.get("spec").unwrap_or(&Value::Null);
        (of_kubernetes || Self::is_kind_of_another_network(group, kind)).then(|| match group {
            "crd.antrea.io" => antrea::read(spec),
            "cilium.io" => cilium::read(object),
            "projectcalico.org" | "crd.projectcalico.org" => calico::read(spec),
            // Those of GKE and EKS have the form of Kubernetes, and peers of their own by name, which cannot be read.
            _ => Self::read(spec),
        })
    }

    /// Reads the spec of a NetworkPolicy of Kubernetes.
    pub fn read(spec: &Value) -> Self {
        let at = FieldPath::of("spec");
        let known = ["podSelector", "policyTypes", "ingress", "egress"];
        let Some([selector, types, _, egress]) = members(spec, known) else {
            return Self { selects: Selector::everything(), egress: Some(Vec::from([Rule::everything(at)])) };
        };
        let selects = if selector.is_null() { Selector::everything() } else { Selector::read(selector) };
        let at = at.key("egress");
        let rules: Option<Vec<Rule>> = match egress {
            Value::Null => Some(Vec::new()),
            Value::Array(rules) => {
                Some(rules.iter().enumerate().map(|(i, entry)| rule(entry, &at.index(i))).collect())
            }
            _ => None,
        };
        let egress = match (is_about_egress(types, egress), rules) {
            (Some(false), _) => None,
            (Some(true), Some(rules)) => Some(rules),
            (None, _) | (_, None) => Some(Vec::from([Rule::everything(at)])),
        };
        Self { selects, egress }
    }
}

/// Whether a policy is about egress: by its types; where it names none, by having rules for it.
fn is_about_egress(types: &Value, egress: &Value) -> Option<bool> {
    let has_rules =
        || !matches!(egress, Value::Null) && egress.as_array().is_none_or(|rules| !rules.is_empty());
    match types {
        Value::Null => Some(has_rules()),
        Value::Array(types) if types.is_empty() => Some(has_rules()),
        Value::Array(types) => {
            let known = types.iter().all(|named| matches!(text(named), Some("Ingress" | "Egress")));
            known.then(|| types.iter().any(|named| text(named) == Some("Egress")))
        }
        _ => None,
    }
}

fn rule(entry: &Value, at: &FieldPath) -> Rule {
    let Some([to, listed]) = members(entry, ["to", "ports"]) else { return Rule::everything(at.clone()) };
    let named = at.key("to");
    let (at, to) = match to {
        Value::Null => (at.clone(), To::Everybody),
        Value::Array(peers) if peers.is_empty() => (at.clone(), To::Everybody),
        Value::Array(peers) => (named, To::Peers(peers.iter().map(peer).collect())),
        _ => (named, To::Unreadable),
    };
    Rule { at, to, ports: ports(listed) }
}

pub(super) fn peer(entry: &Value) -> Peer {
    let known = members(entry, ["ipBlock", "namespaceSelector", "podSelector"]);
    match known {
        Some([block, Value::Null, Value::Null]) => self::block(block).unwrap_or(Peer::Unreadable),
        Some([Value::Null, namespaces, pods]) => Peer::Pods {
            namespaces: (!namespaces.is_null()).then(|| Selector::read(namespaces)),
            pods: if pods.is_null() { Selector::everything() } else { Selector::read(pods) },
        },
        Some(_) | None => Peer::Unreadable,
    }
}

fn block(block: &Value) -> Option<Peer> {
    let [cidr, except] = members(block, ["cidr", "except"])?;
    let except = match except {
        Value::Null => Vec::new(),
        Value::Array(except) => except.iter().map(|cidr| network(text(cidr)?)).collect::<Option<_>>()?,
        _ => return None,
    };
    Some(Peer::Block { network: network(text(cidr)?)?, except })
}

/// The ports of a rule; `None` where it lists none, so that they are all allowed.
pub(super) fn ports(listed: &Value) -> Option<BTreeSet<Ports>> {
    match listed {
        Value::Null => None,
        Value::Array(entries) if entries.is_empty() => None,
        Value::Array(entries) => {
            Some(entries.iter().map(|entry| port(entry).unwrap_or(Ports::Unreadable)).collect())
        }
        _ => Some(BTreeSet::from([Ports::Unreadable])),
    }
}

fn port(entry: &Value) -> Option<Ports> {
    let [port, end, protocol] = members(entry, ["port", "endPort", "protocol"])?;
    let protocol = self::protocol(protocol)?;
    match (port, end) {
        (Value::Null, Value::Null) => Some(Ports::Every(protocol)),
        (Value::String(name), Value::Null) => named(protocol, name),
        (Value::Number(_), _) => {
            let first = number(port)?;
            let last = if end.is_null() { first } else { number(end)? };
            (first <= last).then_some(Ports::Range(protocol, first, last))
        }
        _ => None,
    }
}

/// A name of a port has a letter. What has none is a number for some readers.
fn named(protocol: Protocol, name: &str) -> Option<Ports> {
    name.bytes().any(|byte| byte.is_ascii_alphabetic()).then(|| Ports::Named(protocol, Box::from(name)))
}

pub(super) fn number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}

/// A protocol by its name; TCP where none is given.
pub(super) fn protocol(value: &Value) -> Option<Protocol> {
    match value {
        Value::Null => Some(Protocol::Tcp),
        Value::String(name) => match name.as_str() {
            "TCP" => Some(Protocol::Tcp),
            "UDP" => Some(Protocol::Udp),
            "SCTP" => Some(Protocol::Sctp),
            _ => None,
        },
        _ => None,
    }
}
