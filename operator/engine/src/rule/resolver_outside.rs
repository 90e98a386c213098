//! A pod asks a name server that is not inside, or one that nobody knows.

use alloc::{format, vec::Vec};

use super::{Case, named_host, where_to_stay};
use crate::{Finding, Reason, subject::Purpose};

pub(super) fn judge(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    let told = (Purpose::Resolver, Reason::ResolverOutside);
    named_host::judge(case, namespace, told, "asks for names at", findings);
    if let Some(field) = &case.shape.network.node_resolver {
        let what = format!(
            "asks the name servers of its node, which are not known to be in {}",
            where_to_stay(case.requirement)
        );
        findings.push(
            Finding::of(Reason::ResolverOutside, case.requirement, case.provenance)
                .at(field.clone(), "node", what)
                .remedied("write `dnsPolicy: ClusterFirst`, with `hostNetwork` `ClusterFirstWithHostNet`"),
        );
    }
}
