//! A class label that no `DataClass` declares.

use alloc::{format, vec::Vec};

use crate::{Finding, Provenance, Reason, Snapshot, select::Requirement};

pub(crate) fn judge(
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let class = &requirement.class;
    if snapshot.world().class(class.as_str()).is_some() {
        return;
    }
    let field = provenance.first().map(Provenance::field).unwrap_or_default();
    let what = format!("holds {class}, which no DataClass declares");
    findings.push(Finding::of(Reason::UnknownClass, requirement, provenance).at(field, class.as_str(), what));
}
