//! What a decision rests on, for whoever asks why: read off the same functions that decide.

use alloc::vec::Vec;

use super::judge::{self, asked_reach};
use crate::{
    Classification, Snapshot, Subject,
    rule::{Case, Change, Confinement, Injects},
    select::{Requirement, requirements},
    subject::{PodShape, Role},
};

/// The namespace whose policies and modes count for a subject; empty for what is kept for none. A Namespace counts as
/// being in itself.
pub fn judged_in<'s>(subject: &'s Subject, snapshot: &Snapshot) -> &'s str {
    match subject.role {
        Role::Namespace => &subject.id.name,
        Role::Pod
        | Role::Workload(_)
        | Role::Binding { .. }
        | Role::Carrier(_)
        | Role::Grant(_)
        | Role::Network(_)
        | Role::Other => judge::judged_in(subject, snapshot),
    }
}

/// What policies ask for the `classes` that a subject holds.
pub fn requirements_on<'s>(
    subject: &'s Subject,
    classes: &Classification,
    snapshot: &'s Snapshot,
) -> Vec<Requirement<'s>> {
    requirements(classes, snapshot, judged_in(subject, snapshot))
}

/// What keeps the pods of `shape` inside, if they came to be now.
pub fn confinement(
    subject: &Subject,
    shape: &PodShape,
    requirement: &Requirement<'_>,
    snapshot: &Snapshot,
) -> Confinement {
    let reach = asked_reach(shape, requirement, snapshot);
    let case = Case {
        snapshot,
        subject,
        shape,
        change: Change::Standing,
        injection: Injects::in_namespace(judged_in(subject, snapshot), snapshot),
        requirement,
        provenance: &[],
        reach: reach.as_ref(),
    };
    case.confinement()
}
