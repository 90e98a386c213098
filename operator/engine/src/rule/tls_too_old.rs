//! A class asks for TLS 1.3 in transit, and a host takes connections without it.

use alloc::{format, vec::Vec};

use bund_crds::data_class::InTransit;

use super::safeguards;
use crate::{Finding, Provenance, Reason, Snapshot, Subject, forward::Towards, select::Requirement};

pub(crate) fn judge(
    subject: &Subject,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    if safeguards(requirement, snapshot).in_transit != Some(InTransit::Tls13) {
        return;
    }
    for forward in subject.forwards.iter() {
        let says = match forward.to {
            Towards::Plain => format!("takes connections to {} without TLS", forward.text),
            Towards::OldTls => format!("says `{}`, which lets TLS be older than 1.3", forward.text),
            Towards::Host
            | Towards::Given
            | Towards::Url
            | Towards::Region(_)
            | Towards::Service { .. }
            | Towards::Object { .. }
            | Towards::Untold(_) => continue,
        };
        let what = format!("{says}; {} asks for TLS 1.3 in transit", requirement.class);
        let finding = Finding::of(Reason::TlsTooOld, requirement, provenance);
        findings.push(finding.at(forward.field.clone(), forward.text.as_ref(), what));
    }
}
