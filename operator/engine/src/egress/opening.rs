//! What is opened besides peers: names and the API server for everybody, what policies allow, what transfers open.

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{
    ClusterDns, JurisdictionName, NetworkPort, Protocol,
    cross_border_transfer::{Destination, Place},
    egress::{AllowedNetwork, AllowedPods},
    selector::LabelText,
};

use ipnet::{IpNet, Ipv4Net};

use super::{Allowed, Holds, LeftClosed, Peer, Why, api_server, closing::Closing};
use crate::{
    Location, Snapshot,
    address::{self, reach, reach::Reach},
    locate::{first_inside, locate_network},
    snapshot::{Policy, TransferFacts},
};

/// The port at which a cache of names listens on its node.
const DOMAIN: u16 = 53;

/// What every pod may reach, marked or not. A public address that is known to be outside of wherever policies keep something
/// is none at which the API server is asked, whoever says so. Most API servers have private ones, which tell no place.
pub(super) fn of_everybody(
    closing: Option<&Closing<'_>>,
    snapshot: &Snapshot,
    left_closed: &mut BTreeSet<LeftClosed>,
) -> Vec<Allowed> {
    let mut allows = of_dns(&snapshot.world().location().dns);
    let mut told = snapshot.api_server().reached_at();
    if told.is_empty() {
        left_closed.insert(LeftClosed {
            asked_by: Why::ApiServer,
            what: "the API server".into(),
            reason: "neither the Service default/kubernetes nor its EndpointSlice is known".into(),
        });
    }
    told.retain(|(address, port)| {
        let Some(place) = closing.and_then(|closing| abroad(*address, closing, snapshot)) else {
            return true;
        };
        let what = with_ports(&address.addr().to_string(), &[*port]);
        let reason = format!("it is {}", Location::Outside(place));
        left_closed.insert(LeftClosed { asked_by: Why::ApiServer, what, reason: reason.into() });
        false
    });
    allows.extend(api_server::openings(told));
    allows
}

/// Where a public address is, where it is known to be outside of every jurisdiction of the policies that apply.
fn abroad(address: IpNet, closing: &Closing<'_>, snapshot: &Snapshot) -> Option<String> {
    if matches!(reach::of_network(address), Reach::Private(_)) {
        return None;
    }
    let jurisdictions: BTreeSet<_> =
        closing.policies().iter().flat_map(|policy| &policy.spec.jurisdictions).collect();
    let mut place = None;
    for jurisdiction in jurisdictions {
        match locate_network(address, jurisdiction, snapshot.world()) {
            Location::Outside(found) => place = Some(found),
            Location::Inside | Location::Unknown(_) => return None,
        }
    }
    place
}

fn of_dns(dns: &ClusterDns) -> Vec<Allowed> {
    let ports = |port| [Protocol::Tcp, Protocol::Udp].map(|protocol| NetworkPort { port, protocol }).to_vec();
    let pods = Peer::Pods {
        namespace: dns.namespace.as_str().into(),
        labels: dns
            .pod_labels
            .iter()
            .map(|(key, LabelText(value))| (key.as_str().into(), value.as_str().into()))
            .collect(),
    };
    let mut allows = Vec::from([Allowed { to: Vec::from([pods]), ports: ports(dns.port), why: Why::Dns }]);
    let caches: Vec<Peer> = dns.node_local.iter().map(|cache| Peer::Network(cache.network())).collect();
    if !caches.is_empty() {
        allows.push(Allowed { to: caches, ports: ports(DOMAIN), why: Why::Dns });
    }
    allows
}

