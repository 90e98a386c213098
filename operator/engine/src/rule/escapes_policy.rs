//! A pod asks for what escapes every generated network policy.

use alloc::{format, vec::Vec};

use bund_crds::{Escape, egress::EscapeException};

use super::Case;
use crate::{Finding, Reason, cover, snapshot::Policy};

/// The finding is of the policies that do not list the exception.
pub(super) fn judge(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    for (field, escape) in &case.shape.network.escapes {
        let Some(requirement) = case.requirement.of(|policy| !excepts(policy, case, namespace, *escape))
        else {
            continue;
        };
        let (kind, name) = cover::owner_of(case.subject, case.snapshot);
        let remedy = format!(
            "take the field out, or have {kind} {namespace}/{name} listed with {escape} in `spec.egress.exceptions` of the policy"
        );
        findings.push(
            Finding::of(Reason::EscapesPolicy, &requirement, case.provenance)
                .at(field.clone(), format!("{escape}"), what(*escape))
                .remedied(remedy),
        );
    }
}

/// Whether a policy lets the workload that stands for the pod ask for it.
fn excepts(policy: &Policy, case: &Case<'_>, namespace: &str, escape: Escape) -> bool {
    let exceptions = policy.spec.egress.iter().flat_map(|egress| &egress.exceptions);
    let is_meant = |exception: &EscapeException| {
        exception.namespace.as_str() == namespace
            && exception.escapes.contains(&escape)
            && cover::is_or_was_made_by(case.subject, &exception.kind, &exception.name, case.snapshot)
    };
    exceptions.into_iter().any(is_meant)
}

fn what(escape: Escape) -> &'static str {
    match escape {
        Escape::HostNetwork => "asks for the network of its node, where no network policy holds",
        Escape::HostPort => "has its node take connections for it, which network policies may not see",
        Escape::Privileged => {
            "asks for the rights of its node, with which it can get around every network policy"
        }
        Escape::NetAdmin => "asks for the right to change the routes and filters of its network",
        Escape::OtherNetworks => {
            "asks for a network beside that of the cluster, where no network policy of it holds"
        }
        Escape::NetRaw => "asks for the right to send packets that filters of connections do not understand",
    }
}
