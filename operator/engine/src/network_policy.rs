//! NetworkPolicies, as far as they are about what leaves pods: what they select, and what they let it reach.
//!
//! A pod that no policy selects for egress reaches everything; any other reaches what at least one of those that select it
//! allows. So a policy alone never takes anything away that another one gives, and what is asked here of one policy is only
//! what it gives. What cannot be read gives everything.

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::net::IpAddr;

use bund_crds::Protocol;
use ipnet::IpNet;

use crate::{
    FieldPath, Finding, Reason, Snapshot, Subject, Timestamp, decide_standing,
    rule::egress_widened::in_namespace,
};

mod allows;
mod antrea;
mod bounds;
mod calico;
mod cilium;
mod cluster;
mod expression;
mod read;
mod selector;
mod span;
mod text;

pub use allows::{Packet, Receiver, is_isolated, lets_out};
pub(crate) use bounds::{first_beyond, within_pods};
pub(crate) use cluster::NAME_OF_NAMESPACE;
pub use cluster::{ClusterPolicy, Part};
pub use selector::{Expression, Selector};

/// The group and kind of those that every cluster has.
pub(crate) const KIND: (&str, &str) = ("networking.k8s.io", "NetworkPolicy");

/// What a NetworkPolicy says about what leaves the pods that it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// The pods of its namespace that it is for.
    pub selects: Selector,
    /// What they may reach: what any of these rules allows. `None` where the policy is not about egress.
    pub egress: Option<Vec<Rule>>,
}

/// Something that is allowed: any of these peers at any of these ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What says whom; the rule itself where nothing does.
    pub at: FieldPath,
    /// Whom.
    pub to: To,
    /// At which ports; `None`: all of them, and what has no ports.
    pub ports: Option<BTreeSet<Ports>>,
}

/// Whom a rule lets pods reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Everybody, inside of the cluster and outside.
    Everybody,
    /// Any of these.
    Peers(Vec<Peer>),
    /// This one, which is named where the rule is.
    One(Peer),
    /// What cannot be read, or is told in a way that this version does not know. It may be anybody.
    Unreadable,
}

/// Somebody whom a rule lets pods reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Addresses.
    Block {
        /// All of this network
        network: IpNet,
        /// but these.
        except: Vec<IpNet>,
    },
    /// Pods.
    Pods {
        /// In these namespaces; `None`: in the policy's own.
        namespaces: Option<Selector>,
        /// The pods.
        pods: Selector,
    },
    /// What cannot be read. It may be anybody.
    Unreadable,
}

/// Ports of one entry of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ports {
    /// From the first to the last.
    Range(Protocol, u16, u16),
    /// What the pod that is reached calls so.
    Named(Protocol, Box<str>),
    /// Every port of a protocol.
    Every(Protocol),
    /// What cannot be read: any port of any protocol.
    Unreadable,
}

/// The policies by which a network may let pods of a namespace out: its NetworkPolicies in order of name, those of other networks
/// in it, and then those that lie in no namespace.
pub fn policies_over<'s>(namespace: &'s str, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s Subject> {
    let own = snapshot.network_policies_in(namespace).chain(snapshot.other_policies_in(namespace));
    own.chain(snapshot.cluster_policies())
}

/// What a policy over a namespace lets pods in it reach beyond what is open to them at `now`, as it stands. Empty where it
/// widens nothing.
pub fn widens(policy: &Subject, namespace: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Finding> {
    if let Some(policy) = &policy.cluster_policy {
        return in_namespace(policy, namespace, snapshot, now);
    }
    let mut findings = decide_standing(policy, snapshot, now).findings;
    findings.retain(|finding| finding.reason == Reason::EgressWidened);
    findings
}

/// What a policy is called, with the group of its kind where it is of another network and lies in a namespace: several of them call
/// theirs the same.
pub fn called(policy: &Subject) -> String {
    let Subject { id, .. } = policy;
    if id.namespace.is_none() || is_of_kubernetes(policy) {
        id.to_string()
    } else {
        format!("{id} of {}", id.group)
    }
}

/// Whether a policy is a NetworkPolicy of Kubernetes, and of no other network.
pub fn is_of_kubernetes(policy: &Subject) -> bool {
    (&*policy.id.group, &*policy.id.kind) == KIND
}

/// The address that a packet to `address` carries: sockets for IPv6 send IPv4 where it is mapped.
fn on_wire(address: IpAddr) -> IpAddr {
    address.to_canonical()
}
