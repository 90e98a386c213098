//! Which policies of others open more than the plan. (pure)
//!
//! NetworkPolicies only add, and policies of the whole cluster come before them. One that would open more is refused where it is
//! written; those that existed before are told. One of ours of the whole cluster opens nothing, so that it needs no exception:
//! once somebody has changed it, it is told like any other.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::PolicyName;
use bund_engine::audit::audit;
use bund_engine::network_policy::widened_from_above;
use bund_engine::{Finding, Reason, Snapshot, Subject, Timestamp};

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
            tell(&mut widened, &of_egress(policy, snapshot, now), &key.to_string());
        }
        for policy in snapshot.other_policies_in(namespace) {
            let told = format!("{} {namespace}/{} of {}", policy.id.kind, policy.id.name, policy.id.group);
            tell(&mut widened, &of_egress(policy, snapshot, now), &told);
        }
        for (policy, findings) in widened_from_above(namespace, snapshot, now) {
            let told = format!("{} {} in namespace {namespace}", policy.id.kind, policy.id.name);
            tell(&mut widened, &findings, &told);
        }
    }
    widened
}

/// What is wrong with a policy of a namespace as it stands.
fn of_egress(policy: &Subject, snapshot: &Snapshot, now: Timestamp) -> Vec<Finding> {
    let mut findings = audit(policy, snapshot, now).findings;
    findings.retain(|finding| finding.reason == Reason::EgressWidened);
    findings
}

/// Tells by what name something is called that breaks policies.
fn tell(widened: &mut BTreeMap<PolicyName, Vec<String>>, findings: &[Finding], called: &str) {
    let broken: BTreeSet<_> = findings.iter().flat_map(|finding| &finding.policies).collect();
    for name in broken {
        widened.entry(name.clone()).or_default().push(called.to_owned());
    }
}
