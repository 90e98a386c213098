//! Somebody connects into what holds a class. What passes there leaves by the API server, which no network policy sees.

use alloc::{format, vec::Vec};

use super::{Case, Change};
use crate::{FieldPath, Finding, Provenance, Reason, select::Requirement};

/// Judges a connection `by` a way through the API server, such as `exec`.
pub(crate) fn judge(
    by: &str,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    findings: &mut Vec<Finding>,
) {
    let what = format!("would be reached through the API server, by {by}");
    let finding = Finding::of(Reason::ConnectionUnapproved, requirement, provenance);
    findings.push(finding.at(FieldPath::root(), by, what));
}

/// A container that is added to a pod while it runs is another way in.
pub(crate) fn judge_shape(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.change != Change::AddedContainer {
        return;
    }
    let finding = Finding::of(Reason::ConnectionUnapproved, case.requirement, case.provenance);
    let field = case.shape.spec_at.key("ephemeralContainers");
    let what = "would be reached by a container that is added while it runs";
    findings.push(finding.at(field, "ephemeralcontainers", what));
}
