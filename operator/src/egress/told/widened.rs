//! Which NetworkPolicies of others open more than the plan. (pure)
//!
//! NetworkPolicies only add. One that would open more is refused where it is written; those that existed before are told.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::PolicyName;
use bund_engine::audit::audit;
use bund_engine::{Reason, Snapshot, Timestamp};

use crate::egress::kind::Key;
use crate::egress::wanted::Wanted;

/// Those of closed namespaces, by the policy that they break, in order. Ours open what the plan opens, but for those that
/// are `missing` because they are stored otherwise.
pub(super) fn widened(
    snapshot: &Snapshot,
    wanted: &Wanted,
    missing: &BTreeMap<&Key, Option<&str>>,
    now: Timestamp,
) -> BTreeMap<PolicyName, Vec<String>> {
    let mut widened: BTreeMap<PolicyName, Vec<String>> = BTreeMap::new();
    for namespace in &wanted.closed {
        for policy in snapshot.network_policies_in(namespace) {
            let key = Key::network(namespace, &policy.id.name);
            if wanted.policies.contains_key(&key) && !missing.contains_key(&key) {
                continue;
            }
            let findings = audit(policy, snapshot, now).findings;
            let findings = findings.iter().filter(|finding| finding.reason == Reason::EgressWidened);
            let broken: BTreeSet<_> = findings.flat_map(|finding| &finding.policies).collect();
            for name in broken {
                widened.entry(name.clone()).or_default().push(key.to_string());
            }
        }
    }
    widened
}
