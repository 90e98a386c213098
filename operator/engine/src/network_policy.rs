//! NetworkPolicies, as far as they are about what leaves pods: what they select, and what they let it reach.
//!
//! A pod that no policy selects for egress reaches everything; any other reaches what at least one of those that select it
//! allows. So a policy alone never takes anything away that another one gives, and what is asked here of one policy is only
//! what it gives. What cannot be read gives everything.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
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

/// The NetworkPolicies of a namespace that let pods reach more than their policies allow at `now`, in order of name, then those
/// of other networks, and then the policies that lie in no namespace and do so there; each with what is wrong with it.
pub fn widened<'s>(
    namespace: &'s str,
    snapshot: &'s Snapshot,
    now: Timestamp,
) -> impl Iterator<Item = (&'s Subject, Vec<Finding>)> {
    let own = snapshot.network_policies_in(namespace).chain(snapshot.other_policies_in(namespace));
    let own = own.map(move |policy| {
        let mut findings = decide_standing(policy, snapshot, now).findings;
        findings.retain(|finding| finding.reason == Reason::EgressWidened);
        (policy, findings)
    });
    own.filter(|(_, findings)| !findings.is_empty()).chain(widened_from_above(namespace, snapshot, now))
}

/// The policies that lie in no namespace and let pods of this one reach more than its policies allow at `now`, in order, each
/// with what is wrong with it.
pub fn widened_from_above<'s>(
    namespace: &'s str,
    snapshot: &'s Snapshot,
    now: Timestamp,
) -> impl Iterator<Item = (&'s Subject, Vec<Finding>)> {
    snapshot.cluster_policies().filter_map(move |policy| {
        let findings = in_namespace(policy.cluster_policy.as_deref()?, namespace, snapshot, now);
        (!findings.is_empty()).then_some((policy, findings))
    })
}

/// The address that a packet to `address` carries: sockets for IPv6 send IPv4 where it is mapped.
fn on_wire(address: IpAddr) -> IpAddr {
    address.to_canonical()
}
