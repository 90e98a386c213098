//! Policies of Calico, as far as they are about egress. Which of several counts is a matter of their order, which others may
//! change; so whatever one of them lets through counts. What names networks is read; whom anything else means, Calico knows and
//! we do not.

use alloc::{collections::BTreeSet, vec::Vec};

use serde_json::Value;

use super::{
    NetworkPolicy, Peer, Ports, Rule, Selector, To,
    read::{network, number, protocol, text},
};
use crate::FieldPath;

/// Reads the spec of a `NetworkPolicy` of Calico.
pub(super) fn read(spec: &Value) -> NetworkPolicy {
    let at = FieldPath::of("spec.egress");
    let egress = match spec.get("egress").filter(|egress| !egress.is_null()) {
        None => None,
        Some(Value::Array(entries)) => Some(
            entries.iter().enumerate().filter_map(|(index, entry)| rule(entry, &at.index(index))).collect(),
        ),
        Some(_) => Some(Vec::from([Rule::everything(at)])),
    };
    // Its selectors have a language of their own, so that it counts as being for every pod.
    NetworkPolicy { selects: Selector::everything(), egress }
}

/// What a rule lets through. `Pass` hands the packet to what comes next, which is not known.
fn rule(entry: &Value, at: &FieldPath) -> Option<Rule> {
    if matches!(entry.get("action").and_then(Value::as_str), Some("Deny" | "Log")) {
        return None;
    }
    let destination = entry.get("destination").unwrap_or(&Value::Null);
    let ports = ports(entry, destination);
    let Some(members) = destination.as_object() else {
        return Some(Rule { at: at.clone(), to: To::Everybody, ports });
    };
    let named = at.key("destination");
    let names_more = members.keys().any(|name| !matches!(name.as_str(), "nets" | "ports"));
    let block = |net| {
        let network = text(net).and_then(network);
        network.map_or(Peer::Unreadable, |network| Peer::Block { network, except: Vec::new() })
    };
    let (at, to) = match members.get("nets").map(Value::as_array) {
        _ if names_more => (named, To::Unreadable),
        None => (at.clone(), To::Everybody),
        Some(Some(nets)) if !nets.is_empty() => {
            (named.key("nets"), To::Peers(nets.iter().map(block).collect()))
        }
        Some(_) => (named, To::Unreadable),
    };
    Some(Rule { at, to, ports })
}

fn ports(entry: &Value, destination: &Value) -> Option<BTreeSet<Ports>> {
    let listed = destination.get("ports").filter(|ports| !ports.is_null());
    let Some(asked) = entry.get("protocol").filter(|protocol| !protocol.is_null()) else {
        return listed.map(|_| BTreeSet::from([Ports::Unreadable]));
    };
    let Some(protocol) = protocol(asked) else { return Some(BTreeSet::from([Ports::Unreadable])) };
    let Some(listed) = listed else { return Some(BTreeSet::from([Ports::Every(protocol)])) };
    let port =
        |entry: &Value| number(entry).map_or(Ports::Unreadable, |one| Ports::Range(protocol, one, one));
    let listed = listed.as_array().filter(|listed| !listed.is_empty());
    Some(
        listed
            .map_or_else(|| BTreeSet::from([Ports::Unreadable]), |listed| listed.iter().map(port).collect()),
    )
}
