//! An object of our own kinds that may concern the subject cannot be read.

use alloc::{format, vec::Vec};

use bund_crds::{Aspect, Mode};

use crate::{
    FieldPath, Finding, Reason, Snapshot,
    select::Requirement,
    snapshot::{OwnKind, Unreadable},
};

/// Judges a subject that holds classes, of which `requirements` are kept by policies that can be read.
pub(crate) fn judge(requirements: &[Requirement<'_>], snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    judge_where(|fact| concerns(fact, requirements), snapshot, findings);
}

/// Judges a connection into something that holds classes: where places are does not matter for it.
pub(crate) fn judge_connection(
    requirements: &[Requirement<'_>],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let kept = requirements.iter().map(|requirement| requirement.mode(Aspect::Connect)).max();
    let concerns = |fact: &Unreadable| match fact.kind {
        OwnKind::ResidencyPolicy => Some(fact.mode),
        OwnKind::DataClass => kept,
        OwnKind::ClusterLocation
        | OwnKind::Jurisdiction
        | OwnKind::BreakGlass
        | OwnKind::DestinationMapping => None,
    };
    judge_where(concerns, snapshot, findings);
}

fn judge_where(
    concerns: impl Fn(&Unreadable) -> Option<Mode>,
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    for fact in snapshot.world().unreadable() {
        let Some(mode) = concerns(fact) else { continue };
        let what = format!(
            "may be concerned by {} {}, which cannot be read: {}",
            fact.kind.as_str(),
            fact.name,
            fact.why
        );
        let offending = format!("{}/{}", fact.kind.as_str(), fact.name);
        findings.push(Finding::without_policy(Reason::FactUnreadable, mode).at(
            FieldPath::root(),
            offending,
            what,
        ));
    }
}

/// The mode with which an unreadable fact concerns a classified subject, if it may.
fn concerns(fact: &Unreadable, requirements: &[Requirement<'_>]) -> Option<Mode> {
    let kept = requirements.iter().map(|requirement| requirement.mode(Aspect::Placement)).max();
    match fact.kind {
        // It may keep any class, anywhere, with the modes that it names.
        OwnKind::ResidencyPolicy => Some(fact.mode),
        // Its selectors may put one more class on the subject; the location decides about every node.
        OwnKind::DataClass | OwnKind::ClusterLocation => kept,
        OwnKind::Jurisdiction => {
            let named =
                |r: &&Requirement<'_>| r.jurisdictions.iter().any(|name| name.as_str() == fact.name.as_ref());
            requirements.iter().filter(named).map(|requirement| requirement.mode(Aspect::Placement)).max()
        }
        // A mapping concerns objects of the kind that it maps, and which that is cannot be read.
        // One that cannot be read lets nothing through.
        OwnKind::BreakGlass | OwnKind::DestinationMapping => None,
    }
}
