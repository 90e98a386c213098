//! What policies of others open besides. Policies only add, or come before: closing a namespace does not close it.

use std::collections::BTreeSet;

use bund_engine::{
    Snapshot, Subject, Timestamp,
    egress::NamespacePlan,
    network_policy::{called, is_of_kubernetes, policies_over, widens},
};
use serde::Serialize;

/// Something that a policy of others opens, and nothing of the plan does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Widened {
    /// The policy.
    pub policy: String,
    /// The field that opens it.
    pub field: String,
    /// What it opens, and why that is beyond the plan.
    pub what: String,
}

/// What is opened besides in the plan's namespace, in order of policy.
pub(super) fn widened(plan: &NamespacePlan, snapshot: &Snapshot, now: Timestamp) -> Vec<Widened> {
    let namespace = plan.namespace.as_ref();
    // What is stored under a name of the plan is written over once it is applied.
    let is_planned = |policy: &&Subject| {
        is_of_kubernetes(policy) && plan.policies.iter().any(|planned| *planned.name == *policy.id.name)
    };
    let mut all = BTreeSet::new();
    for policy in policies_over(namespace, snapshot).filter(|policy| !is_planned(policy)) {
        for finding in widens(policy, namespace, snapshot, now) {
            let (field, what) = (finding.field.to_string(), finding.what);
            all.insert(Widened { policy: called(policy), field, what });
        }
    }
    all.into_iter().collect()
}
