//! What a policy would refuse of what exists now, if all its aspects were `Deny`. (pure)

use bund_crds::residency_policy::{WouldDeny, WouldDenyOwner};
use bund_crds::{Aspect, GROUP, Mode, VERSION};
use bund_engine::snapshot::{Enrolment, OwnKind, Policy};
use bund_engine::{Finding, ObjectId, Snapshot, Timestamp, decide_standing};
use serde_json::{Map, Value, json};

use crate::index::View;

/// Owners that are listed by name.
const LISTED: usize = 20;
/// The longest field path that is told.
const FIELD_LIMIT: usize = 512;

/// Judges every workload and every pod that no controller made, in guarded namespaces, as if it came to be now
/// under this policy alone, with every aspect `Deny`.
pub fn would_deny(policy: &Policy, view: &View, now: Timestamp) -> WouldDeny {
    let strict = strict(policy, &view.snapshot);
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

/// The snapshot with this policy alone, and with every aspect of it `Deny` everywhere.
fn strict(policy: &Policy, snapshot: &Snapshot) -> Snapshot {
    let mut strict = snapshot.clone();
    let readable = snapshot.world().policies().map(|other| other.name.as_str());
    let unreadable = snapshot.world().unreadable().filter(|fact| fact.kind == OwnKind::ResidencyPolicy);
    let names: Vec<Box<str>> =
        readable.map(Box::from).chain(unreadable.map(|fact| fact.name.clone())).collect();
    for name in names {
        strict.forget(&ObjectId {
            group: GROUP.into(),
            kind: OwnKind::ResidencyPolicy.as_str().into(),
            namespace: None,
            name,
        });
    }
    let enforcement: Map<String, Value> =
        Aspect::ALL.iter().map(|aspect| (aspect.as_str().to_owned(), "Deny".into())).collect();
    // A spec that was read from JSON is JSON again.
    let mut spec = serde_json::to_value(&policy.spec).unwrap_or_default();
    if let Value::Object(members) = &mut spec {
        members.remove("overrides");
        members.insert("enforcement".to_owned(), enforcement.into());
    }
    strict.observe(&json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": OwnKind::ResidencyPolicy.as_str(),
        "metadata": { "name": policy.name },
        "spec": spec,
    }));
    strict
}
