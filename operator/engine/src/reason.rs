//! Why something is wrong. One enum feeds the admission message, the condition, the report, the metric label,
//! the ledger field and the SARIF rule.
//!
//! Architecture Invariant (one reason, one code, one documentation entry): `docs/reference/reasons.md` is generated from
//! [`Reason::ALL`].

use core::fmt;

use bund_crds::Aspect;
use serde::Serialize;

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
    /// Which aspect's mode applies.
    pub aspect: Aspect,
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

/// The articles behind the rule that data stays: bodies of state, handlers at the threshold, critical
/// infrastructure. A policy may be stricter than they are.
const STAYS: &str = "PIPL Arts 36 and 40, CSL Art. 39";
const TRANSFER: &str = "PIPL Arts 38 to 40";

impl Reason {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 17] = [
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
        Self::FactUnreadable,
        Self::FieldUnreadable,
        Self::TermImpossible,
        Self::UnknownField,
        Self::UnknownClass,
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
            Self::FactUnreadable => "FactUnreadable",
            Self::FieldUnreadable => "FieldUnreadable",
            Self::TermImpossible => "TermImpossible",
            Self::UnknownField => "UnknownField",
            Self::UnknownClass => "UnknownClass",
        }
    }

    /// The reason of this code, whatever its case.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code().eq_ignore_ascii_case(code))
    }

    /// What is written about it.
    pub fn entry(self) -> Entry {
        match self {
            Self::NodeOutside => placement(
                "`spec.nodeName` puts the pod on a node that is not known to be inside. The scheduler is not asked, so no affinity helps.",
                "remove `nodeName` and let the scheduler choose, or name a node inside",
            ),
            Self::BindingOutside => placement(
                "a scheduler binds the pod to a node that is not known to be inside.",
                "confine the pod with a node affinity, or have the node's place declared by an administrator",
            ),
            Self::RunsOutside => placement(
                "an ephemeral container is added to a pod that runs on a node that is not known to be inside.",
                "debug a pod that runs inside",
            ),
            Self::PlacementContradicts => placement(
                "what the pod asks of its node can be met by no node inside.",
                "take out the requirement that names a place outside",
            ),
            Self::PlacementUnconfined => placement(
                "a node that is not inside could satisfy the pod. Terms of an affinity are ORed, values are ORed; `NotIn`, `Exists`, `Gt`, `Lt` and preferred terms do not confine.",
                "require a region inside in `nodeSelector`, or in every term of the required node affinity",
            ),
            Self::DaemonSetUnconfined => placement(
                "a DaemonSet runs on every node that matches, and a node that is not inside could match.",
                "require a region inside in the template's `nodeSelector`",
            ),
            Self::NoEligibleNode => placement(
                "the pod would be confined to nodes inside, and there is none.",
                "add a node inside, or correct the node labels; `kubectl get clusterlocation cluster -o yaml` tells why each node is not inside",
            ),
            Self::ClassNotOnTemplate => placement(
                "a class label on a workload does not reach its pods: they carry the labels of the pod template.",
                "put the label on the pod template too",
            ),
            Self::ClassOutsideGuarded => placement(
                "an object holds a class in a namespace that is not guarded.",
                "label the Namespace `bund.dev/guarded: \"true\"`, or take the class label off",
            ),
            Self::NamespaceNotGuarded => placement(
                "a Namespace holds a class and is not enrolled, so nothing in it would be checked.",
                "add the label `bund.dev/guarded: \"true\"` to the Namespace",
            ),
            Self::PoliciesConflict => placement(
                "the policies that keep the data leave no jurisdiction in common.",
                "change one of the policies, or separate the classes into different workloads",
            ),
            Self::DestinationOutside => Entry {
                aspect: Aspect::Egress,
                effect: Effect::Denies,
                control: "XFER-1",
                citation: TRANSFER,
                summary: "a field names a destination that is not known to be inside.",
                remedy: "name a destination inside",
            },
            Self::FactUnreadable => Entry {
                effect: Effect::Undecided,
                ..placement(
                    "an object of Bund's own kinds that may concern this one cannot be read. Unknown means outside.",
                    "correct the object; its condition `Ready` tells what is wrong",
                )
            },
            Self::FieldUnreadable => Entry {
                effect: Effect::Undecided,
                ..placement(
                    "a field has the wrong type, so what it asks for is not known.",
                    "correct the field",
                )
            },
            Self::TermImpossible => hint(
                "a term of the required node affinity admits only nodes outside. Another term remains, so the pod can run.",
                "take the term out",
            ),
            Self::UnknownField => hint(
                "the pod has a field that this version of Bund does not know and did not judge.",
                "take the field out if it is a mistake; otherwise update Bund",
            ),
            Self::UnknownClass => hint(
                "a class label names no DataClass. It is kept by every policy of the namespace.",
                "correct the label, or create the DataClass",
            ),
        }
    }
}

fn placement(summary: &'static str, remedy: &'static str) -> Entry {
    Entry {
        aspect: Aspect::Placement,
        effect: Effect::Denies,
        control: "LOC-1",
        citation: STAYS,
        summary,
        remedy,
    }
}

fn hint(summary: &'static str, remedy: &'static str) -> Entry {
    Entry { aspect: Aspect::Hints, effect: Effect::Hints, ..placement(summary, remedy) }
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
