//! What the rules on hosts that a pod names have in common.

use alloc::{format, string::String, vec::Vec};

use super::{Case, astray};
use crate::{
    Finding, Reason,
    cover::{FlowDestination, FlowPlace},
    locate::Caller,
    select::Requirement,
    snapshot::Enrolment,
    subject::{NamedHost, Purpose, ServiceNames},
};

/// Tells of every host that is named for this purpose and is not inside: `does` is what the pod does with it.
pub(super) fn judge(
    case: &Case<'_>,
    namespace: &str,
    (purpose, reason): (Purpose, Reason),
    does: &str,
    findings: &mut Vec<Finding>,
) {
    let caller = caller(case, namespace);
    for named in case.shape.network.hosts.iter().filter(|named| named.purpose == purpose) {
        let Some(what) = host_astray(caller, named, case.requirement, does) else { continue };
        findings.push(
            Finding::of(reason, case.requirement, case.provenance)
                .at(named.field.clone(), named.text.as_ref(), what)
                .towards(destination(named)),
        );
    }
}

/// The pods of a shape, as those who call what it names.
pub(super) fn caller<'c>(case: &Case<'c>, namespace: &'c str) -> Caller<'c> {
    let network = &case.shape.network;
    // Where names are completed in a namespace that anybody may write to, a Service of that may answer.
    let is_open = |other: &str| {
        let enrolment = case.snapshot.enrolment(other);
        other != namespace && !matches!(enrolment, Enrolment::Guarded | Enrolment::Assumed)
    };
    let strays = network.completed_in.iter().any(|other| is_open(other));
    let service_names = if strays { ServiceNames::Unsure } else { network.service_names };
    Caller { namespace, service_names, snapshot: case.snapshot }
}

/// What is wrong, where the host is not inside.
pub(super) fn host_astray(
    caller: Caller<'_>,
    named: &NamedHost,
    requirement: &Requirement<'_>,
    does: &str,
) -> Option<String> {
    astray(&format!("{does} `{}`", named.text), caller.locate(named, requirement), requirement)
}

/// Where it is, as transfers name it.
pub(super) fn destination(named: &NamedHost) -> FlowDestination {
    match &named.host {
        Ok(host) => FlowPlace::Host(host.clone()).into(),
        Err(_) => FlowDestination::Untold,
    }
}
