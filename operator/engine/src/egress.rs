//! What pods may reach by network where a policy closes egress, and the NetworkPolicies that see to it.
//!
//! In a namespace that is closed one policy selects every pod and lets it ask for names and the API server, and no more.
//! What else a pod may reach depends on what it holds, which its labels do not tell. So Bund marks each pod of a closed
//! namespace with the set of classes that it holds and that must not leave ([`Holds`]), and one policy per set lets those pods
//! reach their peers: pods that hold at least the same. A pod without the mark reaches nobody. A mark is no secret
//! and no right: the engine refuses one that says what is not so ([`Reason::MarkForged`](crate::Reason::MarkForged)).

use alloc::{boxed::Box, collections::BTreeMap, collections::BTreeSet, vec::Vec};

use bund_crds::{Mode, NetworkPort};
use ipnet::IpNet;
use serde::Serialize;

use crate::HeldClass;

mod api_server;
mod closing;
mod manifest;
mod mark;
mod open;
mod opening;
mod plan;

pub(crate) use closing::classes_of;
pub use closing::{Survey, held, is_certain, survey};
pub use manifest::manifest;
pub use mark::{Marker, holds, json_patch, marks, transfer_mark, transfers_of};
pub(crate) use mark::{claims_less, honest_marks, is_mark, marks_to_write};
pub(crate) use open::{closed_by, open_to_holders, open_to_marked};
pub use plan::{MANAGED_BY, openings_of, plan, plan_of};

/// The classes that a pod holds and that a policy of its namespace keeps from leaving by network: those whose requirement
/// has the mode `Deny` for egress. Empty for a pod that holds none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Holds(pub BTreeSet<HeldClass>);

/// What may be reached from one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespacePlan {
    /// The namespace.
    pub namespace: Box<str>,
    /// `Deny` where the policies are to be applied; otherwise they are only told.
    pub mode: Mode,
    /// The policies, in order of name.
    pub policies: Vec<PlannedPolicy>,
    /// What was asked for and stays closed, with why.
    pub left_closed: Vec<LeftClosed>,
}

/// A NetworkPolicy that lets pods out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPolicy {
    /// Its name.
    pub name: Box<str>,
    /// The pods that it is for.
    pub selects: Selected,
    /// What they may reach.
    pub allows: Vec<Allowed>,
}

/// The pods of a namespace that a policy is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Selected {
    /// All of them, marked or not.
    Every,
    /// Those that are marked to hold exactly these classes.
    Holding(Holds),
    /// Those that are marked as sources of the transfer with this uid.
    Sources(Box<str>),
}

/// Something that may be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowed {
    /// Where: any of these.
    pub to: Vec<Peer>,
    /// At these ports; at every port where there are none.
    pub ports: Vec<NetworkPort>,
    /// Why it may be reached.
    pub why: Why,
}

/// Somebody to be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Peer {
    /// Addresses.
    Network(#[serde(serialize_with = "as_text")] IpNet),
    /// Pods of guarded namespaces that are marked to hold one of these sets.
    Holding(BTreeSet<Holds>),
    /// Pods of one namespace with these labels.
    Pods {
        /// The namespace, by name.
        namespace: Box<str>,
        /// The labels; every pod where there are none.
        labels: BTreeMap<Box<str>, Box<str>>,
    },
}

fn as_text<S: serde::Serializer>(network: &IpNet, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(network)
}

/// Why something may be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// Names are asked for there.
    Dns,
    /// The API server is there.
    ApiServer,
    /// They hold at least the same classes.
    Peers,
    /// A policy allows it, by name.
    Policy(Box<str>),
    /// A transfer that is in effect opens it, by name.
    Transfer(Box<str>),
}

/// Something that was asked for and stays closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftClosed {
    /// Who asked for it.
    pub asked_by: Why,
    /// What, as it was written.
    pub what: Box<str>,
    /// Why it stays closed, and what to do.
    pub reason: Box<str>,
}
