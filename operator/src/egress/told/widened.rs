//! Which policies of others open more than the plan. (pure)
//!
//! NetworkPolicies only add, and policies of the whole cluster come before them. One that would open more is refused where it is
//! written; those that existed before are told. One of ours of the whole cluster opens nothing, so that it needs no exception:
//! once somebody has changed it, it is told like any other.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::PolicyName;
use bund_engine::network_policy::{called, is_of_kubernetes, policies_over, widens};
use bund_engine::{Finding, Snapshot, Subject, Timestamp};

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
    let is_stored = |key: &Key| wanted.policies.contains_key(key) && !missing.contains_key(key);
    for namespace in &wanted.closed {
        let is_ours = |policy: &Subject| {
            is_of_kubernetes(policy) && is_stored(&Key::network(namespace, &policy.id.name))
        };
        for policy in policies_over(namespace, snapshot).filter(|policy| !is_ours(policy)) {
            let findings = widens(policy, namespace, snapshot, now);
            if findings.is_empty() {
                continue;
            }
            let called = called(policy);
            let told = match policy.id.namespace {
                Some(_) => called,
                None => format!("{called} in namespace {namespace}"),
            };
            tell(&mut widened, &findings, &told);
        }
    }
    widened
}

/// Tells by what name something is called that breaks policies.
fn tell(widened: &mut BTreeMap<PolicyName, Vec<String>>, findings: &[Finding], called: &str) {
    let broken: BTreeSet<_> = findings.iter().flat_map(|finding| &finding.policies).collect();
    for name in broken {
        widened.entry(name.clone()).or_default().push(called.to_owned());
    }
}
