//! Policies of Cilium, as far as they are about egress. Their allow rules add to those of NetworkPolicies. What names addresses
//! is read; whom anything else means, Cilium knows and we do not.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use serde_json::Value;

use super::{
    NetworkPolicy, Peer, Ports, Rule, Selector, To,
    read::{network, number, protocol, text},
};
use crate::FieldPath;

/// Reads a `CiliumNetworkPolicy`, whose rules are in `spec` or in `specs`.
pub(super) fn read(object: &Value) -> NetworkPolicy {
    let one = object.get("spec").map(|spec| (FieldPath::of("spec"), spec));
    let many = object.get("specs").and_then(Value::as_array).into_iter().flatten().enumerate();
    let many = many.map(|(index, spec)| (FieldPath::of("specs").index(index), spec));
    let mut rules = Vec::new();
    let mut about_egress = false;
    for (at, spec) in one.into_iter().chain(many) {
        let Some(egress) = spec.get("egress").filter(|egress| !egress.is_null()) else { continue };
        about_egress = true;
        let at = at.key("egress");
        match egress.as_array() {
            Some(entries) => {
                rules.extend(entries.iter().enumerate().flat_map(|(i, entry)| rules_of(entry, &at.index(i))));
            }
            None => rules.push(Rule::everything(at)),
        }
    }
    // Its selectors know more than labels, so that it counts as being for every pod.
    NetworkPolicy { selects: Selector::everything(), egress: about_egress.then_some(rules) }
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
