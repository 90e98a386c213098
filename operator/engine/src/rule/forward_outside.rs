//! An object of the network leads to a place that is not inside.

use alloc::{format, string::String, vec::Vec};

use super::astray;
use crate::{
    Finding, Provenance, Reason, Snapshot, Subject,
    forward::{Forward, Towards},
    select::Requirement,
    subject::{NetworkKind, Role},
};

pub(crate) fn judge(
    subject: &Subject,
    namespace: &str,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let Role::Network(kind) = subject.role else { return };
    for forward in subject.forwards.iter() {
        let located = forward.locate(namespace, &requirement.jurisdictions, snapshot);
        let told = located.and_then(|location| astray(&named(forward), location, requirement));
        let Some(what) = told else { continue };
        findings.push(
            Finding::of(reason(kind), requirement, provenance)
                .at(forward.field.clone(), forward.text.as_ref(), what)
                .towards(forward.destination()),
        );
    }
}

fn reason(kind: NetworkKind) -> Reason {
    match kind {
        NetworkKind::Service => Reason::ServiceOutside,
        NetworkKind::Endpoints => Reason::EndpointOutside,
        NetworkKind::Route | NetworkKind::Policy | NetworkKind::ClusterPolicy | NetworkKind::Mapped => {
            Reason::RouteOutside
        }
    }
}

/// What is named, for a message.
fn named(forward: &Forward) -> String {
    match &forward.to {
        Towards::Host | Towards::Url | Towards::Region(_) => format!("names `{}`", forward.text),
        Towards::Service { namespace: Some(namespace), name } => {
            format!("leads to Service {namespace}/{name}")
        }
        Towards::Service { namespace: None, name } => format!("leads to Service {name}"),
        Towards::Object { kind, .. } => format!("leads to {kind} {}", forward.text),
        Towards::Untold(_) | Towards::Plain | Towards::OldTls => format!("says `{}`", forward.text),
    }
}
