//! Where the API server is to be reached, as a part of a plan.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use bund_crds::NetworkPort;
use ipnet::IpNet;

use super::{Allowed, Peer, Why};

/// Its addresses, those with the same ports together.
pub(super) fn openings(reached_at: BTreeSet<(IpNet, NetworkPort)>) -> impl Iterator<Item = Allowed> {
    let mut by_address: BTreeMap<IpNet, BTreeSet<NetworkPort>> = BTreeMap::new();
    for (address, port) in reached_at {
        by_address.entry(address).or_default().insert(port);
    }
    let mut by_ports: BTreeMap<BTreeSet<NetworkPort>, Vec<Peer>> = BTreeMap::new();
    for (address, ports) in by_address {
        by_ports.entry(ports).or_default().push(Peer::Network(address));
    }
    by_ports.into_iter().map(|(ports, to)| Allowed {
        to,
        ports: ports.into_iter().collect(),
        why: Why::ApiServer,
    })
}
