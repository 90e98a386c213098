//! Policies of Calico, as far as they are about egress. Which of several counts is a matter of their order, which others may
//! change; so whatever one of them lets through counts. What names networks is read; whom anything else means, Calico knows and
//! we do not.
//!
//! NetworkPolicies are in the tier `default`. `Pass` in another tier leaves a packet to that one, or is never asked about
//! it. In `default` itself it leaves out all that comes after it there, NetworkPolicies too, and so lets the packet through.

use alloc::{collections::BTreeSet, vec::Vec};

use serde_json::Value;

use super::{
    NetworkPolicy, Part, Peer, Ports, Rule, Selector, To,
    cluster::of_namespace,
    expression,
    read::{network, number, protocol, text},
};
use crate::FieldPath;

/// The tier of a policy that names none, and of NetworkPolicies.
const DEFAULT: &str = "default";

/// Reads the spec of a `GlobalNetworkPolicy`.
pub(super) fn read_of_cluster(spec: &Value) -> Part {
    let selected = |member, name, prefix| {
        let written = spec.get(member).filter(|written| !written.is_null());
        let read = |written: &Value| expression::read(written.as_str()?);
        let read = written.map_or_else(|| Some(Selector::everything()), read).unwrap_or(Selector::Unreadable);
        read.renamed(|key| of_namespace(key, name, prefix))
    };
    let of_namespaces = selected("namespaceSelector", "projectcalico.org/name", Some(""));
    let of_pods = selected("selector", "projectcalico.org/namespace", None);
    Part { namespaces: of_namespaces.and(of_pods), policy: read(spec) }
}

/// Reads the spec of a `NetworkPolicy` of Calico.
pub(super) fn read(spec: &Value) -> NetworkPolicy {
    let at = FieldPath::of("spec.egress");
    let passes_on =
        spec.get("tier").and_then(Value::as_str).is_some_and(|tier| !matches!(tier, "" | DEFAULT));
    let egress = match spec.get("egress").filter(|egress| !egress.is_null()) {
        None => None,
        Some(Value::Array(entries)) => Some(
            entries
                .iter()
                .enumerate()
                .filter_map(|(index, entry)| rule(entry, &at.index(index), passes_on))
                .collect(),
        ),
        Some(_) => Some(Vec::from([Rule::everything(at)])),
    };
    // Its selectors have a language of their own, so that it counts as being for every pod.
    NetworkPolicy { selects: Selector::everything(), egress }
}

/// What a rule lets through; nothing by `Pass` in a tier that `passes_on` to that of NetworkPolicies.
fn rule(entry: &Value, at: &FieldPath, passes_on: bool) -> Option<Rule> {
    match entry.get("action").and_then(Value::as_str) {
        Some("Deny" | "Log") => return None,
        Some("Pass") if passes_on => return None,
        _ => {}
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