/// What the policies allow that keep a class of a set; for the empty set all that apply. A network that is not inside for
/// every class of the set stays closed.
pub(super) fn of_policies(
    holds: &Holds,
    closing: &Closing<'_>,
    snapshot: &Snapshot,
    left_closed: &mut BTreeSet<LeftClosed>,
) -> Vec<Allowed> {
    let mut allows = Vec::new();
    for policy in closing.policies().iter().copied().filter(|policy| concerns(policy, holds, closing)) {
        let Some(egress) = &policy.spec.egress else { continue };
        let why = Why::Policy(policy.name.as_str().into());
        for AllowedNetwork { network, ports } in &egress.networks {
            match not_inside(network.network(), holds, policy, closing, snapshot) {
                None => allows.push(Allowed {
                    to: Vec::from([Peer::Network(on_the_wire(network.network()))]),
                    ports: ports.clone(),
                    why: why.clone(),
                }),
                Some(reason) => {
                    let what = with_ports(&network.to_string(), ports);
                    left_closed.insert(LeftClosed { asked_by: why.clone(), what, reason: reason.into() });
                }
            }
        }
        allows.extend(egress.pods.iter().map(|pods| of_pods(pods, &why)));
    }
    allows
}

/// Whether a policy keeps a class of the set, or the set is empty.
fn concerns(policy: &Policy, holds: &Holds, closing: &Closing<'_>) -> bool {
    let keeps = |class: &str| closing.keeping(class).any(|other| other.name == policy.name);
    holds.0.is_empty() || holds.0.iter().any(|class| keeps(class.as_str()))
}

/// Why a network is not open to pods with this set; `None` where it is.
fn not_inside(
    network: IpNet,
    holds: &Holds,
    policy: &Policy,
    closing: &Closing<'_>,
    snapshot: &Snapshot,
) -> Option<String> {
    // In the one spelling in which networks are located.
    let network = address::network(&network.to_string()).unwrap_or(network);
    let located = |jurisdictions: &mut dyn Iterator<Item = &JurisdictionName>| {
        first_inside(jurisdictions.map(|name| locate_network(network, name, snapshot.world())))
    };
    let told = |location: Location, of: &str| match location {
        Location::Inside => None,
        Location::Outside(_) | Location::Unknown(_) => Some(format!("{of}it is {location}")),
    };
    if holds.0.is_empty() {
        return told(located(&mut policy.spec.jurisdictions.iter()), "");
    }
    holds.0.iter().find_map(|class| {
        let jurisdictions = closing.jurisdictions(class.as_str());
        told(located(&mut jurisdictions.iter()), &format!("for {class} "))
    })
}

fn of_pods(pods: &AllowedPods, why: &Why) -> Allowed {
    let AllowedPods { namespace, pod_labels, ports } = pods;
    let labels =
        pod_labels.iter().map(|(key, LabelText(value))| (key.as_str().into(), value.as_str().into()));
    let peer = Peer::Pods { namespace: namespace.as_str().into(), labels: labels.collect() };
    Allowed { to: Vec::from([peer]), ports: ports.clone(), why: why.clone() }
}

/// The networks of a transfer. What it names otherwise stays closed: no network policy knows names or regions.
pub(super) fn of_transfer(transfer: &TransferFacts, left_closed: &mut BTreeSet<LeftClosed>) -> Vec<Allowed> {
    let why = Why::Transfer(transfer.name.clone());
    let mut allows = Vec::new();
    for place in transfer.spec.destinations.iter().filter_map(Destination::place) {
        let what = match place {
            Place::Network(network, ports) => {
                let to = Vec::from([Peer::Network(on_the_wire(network.network()))]);
                allows.push(Allowed { to, ports: ports.to_vec(), why: why.clone() });
                continue;
            }
            Place::Host(host) => host.to_string(),
            Place::Region(provider, region) => format!("region {region} of {provider}"),
        };
        let reason = "network policies know addresses alone; list its networks and ports, or wait for an egress gateway";
        left_closed.insert(LeftClosed { asked_by: why.clone(), what: what.into(), reason: reason.into() });
    }
    allows
}

/// A network as packets carry it: those to a mapped address are sent by IPv4.
fn on_the_wire(network: IpNet) -> IpNet {
    let IpNet::V6(whole) = network else { return network };
    let mapped = whole.addr().to_ipv4_mapped().zip(whole.prefix_len().checked_sub(96));
    let mapped = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    mapped.map_or(network, IpNet::V4)
}

fn with_ports(what: &str, ports: &[NetworkPort]) -> Box<str> {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    if ports.is_empty() { what.into() } else { format!("{what} at {}", ports.join(", ")).into() }
}
