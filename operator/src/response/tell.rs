//! What is told of evictions and taints: the condition of each policy, and events. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bund_crds::condition::RESPONDING;
use bund_crds::labels::OUTSIDE_TAINT;
use bund_crds::{Aspect, Mode, PolicyName};
use bund_engine::Timestamp;
use bund_engine::snapshot::OwnKind;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use kube::runtime::events::EventType;
use serde_json::{Value, json};

use super::ask::{Kept, evicts};
use super::plan::{Right, Said, State};
use super::taint::{Edit, tainting};
use crate::controller::condition::{Wanted, conditions};
use crate::event::Occurrence;
use crate::index::{SubjectKey, View};
use crate::own_status::OwnStatus;

/// What there is to say of taints.
#[derive(Clone, Debug, PartialEq)]
pub struct Taints {
    /// Whether we may taint nodes.
    pub right: Right,
    /// The nodes that could not be edited.
    pub failed: BTreeSet<Box<str>>,
}

/// The condition of every policy that asks for something, and of every one that bears one from when it did: that one loses
/// it.
pub fn statuses(
    view: &View,
    said: &BTreeMap<PolicyName, Said>,
    taints: &Taints,
    now: Timestamp,
) -> BTreeMap<PolicyName, OwnStatus> {
    let asks_for_taints: BTreeSet<_> = tainting(&view.snapshot).map(|policy| policy.name.clone()).collect();
    let mut statuses = BTreeMap::new();
    for policy in view.snapshot.world().policies() {
        let Some(own) = view.own(OwnKind::ResidencyPolicy, policy.name.as_str()) else { continue };
        let stored = own.status.get("conditions").and_then(Value::as_array).into_iter().flatten();
        let stored =
            stored.into_iter().find(|condition| condition.get("type").is_some_and(|kind| kind == RESPONDING));
        let idle: Vec<Aspect> = [Aspect::Placement, Aspect::Storage]
            .into_iter()
            .filter(|aspect| evicts(policy, *aspect) && policy.mode(*aspect, "") != Mode::Deny)
            .collect();
        let said = said.get(&policy.name);
        let taints = asks_for_taints.contains(&policy.name).then_some(taints);
        let wanted: Vec<Wanted> = condition(said, taints, &idle).into_iter().collect();
        let wanted = conditions(&wanted, own.generation, &own.status, now);
        if stored == wanted.get(0) {
            continue;
        }
        let status = json!({ "conditions": wanted });
        let status = OwnStatus::cluster_scoped(OwnKind::ResidencyPolicy, policy.name.as_str(), status);
        statuses.insert(policy.name.clone(), status);
    }
    statuses
}

/// The condition of a policy; `None` where it asks for nothing.
fn condition(said: Option<&Said>, taints: Option<&Taints>, idle: &[Aspect]) -> Option<Wanted> {
    if said.is_none() && taints.is_none() {
        return None;
    }
    let mut stuck = Vec::new();
    if taints.is_some_and(|taints| taints.right == Right::Missing) {
        stuck.push(("RightMissing", TAINT_RIGHT.to_owned()));
    }
    let states = || said.into_iter().flatten();
    for (state, (count, named)) in states() {
        if let Some((reason, why)) = obstacle(*state) {
            stuck.push((reason, format!("{}: {why}", pods(*count, named))));
        }
    }
    if let Some(Taints { failed, .. }) = taints.filter(|taints| !taints.failed.is_empty()) {
        let names: Vec<&str> = failed.iter().take(3).map(AsRef::as_ref).collect();
        stuck.push((
            "Failed",
            format!("nodes that could not be edited: {}; it is tried again", names.join(", ")),
        ));
    }
    if let [first, ..] = idle {
        let why = format!(
            "running.response.{first} is Evict, and {first} is Deny nowhere: nothing is evicted for it"
        );
        stuck.push(("NotDenied", why));
    }
    let moving: Vec<String> = states()
        .filter_map(|(state, (count, named))| Some(format!("{}: {}", pods(*count, named), waiting(*state)?)))
        .collect();
    let text = |parts: Vec<String>| parts.join("; ");
    Some(match stuck.first() {
        Some((reason, _)) => {
            let parts = stuck.iter().map(|(_, text)| text.clone()).chain(moving).collect();
            Wanted::fails(RESPONDING, reason, text(parts))
        }
        None if moving.is_empty() => Wanted::holds(RESPONDING, "NothingToEvict", "no pod is to be evicted"),
        None => Wanted::holds(RESPONDING, "Evicting", text(moving)),
    })
}

