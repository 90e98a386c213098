//! Why something is wrong. One enum feeds the admission message, the condition, the report, the metric label,
//! the ledger field and the SARIF rule.
//!
//! Architecture Invariant (one reason, one code, one documentation entry): `docs/reference/reasons.md` is generated from
//! [`Reason::ALL`].

use core::fmt;

use bund_crds::Aspect;
use serde::Serialize;

mod entry;

/// Why something is wrong. The variant's name is its code, stable for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Reason {
    /// `spec.nodeName` names a node that is not inside.
    NodeOutside,
    /// A pod is bound to a node that is not inside.
    BindingOutside,
    /// A container is added to a pod that runs outside.
    RunsOutside,
    /// No node inside can satisfy the pod.
    PlacementContradicts,
    /// A node outside could satisfy the pod.
    PlacementUnconfined,
    /// A `DaemonSet` would run on nodes outside too.
    DaemonSetUnconfined,
    /// There is no node inside to confine the pod to.
    NoEligibleNode,
    /// A class on a workload does not reach its pods.
    ClassNotOnTemplate,
    /// A class on an object outside guarded namespaces.
    ClassOutsideGuarded,
    /// A Namespace holds a class and is not enrolled.
    NamespaceNotGuarded,
    /// Policies leave no place where the data may be.
    PoliciesConflict,
    /// A mapped field names a destination that is not inside.
    DestinationOutside,
    /// A volume, or what would make it, names a place that is not inside.
    StorageOutside,
    /// Nothing keeps a volume inside.
    StorageUnconfined,
    /// A snapshot or copy would go outside.
    CopyOutside,
    /// Data is written where no object could hold its class.
    InlineVolume,
    /// A pod is bound before the volumes that it may write hold its class.
    VolumeUnmarked,
    /// A pod that is not inside uses a volume that would be written.
    VolumeUsedOutside,
    /// A classified volume or copy would go to a namespace that is not guarded.
    ClaimOutsideGuarded,
    /// A pod asks for what escapes every generated network policy: the network of its node, or the right to change it.
    EscapesPolicy,
    /// A probe or hook of a pod makes its node call a place that is not inside.
    ProbeOutside,
    /// A pod asks a name server that is not inside.
    ResolverOutside,
    /// A pod gives a name an address that is not inside.
    HostAliasOutside,
    /// A proxy in the environment of a pod is not inside.
    ProxyOutside,
    /// A Service leads to a place that is not inside, or is reached from one.
    ServiceOutside,
    /// What stands behind a Service is not inside.
    EndpointOutside,
    /// An Ingress or a route forwards to a place that is not inside.
    RouteOutside,
    /// A host takes connections by a TLS older than 1.3.
    TlsTooOld,
    /// A NetworkPolicy lets classified pods reach more than their policies allow.
    EgressWidened,
    /// A mark of Bund's own says what is not so.
    MarkForged,
    /// Somebody connects into a pod that holds a class, without the right to.
    ConnectionUnapproved,
    /// The API server would call a place that is not inside.
    CallbackOutside,
    /// A volume is not encrypted as the class asks.
    NotEncrypted,
    /// An update takes a class away.
    ClassRemoved,
    /// An update of a Namespace takes protection from what it holds.
    GuardRemoved,
    /// An edit of an object of our own kinds takes protection away.
    ProtectionWeakened,
    /// A policy, class, jurisdiction or location that may concern the subject cannot be read.
    FactUnreadable,
    /// A field of the subject cannot be read.
    FieldUnreadable,
    /// A term of the affinity becomes impossible inside.
    TermImpossible,
    /// A field that this version does not know.
    UnknownField,
    /// A class label that no `DataClass` declares.
    UnknownClass,
    /// A pod reads what its node keeps of other pods.
    NodeReader,
    /// An address found in settings is not known to be inside.
    AddressOutside,
}

/// What a finding does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The verdict is `Deny`.
    Denies,
    /// The verdict is `Indeterminate`, which denies.
    Undecided,
    /// The verdict stays; the finding is shown.
    Hints,
}

/// What is written about a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which aspect's mode applies. `None`: the strictest mode of all aspects does.
    pub aspect: Option<Aspect>,
    /// What it does to the verdict.
    pub effect: Effect,
    /// The control that it serves (`docs/reference/reasons.md` lists them).
    pub control: &'static str,
    /// The law behind the control.
    pub citation: &'static str,
    /// What is wrong, in a sentence.
    pub summary: &'static str,
    /// What to do, in a sentence.
    pub remedy: &'static str,
}

