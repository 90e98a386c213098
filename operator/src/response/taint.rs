//! Which nodes are to be tainted, and which are not to be any more. (pure)

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::labels::OUTSIDE_TAINT;
use bund_crds::{Aspect, Mode, NodeResponse, PolicyName, Span};
use bund_engine::finding::Standing;
use bund_engine::locate::locate;
use bund_engine::snapshot::{NodeFacts, Policy};
use bund_engine::{Location, Reason, Snapshot};
use serde_json::{Value, json};

use super::ask::is_located;
use crate::audit::Audited;
use crate::index::View;

/// The effect of our taint: what runs is for evictions to end, within their limits.
const EFFECT: &str = "NoSchedule";

/// What is to be done with a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It gets the taint.
    Add {
        /// The policies that ask for it.
        policies: BTreeSet<PolicyName>,
        /// Where it is.
        place: String,
    },
    /// It loses the taint.
    Remove,
}

/// The policies that ask for taints: those that deny placement somewhere.
pub(super) fn tainting(snapshot: &Snapshot) -> impl Iterator<Item = &Policy> {
    let taints = |policy: &&Policy| {
        let asks = policy.spec.running.unwrap_or_default().nodes() == NodeResponse::Taint;
        // For the name of no namespace the strictest mode of any counts.
        asks && policy.mode(Aspect::Placement, "") == Mode::Deny
    };
    snapshot.world().policies().filter(taints)
}

/// The nodes that are not as policies ask, each with what is to be done. What is tainted stays so until it is inside
/// again, or nobody asks for it any more: that its pods are gone is what the taint is for.
pub fn edits(view: &View, audited: &Audited) -> BTreeMap<Box<str>, Edit> {
    let snapshot = &view.snapshot;
    let policies: Vec<&Policy> = tainting(snapshot).collect();
    if policies.is_empty() {
        return view.tainted().map(|node| (node.into(), Edit::Remove)).collect();
    }
    if !policies.iter().all(|policy| is_located(policy, snapshot.world())) {
        return BTreeMap::new();
    }
    let left = left(&policies, audited);
    let every_node = snapshot.world().location().span == Span::Uniform;
    let mut edits = BTreeMap::new();
    for (name, node) in snapshot.nodes() {
        let tainted = view.is_tainted(name);
        let mut asking = BTreeSet::new();
        let mut place = None;
        for policy in &policies {
            let runs_there = || left.contains(&(name, &policy.name));
            if let Some(outside) =
                outside(node, policy, snapshot).filter(|_| tainted || every_node || runs_there())
            {
                asking.insert(policy.name.clone());
                place = Some(outside);
            }
        }
        match place {
            Some(place) if !tainted => {
                edits.insert(name.into(), Edit::Add { policies: asking, place: place.to_string() });
            }
            None if tainted => {
                edits.insert(name.into(), Edit::Remove);
            }
            Some(_) | None => {}
        }
    }
    edits
}

/// The nodes that bear our taint, each with the policies that ask for it.
pub(crate) fn tainted(view: &View) -> impl Iterator<Item = (&str, Vec<&Policy>)> {
    let snapshot = &view.snapshot;
    view.tainted().filter_map(|name| {
        let node = snapshot.node(name)?;
        let asks = |policy: &&Policy| {
            is_located(policy, snapshot.world()) && outside(node, policy, snapshot).is_some()
        };
        Some((name, tainting(snapshot).filter(asks).collect()))
    })
}

/// Where a node is that is in none of a policy's jurisdictions.
fn outside(node: &NodeFacts, policy: &Policy, snapshot: &Snapshot) -> Option<Location> {
    let locate = |jurisdiction| locate(node, jurisdiction, snapshot.world());
    let places: Vec<Location> = policy.spec.jurisdictions.iter().map(locate).collect();
    if places.iter().any(Location::is_inside) { None } else { places.into_iter().next() }
}

/// The nodes on which pods run that a policy denies them, with the policy.
fn left<'a>(policies: &[&Policy], audited: &'a Audited) -> BTreeSet<(&'a str, &'a PolicyName)> {
    let mut left = BTreeSet::new();
    for told in audited.owners.values().flat_map(|owner| &owner.findings) {
        let finding = &told.finding;
        let denied = finding.reason == Reason::NodeOutside
            && finding.mode == Mode::Deny
            && finding.standing == Standing::Stands;
        let pod = told.subjects.iter().find(|subject| subject.kind == "Pod");
        let Some(pod) = pod.filter(|_| denied) else { continue };
        let asks = |name: &PolicyName| {
            let policy = policies.iter().find(|policy| policy.name == *name);
            policy.is_some_and(|policy| policy.mode(Aspect::Placement, &pod.namespace) == Mode::Deny)
        };
        left.extend(
            finding.policies.iter().filter(|name| asks(name)).map(|name| (finding.offending.as_str(), name)),
        );
    }
    left
}

/// Whether a Node carries our taint.
pub(crate) fn has_taint(node: &Value) -> bool {
    taints(node).iter().any(is_ours)
}

/// The change of a Node as it is stored that does an edit, and nothing if it has changed meanwhile; `None` where nothing is
/// to be changed. Taints of others stay as they are.
pub fn patch(node: &Value, edit: &Edit) -> Option<Value> {
    let mut taints = taints(node).to_vec();
    match (edit, has_taint(node)) {
        (Edit::Add { .. }, false) => taints.push(json!({ "key": OUTSIDE_TAINT, "effect": EFFECT })),
        (Edit::Remove, true) => taints.retain(|taint| !is_ours(taint)),
        (Edit::Add { .. }, true) | (Edit::Remove, false) => return None,
    }
    let identity = |member: &str| node.pointer(&format!("/metadata/{member}")).cloned();
    Some(json!({
        "metadata": { "uid": identity("uid")?, "resourceVersion": identity("resourceVersion")? },
        "spec": { "taints": taints },
    }))
}

fn taints(node: &Value) -> &[Value] {
    node.pointer("/spec/taints").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// With another effect it is somebody else's.
fn is_ours(taint: &Value) -> bool {
    taint.get("key").is_some_and(|key| key == OUTSIDE_TAINT)
        && taint.get("effect").is_some_and(|effect| effect == EFFECT)
}

#[cfg(test)]
mod tests;
