//! Whether what a rule allows lies within what is open anyway.

use alloc::{collections::BTreeSet, vec::Vec};
use core::net::IpAddr;

use bund_crds::{NetworkPort, Protocol};
use ipnet::IpNet;

use super::{Ports, Selector, span};
use crate::egress::{self, Allowed};

/// Ports of which nothing that is open tells one from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    /// One port that some opening lists.
    One(NetworkPort),
    /// A port that no opening lists, so that only what opens every port opens it.
    Unlisted,
}

impl Stretch {
    fn is_open_by(self, opening: &Allowed) -> bool {
        match self {
            _ if opening.ports.is_empty() => true,
            Self::One(port) => opening.ports.contains(&port),
            Self::Unlisted => false,
        }
    }
}

/// The stretches that ports fall into. A name may be that of any port.
fn stretches(ports: Option<&BTreeSet<Ports>>, open: &[Allowed]) -> Vec<Stretch> {
    let Some(ports) = ports else { return Vec::from([Stretch::Unlisted]) };
    let mut stretches = Vec::new();
    for entry in ports {
        match entry {
            Ports::Range(protocol, first, last) => {
                let listed = listed_within(*protocol, *first, *last, open);
                let all = usize::from(last - first) + 1;
                if listed.len() < all {
                    stretches.push(Stretch::Unlisted);
                }
                stretches.extend(listed.into_iter().map(Stretch::One));
            }
            Ports::Named(..) | Ports::Every(_) | Ports::Unreadable => stretches.push(Stretch::Unlisted),
        }
    }
    stretches
}

fn listed_within(protocol: Protocol, first: u16, last: u16, open: &[Allowed]) -> BTreeSet<NetworkPort> {
    let listed = open.iter().flat_map(|opening| &opening.ports).copied();
    listed.filter(|port| port.protocol == protocol && (first..=last).contains(&port.port)).collect()
}

/// The first address of `network`, without `except`, that is not open at one of `ports`; `None` where all of them are.
pub(crate) fn first_beyond(
    network: &IpNet,
    except: &[IpNet],
    ports: Option<&BTreeSet<Ports>>,
    open: &[Allowed],
) -> Option<IpAddr> {
    let beyond = |stretch: Stretch| {
        let open = open.iter().filter(move |opening| stretch.is_open_by(opening));
        let open = open.flat_map(|opening| &opening.to).filter_map(|peer| match peer {
            egress::Peer::Network(network) => Some(*network),
            egress::Peer::Holding(_) | egress::Peer::Pods { .. } => None,
        });
        span::without(network, except.iter().copied().chain(open)).first().map(span::Span::address)
    };
    stretches(ports, open).into_iter().find_map(beyond)
}

/// Whether the pods that `pods` selects in the namespaces of these names are open at all of `ports`.
pub(crate) fn within_pods(
    names: &BTreeSet<&str>,
    pods: &Selector,
    ports: Option<&BTreeSet<Ports>>,
    open: &[Allowed],
) -> bool {
    let is_open = |namespace: &str, stretch: Stretch| {
        let open = open.iter().filter(|opening| stretch.is_open_by(opening));
        open.flat_map(|opening| &opening.to).any(|peer| match peer {
            egress::Peer::Pods { namespace: own, labels } => {
                **own == *namespace
                    && labels.iter().all(|(key, value)| {
                        let values = pods.values_of(key);
                        values.is_some_and(|values| values.iter().all(|known| **known == **value))
                    })
            }
            egress::Peer::Network(_) | egress::Peer::Holding(_) => false,
        })
    };
    let stretches = stretches(ports, open);
    names.iter().all(|namespace| stretches.iter().all(|stretch| is_open(namespace, *stretch)))
}