const TAINT_RIGHT: &str =
    "nodes cannot be tainted: set `response.taint: true` in the chart, or bind `patch` on `nodes`";

/// Why pods cannot be evicted now, as a reason for machines and in words.
fn obstacle(state: State) -> Option<(&'static str, &'static str)> {
    Some(match state {
        State::Forbidden => (
            "RightMissing",
            "the right is missing; set `response.evict: true` in the chart, or bind `create` on `pods/eviction`",
        ),
        State::Failed => ("Failed", "the API server did not take it; it is tried again, the log says why"),
        State::Budget => ("DisruptionBudget", "a PodDisruptionBudget does not allow it now"),
        State::Share => {
            ("TooManyUnavailable", "too much of the owner is unavailable, or its replacements are refused")
        }
        State::Kept(Kept::Mirror) => {
            ("CannotEvict", "made of a file on the node by its kubelet; take the file away there")
        }
        State::Kept(Kept::Exempt) => ("CannotEvict", "in an exempt namespace"),
        State::Kept(Kept::Unguarded) => {
            ("CannotEvict", "in a namespace that is not guarded, where the same pod would be made again")
        }
        State::Kept(Kept::Unlocated) => (
            "FactsMissing",
            "the ClusterLocation or a Jurisdiction of the policy is missing or cannot be read, so nothing is evicted for where it is",
        ),
        State::Kept(Kept::Glass) => ("BreakGlass", "glass is broken in the namespace"),
        State::Grace | State::Rate | State::Trying => return None,
    })
}

/// What pods wait for that will be evicted.
fn waiting(state: State) -> Option<&'static str> {
    match state {
        State::Grace => Some("evicted when the grace is over"),
        State::Rate => Some("evicted at the rate of maxPerMinute"),
        State::Trying => Some("evicted now"),
        State::Forbidden | State::Failed | State::Budget | State::Share | State::Kept(_) => None,
    }
}

fn pods(count: u32, first: &[Arc<SubjectKey>]) -> String {
    let names: Vec<String> = first.iter().map(|pod| format!("{}/{}", pod.namespace, pod.name)).collect();
    let more = if usize::try_from(count).is_ok_and(|count| count > names.len()) { ", …" } else { "" };
    let pods = if count == 1 { "pod" } else { "pods" };
    format!("{count} {pods} ({}{more})", names.join(", "))
}

/// An event about a pod that was evicted. Equal for every leader, so that it is told once.
pub fn evicted(
    pod: &SubjectKey,
    uid: &str,
    policies: &[PolicyName],
    identity: &str,
    now: Timestamp,
) -> Event {
    let names: Vec<&str> = policies.iter().map(PolicyName::as_str).collect();
    let note = format!(
        "it broke a rule of {} and was evicted; `kubectl bund why KIND/NAME` explains what is found of its owner",
        names.join(", ")
    );
    let about = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        namespace: Some(pod.namespace.to_string()),
        name: Some(pod.name.to_string()),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    };
    let (name, severity) = (format!("bund-evicted.{uid}"), EventType::Warning);
    Occurrence { name, about, severity, reason: "Evicted", action: "Evict", note }.event(identity, now)
}

/// An event about a Node, as it is stored, that was tainted or is not any more.
pub fn edited(stored: &Value, edit: &Edit, identity: &str, now: Timestamp) -> Event {
    let text = |pointer: &str| stored.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (uid, version) = (text("/metadata/uid"), text("/metadata/resourceVersion"));
    let (severity, reason, note) = match edit {
        Edit::Add { policies, place } => {
            let names: Vec<&str> = policies.iter().map(PolicyName::as_str).collect();
            let note = format!(
                "it is {place}, which {} does not allow: tainted {OUTSIDE_TAINT}:NoSchedule",
                names.join(", ")
            );
            (EventType::Warning, "TaintedOutside", note)
        }
        Edit::Remove => {
            let note = format!("nothing asks for the taint {OUTSIDE_TAINT} any more");
            (EventType::Normal, "TaintRemoved", note)
        }
    };
    let about = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Node".to_owned()),
        name: Some(text("/metadata/name")),
        uid: Some(uid.clone()),
        ..ObjectReference::default()
    };
    let name = format!("bund-taint.{uid}.{version}");
    Occurrence { name, about, severity, reason, action: "Taint", note }.event(identity, now)
}

#[cfg(test)]
mod tests;
