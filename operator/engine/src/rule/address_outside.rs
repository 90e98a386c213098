//! An address found in settings is not known to be inside: a hint, because nobody knows whether anything is sent there.

use alloc::vec::Vec;

use super::{Case, named_host};
use crate::{
    Finding, Provenance, Reason, Snapshot, Subject,
    locate::Caller,
    select::Requirement,
    subject::{NamedHost, Purpose, ServiceNames},
};

/// Tells of the addresses in the environment and the arguments of a pod, and of the domains in which it completes names.
pub(super) fn judge_shape(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    let caller = named_host::caller(case, namespace);
    tell(&case.shape.network.hosts, caller, case.requirement, case.provenance, findings);
}

/// Tells of the addresses in a ConfigMap.
pub(crate) fn judge_object(
    subject: &Subject,
    namespace: &str,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let caller = Caller { namespace, service_names: ServiceNames::Resolve, snapshot };
    tell(&subject.mentions, caller, requirement, provenance, findings);
}

fn tell(
    hosts: &[NamedHost],
    caller: Caller<'_>,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    findings: &mut Vec<Finding>,
) {
    for named in hosts {
        let does = match named.purpose {
            Purpose::Mention if caller.is_near(named) => continue,
            Purpose::Mention => "mentions",
            Purpose::SearchDomain => "completes names in",
            Purpose::Probe | Purpose::Resolver | Purpose::HostAlias | Purpose::Proxy => continue,
        };
        if let Some(what) = named_host::host_astray(caller, named, requirement, does) {
            findings.push(
                Finding::of(Reason::AddressOutside, requirement, provenance)
                    .at(named.field.clone(), named.text.as_ref(), what)
                    .towards(named_host::destination(named)),
            );
        }
    }
}
