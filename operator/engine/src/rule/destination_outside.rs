//! A mapped field names a destination that is not inside.

use alloc::{format, vec::Vec};

use super::astray;
use crate::{
    Finding, Provenance, Reason, Snapshot, Subject, cover::FlowPlace, destination, select::Requirement,
};

pub(crate) fn judge(
    subject: &Subject,
    namespace: &str,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    for named in &subject.destinations {
        let location = destination::locate_in_any(named, namespace, &requirement.jurisdictions, snapshot);
        let told = astray(&format!("names `{}`", named.text), location, requirement);
        let Some(what) = told else { continue };
        let place = FlowPlace::Mapped(named.kind, named.text.clone(), named.provider.clone());
        findings.push(
            Finding::of(Reason::DestinationOutside, requirement, provenance)
                .at(named.field.clone(), named.text.as_ref(), what)
                .towards(place),
        );
    }
}
