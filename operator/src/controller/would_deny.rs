//! What a policy would refuse of what exists now, if all its aspects were `Deny`. (pure)

use bund_crds::Mode;
use bund_crds::residency_policy::{WouldDeny, WouldDenyOwner};
use bund_engine::snapshot::{Enrolment, Policy};
use bund_engine::{Finding, Timestamp, decide_standing};

use crate::index::View;

/// Owners that are listed by name.
const LISTED: usize = 20;
/// The longest field path that is told.
const FIELD_LIMIT: usize = 512;

/// Judges every workload and every pod that no controller made, in guarded namespaces, as if it came to be now
/// under this policy alone, with every aspect `Deny`.
pub fn would_deny(policy: &Policy, view: &View, now: Timestamp) -> WouldDeny {
    let strict = view.snapshot.under_deny(policy);
    let mut told = WouldDeny::default();
    for (key, subject) in view.owners() {
        if strict.enrolment(&key.namespace) != Enrolment::Guarded {
            continue;
        }
        let decision = decide_standing(subject, &strict, now);
        let Some(first) = decision.findings.iter().find(|finding| finding.consequence() == Mode::Deny) else {
            continue;
        };
        told.count = told.count.saturating_add(1);
        if told.first.len() < LISTED {
            told.first.push(WouldDenyOwner {
                namespace: key.namespace.to_string(),
                kind: key.kind.to_owned(),
                name: key.name.to_string(),
                reason: first.reason.code().to_owned(),
                field: field(first),
            });
        }
    }
    told
}

fn field(finding: &Finding) -> String {
    finding.field.as_str().chars().take(FIELD_LIMIT).collect()
}
