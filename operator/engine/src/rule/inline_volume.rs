//! Data is written where no object could hold its class.

use alloc::{format, vec::Vec};

use super::Case;
use crate::{
    Finding, Reason,
    storage::{Lasting, Stored, source_place},
    subject::{Access, VolumeKind},
};

/// Judges the storage that a pod names itself and may write to. What is not inside is told by another rule.
pub(crate) fn judge(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let inside = &case.requirement.jurisdictions;
    for volume in case.shape.volumes.iter().filter(|volume| volume.access == Access::Write) {
        let VolumeKind::Inline(source) = &volume.kind else { continue };
        if source.lasting == Lasting::WithPod || source_place(source, inside, case.snapshot) != Stored::Inside
        {
            continue;
        }
        let lasts = match source.lasting {
            Lasting::OnNode => "a directory of its node",
            Lasting::InStorage | Lasting::WithPod => "storage",
        };
        let class = &case.requirement.class;
        let what =
            format!("would write {class} to {lasts} that no object stands for, so the class would be lost");
        let offending = volume.at.as_str();
        findings.push(Finding::of(Reason::InlineVolume, case.requirement, case.provenance).at(
            volume.at.clone(),
            offending,
            what,
        ));
    }
}
