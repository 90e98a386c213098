//! What policies let out: the answer that a conforming network gives for one packet.

use alloc::boxed::Box;
use core::net::IpAddr;

use bund_crds::Protocol;

use super::{NetworkPolicy, Peer, Ports, Rule, To, on_wire};
use crate::subject::Labels;

/// A packet that a pod sends.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'p> {
    /// The labels of the pod that sends it.
    pub sender: &'p Labels,
    /// Where it goes.
    pub address: IpAddr,
    /// The pod that has that address, if one has.
    pub receiver: Option<Receiver<'p>>,
    /// The port that it goes to.
    pub port: u16,
    /// By which protocol.
    pub protocol: Protocol,
}

/// A pod that a packet goes to.
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'p> {
    /// Its namespace.
    pub namespace: &'p str,
    /// The labels of that.
    pub namespace_labels: &'p Labels,
    /// Its own labels.
    pub labels: &'p Labels,
    /// The ports of its containers that have a name.
    pub ports: &'p [(Box<str>, Protocol, u16)],
}

/// Whether a pod with these labels is isolated: one of the policies of its namespace certainly selects it for egress.
pub fn is_isolated<'p>(sender: &Labels, policies: impl IntoIterator<Item = &'p NetworkPolicy>) -> bool {
    policies.into_iter().any(|policy| policy.isolates(sender))
}

/// Whether all `policies` of the sender's `namespace` together let a packet out.
pub fn lets_out<'p>(
    namespace: &str,
    policies: impl IntoIterator<Item = &'p NetworkPolicy> + Clone,
    packet: &Packet<'_>,
) -> bool {
    !is_isolated(packet.sender, policies.clone())
        || policies.into_iter().any(|policy| policy.allows(namespace, packet))
}

impl NetworkPolicy {
    /// Whether it certainly selects a pod with these labels for egress, so that the pod reaches nothing but what is allowed.
    pub fn isolates(&self, sender: &Labels) -> bool {
        self.egress.is_some() && self.selects.is_readable() && self.selects.selects(|key| sender.get(key))
    }

    /// Whether it allows a packet of a pod of `namespace`, its own.
    pub fn allows(&self, namespace: &str, packet: &Packet<'_>) -> bool {
        let Some(rules) = &self.egress else { return false };
        self.selects.selects(|key| packet.sender.get(key))
            && rules.iter().any(|rule| rule.allows(namespace, packet))
    }
}

impl Rule {
    fn allows(&self, namespace: &str, packet: &Packet<'_>) -> bool {
        let to = match &self.to {
            To::Everybody | To::Unreadable => true,
            To::Peers(peers) => peers.iter().any(|peer| peer.is_reached(namespace, packet)),
            To::One(peer) => peer.is_reached(namespace, packet),
        };
        to && self.ports.as_ref().is_none_or(|listed| listed.iter().any(|ports| ports.hold(packet)))
    }
}

impl Peer {
    fn is_reached(&self, namespace: &str, packet: &Packet<'_>) -> bool {
        match self {
            Self::Block { network, except } => {
                let address = on_wire(packet.address);
                network.contains(&address) && !except.iter().any(|except| except.contains(&address))
            }
            Self::Pods { namespaces, pods } => packet.receiver.is_some_and(|receiver| {
                let there = match namespaces {
                    None => receiver.namespace == namespace,
                    Some(namespaces) => namespaces.selects(|key| receiver.namespace_labels.get(key)),
                };
                there && pods.selects(|key| receiver.labels.get(key))
            }),
            Self::Unreadable => true,
        }
    }
}

impl Ports {
    fn hold(&self, packet: &Packet<'_>) -> bool {
        match self {
            Self::Range(protocol, first, last) => {
                packet.protocol == *protocol && (*first..=*last).contains(&packet.port)
            }
            Self::Named(protocol, name) => {
                let called = |(known, of, number): &(Box<str>, Protocol, u16)| {
                    known == name && of == protocol && *number == packet.port
                };
                packet.protocol == *protocol
                    && packet.receiver.is_some_and(|receiver| receiver.ports.iter().any(called))
            }
            Self::Every(protocol) => packet.protocol == *protocol,
            Self::Unreadable => true,
        }
    }
}