impl Reason {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 43] = [
        Self::NodeOutside,
        Self::BindingOutside,
        Self::RunsOutside,
        Self::PlacementContradicts,
        Self::PlacementUnconfined,
        Self::DaemonSetUnconfined,
        Self::NoEligibleNode,
        Self::ClassNotOnTemplate,
        Self::ClassOutsideGuarded,
        Self::NamespaceNotGuarded,
        Self::PoliciesConflict,
        Self::DestinationOutside,
        Self::StorageOutside,
        Self::StorageUnconfined,
        Self::CopyOutside,
        Self::InlineVolume,
        Self::VolumeUnmarked,
        Self::VolumeUsedOutside,
        Self::ClaimOutsideGuarded,
        Self::EscapesPolicy,
        Self::ProbeOutside,
        Self::ResolverOutside,
        Self::HostAliasOutside,
        Self::ProxyOutside,
        Self::ServiceOutside,
        Self::EndpointOutside,
        Self::RouteOutside,
        Self::TlsTooOld,
        Self::EgressWidened,
        Self::MarkForged,
        Self::ConnectionUnapproved,
        Self::CallbackOutside,
        Self::NotEncrypted,
        Self::ClassRemoved,
        Self::GuardRemoved,
        Self::ProtectionWeakened,
        Self::FactUnreadable,
        Self::FieldUnreadable,
        Self::TermImpossible,
        Self::UnknownField,
        Self::UnknownClass,
        Self::NodeReader,
        Self::AddressOutside,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NodeOutside => "NodeOutside",
            Self::BindingOutside => "BindingOutside",
            Self::RunsOutside => "RunsOutside",
            Self::PlacementContradicts => "PlacementContradicts",
            Self::PlacementUnconfined => "PlacementUnconfined",
            Self::DaemonSetUnconfined => "DaemonSetUnconfined",
            Self::NoEligibleNode => "NoEligibleNode",
            Self::ClassNotOnTemplate => "ClassNotOnTemplate",
            Self::ClassOutsideGuarded => "ClassOutsideGuarded",
            Self::NamespaceNotGuarded => "NamespaceNotGuarded",
            Self::PoliciesConflict => "PoliciesConflict",
            Self::DestinationOutside => "DestinationOutside",
            Self::StorageOutside => "StorageOutside",
            Self::StorageUnconfined => "StorageUnconfined",
            Self::CopyOutside => "CopyOutside",
            Self::InlineVolume => "InlineVolume",
            Self::VolumeUnmarked => "VolumeUnmarked",
            Self::VolumeUsedOutside => "VolumeUsedOutside",
            Self::ClaimOutsideGuarded => "ClaimOutsideGuarded",
            Self::EscapesPolicy => "EscapesPolicy",
            Self::ProbeOutside => "ProbeOutside",
            Self::ResolverOutside => "ResolverOutside",
            Self::HostAliasOutside => "HostAliasOutside",
            Self::ProxyOutside => "ProxyOutside",
            Self::ServiceOutside => "ServiceOutside",
            Self::EndpointOutside => "EndpointOutside",
            Self::RouteOutside => "RouteOutside",
            Self::TlsTooOld => "TlsTooOld",
            Self::EgressWidened => "EgressWidened",
            Self::MarkForged => "MarkForged",
            Self::ConnectionUnapproved => "ConnectionUnapproved",
            Self::CallbackOutside => "CallbackOutside",
            Self::NotEncrypted => "NotEncrypted",
            Self::ClassRemoved => "ClassRemoved",
            Self::GuardRemoved => "GuardRemoved",
            Self::ProtectionWeakened => "ProtectionWeakened",
            Self::FactUnreadable => "FactUnreadable",
            Self::FieldUnreadable => "FieldUnreadable",
            Self::TermImpossible => "TermImpossible",
            Self::UnknownField => "UnknownField",
            Self::UnknownClass => "UnknownClass",
            Self::NodeReader => "NodeReader",
            Self::AddressOutside => "AddressOutside",
        }
    }

    /// The reason of this code, whatever its case.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code().eq_ignore_ascii_case(code))
    }

    /// What is written about it.
    pub fn entry(self) -> Entry {
        entry::of(self)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_one_code_and_its_code_leads_back_to_it() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(Reason::of_code(reason.code()), Some(reason));
            assert_eq!(std::format!("{reason:?}"), reason.code());
        }
    }
}
