//! The networks of the cluster itself, by what the cluster says of them.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};

use ipnet::IpNet;
use rpds::RedBlackTreeMapSync;
use serde_json::Value;

use super::{NodeFacts, World};
use crate::address;

/// Nodes that have a network.
type Owners = RedBlackTreeMapSync<Box<str>, Arc<NodeFacts>>;

/// The networks of pods and nodes, each with the nodes that have it, and those of Services. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct ClusterNetworks {
    nodes: RedBlackTreeMapSync<IpNet, Owners>,
    /// How many networks of nodes there are of each length in each [`part`], so that few are tried, and for most addresses
    /// none.
    lengths: BTreeMap<(IpNet, u8), usize>,
    /// There is one, or two where the cluster outgrew it.
    services: BTreeMap<Box<str>, Box<[IpNet]>>,
}

/// Pods of one node have no network wider than this. A node is believed when it says so of its own, not when it claims
/// what may be the network behind a VPN.
const WIDEST: [u8; 2] = [16, 48];

/// The network of this length around another one, unless that is wider.
fn around(network: IpNet, length: u8) -> Option<IpNet> {
    let around = IpNet::new(network.addr(), length).ok()?;
    (length <= network.prefix_len()).then(|| around.trunc())
}

/// The part of all addresses that a network lies in. No network of a node is wider.
fn part(network: IpNet) -> Option<IpNet> {
    let [v4, _] = WIDEST;
    around(network, v4)
}

impl ClusterNetworks {
    /// Whether a network of Services holds all of `network`.
    pub(crate) fn of_services(&self, network: IpNet) -> bool {
        self.services.values().flatten().any(|services| services.contains(&network))
    }

    /// The networks of the ServiceCIDR of this name.
    pub fn services(&self, name: &str) -> Option<&[IpNet]> {
        self.services.get(name).map(AsRef::as_ref)
    }

    /// The nodes that have any of `network`, where some of them have all of it; none elsewhere.
    pub(crate) fn nodes_at(&self, network: IpNet) -> Vec<&NodeFacts> {
        let longest = network.prefix_len();
        let Some(part) = part(network) else { return Vec::new() };
        let lengths = self.lengths.range((part, 0)..=(part, longest)).map(|((_, length), _)| *length);
        let mut owners: Vec<_> = lengths
            .filter_map(|length| around(network, length))
            .filter_map(|around| self.nodes.get(&around))
            .collect();
        if owners.is_empty() {
            return Vec::new();
        }
        if longest < network.max_prefix_len() {
            let within =
                self.nodes.range(network.trunc()..).take_while(|(other, _)| network.contains(*other));
            owners.extend(within.map(|(_, owners)| owners));
        }
        owners.into_iter().flat_map(Owners::values).map(AsRef::as_ref).collect()
    }

    /// Takes in what a node says; `before` is what it said until now.
    pub(super) fn observe(&mut self, name: &str, before: Option<&NodeFacts>, node: &Arc<NodeFacts>) {
        if let Some(before) = before {
            self.forget(name, before);
        }
        for network in &node.networks {
            let owners = self.nodes.get(network).cloned().unwrap_or_default();
            if owners.is_empty() {
                self.count(*network, |count| count + 1);
            }
            self.nodes.insert_mut(*network, owners.insert(name.into(), node.clone()));
        }
    }

    /// Forgets a node, which said `before` until now.
    pub(super) fn forget(&mut self, name: &str, before: &NodeFacts) {
        for network in &before.networks {
            let Some(owners) = self.nodes.get(network).map(|owners| owners.remove(name)) else { continue };
            if owners.is_empty() {
                self.nodes.remove_mut(network);
                self.count(*network, |count| count - 1);
            } else {
                self.nodes.insert_mut(*network, owners);
            }
        }
    }

    fn count(&mut self, network: IpNet, change: impl Fn(usize) -> usize) {
        let Some(part) = part(network) else { return };
        let key = (part, network.prefix_len());
        match change(self.lengths.get(&key).copied().unwrap_or_default()) {
            0 => drop(self.lengths.remove(&key)),
            count => drop(self.lengths.insert(key, count)),
        }
    }

    /// Takes in a ServiceCIDR.
    pub(super) fn observe_services(&mut self, name: &str, object: &Value) {
        let networks = texts(object.pointer("/spec/cidrs")).filter_map(read).collect();
        self.services.insert(name.into(), networks);
    }

    pub(super) fn forget_services(&mut self, name: &str) {
        self.services.remove(name);
    }
}

impl World {
    /// The networks of the cluster itself.
    pub fn networks(&self) -> &ClusterNetworks {
        &self.networks
    }
}

/// The networks of a node, in order: those of its pods, and its own addresses.
pub(super) fn of_node(object: &Value) -> Box<[IpNet]> {
    let pods = texts(object.pointer("/spec/podCIDRs"))
        .chain(object.pointer("/spec/podCIDR").and_then(Value::as_str));
    let addresses = object.pointer("/status/addresses").and_then(Value::as_array).into_iter().flatten();
    let text =
        |address: &'_ Value, member: &str| address.get(member).and_then(Value::as_str).map(Box::<str>::from);
    let own = addresses
        .filter(|address| matches!(text(address, "type").as_deref(), Some("InternalIP" | "ExternalIP")));
    let own: Vec<_> = own.filter_map(|address| text(address, "address")).collect();
    let mut networks: Vec<_> = pods
        .filter_map(read)
        .filter(is_of_one_node)
        .chain(own.iter().filter_map(|text| read(text)))
        .collect();
    networks.sort_unstable();
    networks.dedup();
    networks.into()
}

fn is_of_one_node(network: &IpNet) -> bool {
    let [v4, v6] = WIDEST;
    network.prefix_len() >= if matches!(network, IpNet::V4(_)) { v4 } else { v6 }
}

fn read(text: &str) -> Option<IpNet> {
    address::network(text).ok().map(|network| network.trunc())
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
