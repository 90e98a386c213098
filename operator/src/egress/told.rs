//! What is told of closed egress: the condition `EgressClosed` of policies, `Programmed` of transfers, and figures. (pure)

mod policy;
mod transfer;
mod widened;

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{Mode, PolicyName};
use bund_engine::Timestamp;
use bund_engine::snapshot::{OwnKind, TransferKind};
use serde_json::Value;

use super::attempts::Target;
use super::kind::Key;
use super::plan::Memory;
use super::stored::Stored;
use super::wanted::Wanted;
use crate::controller::plan::{Unseen, Write, holds};
use crate::index::{ObjectKey, OwnObject, View};
use crate::own_status::OwnStatus;
use policy::Reach;
use widened::widened;

/// How it stands with closed egress, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Namespaces that are closed.
    pub closed: usize,
    /// Namespaces that would be closed if policies denied egress there.
    pub planned: usize,
    /// Policies of closed namespaces that are not stored as they should be.
    pub not_applied: usize,
    /// Pods whose marks could not be put right. They reach less than they may.
    pub unmarked: usize,
    /// NetworkPolicies of others that open more than the plan.
    pub widened: usize,
    /// What was asked for and stays closed.
    pub left_closed: usize,
}

/// What is told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Every status that differs from what is stored.
    pub(super) writes: Vec<Write>,
    pub(super) figures: Figures,
    /// When something changes by itself.
    pub(super) wake: Option<Timestamp>,
}

/// What is told at `now`, after a pass.
pub(super) fn told(
    view: &View,
    wanted: &Wanted,
    stored: &Stored,
    memory: &Memory,
    unseen: &mut Unseen,
    now: Timestamp,
) -> Told {
    let missing = missing(wanted, stored, memory);
    let widened = widened(&view.snapshot, wanted, &missing, now);
    let state = State { view, wanted, missing, widened, now };
    let mut told = Told { figures: state.figures(memory), wake: state.wake(), ..Told::default() };
    let reaches = Reach::of_policies(&state);
    for (kind, name, shown) in view.own_objects().filter(|(kind, ..)| *kind == OwnKind::ResidencyPolicy) {
        let Some(reach) = reaches.get(name) else { continue };
        let stored = unseen.stored(kind.as_str(), None, name, shown);
        let status = reach.status(&state, &stored);
        let own = OwnStatus::cluster_scoped(kind, name, status);
        told.write(own, shown, &stored, &["egress"]);
    }
    let kind = TransferKind::CrossBorderTransfer;
    for (ObjectKey { namespace, name }, shown) in view.declared(kind) {
        let stored = unseen.stored(kind.as_str(), namespace.as_deref(), name, shown);
        let within = namespace.as_deref().unwrap_or_default();
        let Some(status) = transfer::status(&state, within, name, &stored) else { continue };
        let own = OwnStatus { kind: kind.as_str(), namespace: namespace.clone(), name: name.clone(), status };
        told.write(own, shown, &stored, &[]);
    }
    told
}

impl Told {
    fn write(&mut self, own: OwnStatus, shown: &OwnObject, stored: &OwnObject, members: &[&'static str]) {
        if !holds(&stored.status, &own.status, members) {
            self.writes.push(Write { own, seen: shown.resource_version.clone() });
        }
    }
}

/// What is told of.
struct State<'s> {
    view: &'s View,
    wanted: &'s Wanted,
    /// The policies that are not stored as they should be, with why where that is known.
    missing: BTreeMap<&'s Key, Option<&'s str>>,
    /// The NetworkPolicies of others that open more than the plan, by the policy that they break.
    widened: BTreeMap<PolicyName, Vec<String>>,
    now: Timestamp,
}

fn missing<'s>(
    wanted: &'s Wanted,
    stored: &Stored,
    memory: &'s Memory,
) -> BTreeMap<&'s Key, Option<&'s str>> {
    let failures: BTreeMap<_, _> = memory.attempts.failures().collect();
    let is_right = |(key, policy): &(&Key, &super::wanted::Policy)| {
        stored.get(key).is_some_and(|found| found.digest == policy.digest)
    };
    let missing = wanted.policies.iter().filter(|policy| !is_right(policy));
    missing.map(|(key, _)| (key, failures.get(&Target::Policy(key.clone())).copied())).collect()
}

impl State<'_> {
    fn figures(&self, memory: &Memory) -> Figures {
        let (plans, is_mark) = (&self.wanted.plans, |target: &Target| matches!(target, Target::Marks(_)));
        Figures {
            closed: self.wanted.closed.len(),
            planned: plans.iter().filter(|plan| plan.mode != Mode::Deny).count(),
            not_applied: self.missing.len(),
            unmarked: memory.attempts.failures().filter(|(target, _)| is_mark(target)).count(),
            widened: self.widened.values().flatten().collect::<BTreeSet<_>>().len(),
            left_closed: plans.iter().map(|plan| plan.left_closed.len()).sum(),
        }
    }

    /// When what is open closes by itself.
    fn wake(&self) -> Option<Timestamp> {
        let snapshot = &self.view.snapshot;
        let transfers = snapshot.transfers().transfers();
        transfers.filter_map(|transfer| bund_engine::cover::in_effect(transfer, snapshot, self.now)).min()
    }
}

/// The status with these members.
fn with_conditions(conditions: Value) -> serde_json::Map<String, Value> {
    serde_json::Map::from_iter([("conditions".to_owned(), conditions)])
}

/// The first of several, and how many more there are.
fn first(all: &[String], most: usize) -> String {
    let (told, rest) = all.split_at(all.len().min(most));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    told.join(", ") + &more
}

#[cfg(test)]
mod tests;
