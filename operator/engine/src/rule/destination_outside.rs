//! A mapped field names a destination that is not inside.

use alloc::{format, vec::Vec};

use super::where_to_stay;
use crate::{
    Finding, Location, Provenance, Reason, Snapshot, Subject, cover::FlowPlace, destination,
    select::Requirement,
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
        if location.is_inside() {
            continue;
        }
        let mut what =
            format!("names `{}`, which is not known to be in {}", named.text, where_to_stay(requirement));
        if let Location::Unknown(why) = location {
            what = format!("{what}: {why}");
        }
        let place = FlowPlace::Mapped(named.kind, named.text.clone(), named.provider.clone());
        findings.push(
            Finding::of(Reason::DestinationOutside, requirement, provenance)
                .at(named.field.clone(), named.text.as_ref(), what)
                .towards(place),
        );
    }
}
