//! An object of the network leads to a place that is not inside.

use alloc::{format, string::String, vec::Vec};

use bund_crds::Mode;
use ipnet::IpNet;

use super::astray;
use crate::{
    Finding, Provenance, Reason, Snapshot, Subject,
    address::Host,
    decide::every_node_inside,
    forward::{Forward, Towards},
    locate::is_unheard_of,
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
        let mut finding = Finding::of(reason(kind), requirement, provenance)
            .at(forward.field.clone(), forward.text.as_ref(), what)
            .towards(forward.destination());
        if is_taken_for_own(forward, requirement, snapshot) {
            finding.mode = finding.mode.min(Mode::Warn);
        }
        findings.push(finding);
    }
}

/// Whether a load balancer was given an address of which nobody says anything, in a cluster that is inside as a whole. The
/// cluster's own controller made it where the cluster is, unless the Service says otherwise, which is judged by itself;
/// and only administrators and controllers may write the status. So it is told and not refused: clouds give public
/// addresses out of networks that nobody can declare.
fn is_taken_for_own(forward: &Forward, requirement: &Requirement<'_>, snapshot: &Snapshot) -> bool {
    let Towards::Given = forward.to else { return false };
    let Ok(Host::Address(address)) = Host::of(&forward.text) else { return false };
    every_node_inside(&requirement.jurisdictions, snapshot.world())
        && requirement
            .jurisdictions
            .iter()
            .all(|jurisdiction| is_unheard_of(IpNet::from(address), jurisdiction, snapshot.world()))
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
        Towards::Host | Towards::Given | Towards::Url | Towards::Region(_) => {
            format!("names `{}`", forward.text)
        }
        Towards::Service { namespace: Some(namespace), name } => {
            format!("leads to Service {namespace}/{name}")
        }
        Towards::Service { namespace: None, name } => format!("leads to Service {name}"),
        Towards::Object { kind, .. } => format!("leads to {kind} {}", forward.text),
        Towards::Untold(_) | Towards::Plain | Towards::OldTls => format!("says `{}`", forward.text),
    }
}
