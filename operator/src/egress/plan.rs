//! What is to be written now, and in which order. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use bund_engine::Snapshot;
use tokio::time::Instant;

use super::attempts::{Attempts, Target};
use super::kind::{Key, Kind};
use super::stored::{Digest, Stored, StoredPolicy};
use super::wanted::{Leaver, Marking, PodKey, Policy, Wanted};
use crate::registration::Damage;
use crate::response::Grounds;

/// When a write comes. What closes comes before what opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// What closes a namespace.
    Close,
    /// What opened something and is not wanted any more goes.
    Shut,
    /// Pods are marked.
    Mark,
    /// What opens something for marked pods.
    Open,
    /// What closed a namespace that is closed no more goes.
    Release,
    /// Pods go that may have connections that were open before.
    Evict,
}

impl Stage {
    pub(super) const ALL: [Self; 6] =
        [Self::Close, Self::Shut, Self::Mark, Self::Open, Self::Release, Self::Evict];
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// A policy as it should be. `mends` says what somebody made of it.
    Apply { key: Key, policy: Policy, mends: Option<Mends> },
    /// A policy that is not wanted any more.
    Delete { key: Key, uid: Box<str> },
    /// The marks of a pod.
    Mark(Marking),
    /// A pod that is to go.
    Evict { pod: PodKey, uid: Box<str>, grounds: Grounds },
}

/// What somebody made of a policy that was as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mends {
    pub(super) damage: Damage,
    /// The field manager that did it, where that can be known.
    pub(super) by: Option<Box<str>>,
    /// The uid of the policy that was as it should be.
    pub(super) was: Box<str>,
}

/// What one pass leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Planned {
    pub(super) writes: Vec<(Stage, Action)>,
    /// When something that rests is to be tried again.
    pub(super) next: Option<Instant>,
}

/// What is remembered from one pass to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub(super) attempts: Attempts,
    /// The policies that were as they should be, and how that was.
    right: BTreeMap<Key, (Digest, Box<str>)>,
}

impl Memory {
    /// A policy was written, and is stored as it should be. What others make of it from now on is told, whether or not a pass comes
    /// between.
    pub(super) fn wrote(&mut self, key: &Key, stored: &StoredPolicy) {
        self.right.insert(key.clone(), (stored.digest, stored.uid.clone()));
    }
}

/// Plans a pass. `whole` says that everything was listed from which it follows that nothing in a namespace holds a class.
pub(super) fn plan(
    wanted: &Wanted,
    stored: &Stored,
    snapshot: &Snapshot,
    whole: bool,
    memory: &mut Memory,
    now: Instant,
) -> Planned {
    let Memory { attempts, right } = memory;
    let mut pass = Pass { planned: Planned::default(), attempts, targets: BTreeSet::new(), now };
    right.retain(|key, _| wanted.policies.contains_key(key));
    for (key, policy) in &wanted.policies {
        let found = stored.get(key);
        match found {
            // It closes until it is gone, and then it is made again.
            Some(found) if found.going => {}
            Some(found) if found.ours && found.digest == policy.digest => {
                right.insert(key.clone(), (policy.digest, found.uid.clone()));
            }
            _ => {
                let mends = mends(right.get(key), found, policy);
                let apply = Action::Apply { key: key.clone(), policy: policy.clone(), mends };
                pass.add(if key.closes() { Stage::Close } else { Stage::Open }, apply);
            }
        }
    }
    for (key, found) in stored.iter() {
        let deletable = found.ours && !found.going && !wanted.policies.contains_key(key);
        if deletable && may_go(key, wanted, stored, snapshot, whole) {
            let delete = Action::Delete { key: key.clone(), uid: found.uid.clone() };
            pass.add(if key.closes() { Stage::Release } else { Stage::Shut }, delete);
        }
    }
    for marking in &wanted.markings {
        if whole || wanted.closed.contains(&marking.pod.0) {
            pass.add(Stage::Mark, Action::Mark(marking.clone()));
        }
    }
    pass.evict(&wanted.owed);
    let Pass { mut planned, attempts, targets, now: _ } = pass;
    attempts.keep(&targets);
    planned.writes.sort_by_key(|(stage, _)| *stage);
    planned
}

/// What somebody made of a policy that was `right`, where the same is wanted now as then.
fn mends(right: Option<&(Digest, Box<str>)>, found: Option<&StoredPolicy>, policy: &Policy) -> Option<Mends> {
    let (_, was) = right.filter(|(digest, _)| *digest == policy.digest)?;
    let damage = if found.is_some() { Damage::Changed } else { Damage::Deleted };
    Some(Mends { damage, by: found.and_then(|found| found.by.clone()), was: was.clone() })
}

/// Whether a policy that is not wanted may be deleted. What is not known must open nothing.
fn may_go(key: &Key, wanted: &Wanted, stored: &Stored, snapshot: &Snapshot, whole: bool) -> bool {
    let namespace = &key.namespace;
    // To take away what opens something closes it, and what a transfer opened goes at once.
    if wanted.closed.contains(namespace) || key.name.starts_with(TRANSFER) {
        return true;
    }
    if !whole || wanted.kept.contains(namespace) {
        return false;
    }
    if snapshot.namespace(namespace).is_none() {
        // What lies in a namespace goes with it.
        return key.kind == Kind::Cluster;
    }
    !key.closes() || stored.ours_for(namespace).all(Key::closes)
}

/// How the names of policies begin that a transfer opens.
const TRANSFER: &str = "bund-transfer-";

/// A pass while it is planned.
struct Pass<'m> {
    planned: Planned,
    attempts: &'m mut Attempts,
    /// Everything that is to be written, now or later.
    targets: BTreeSet<Target>,
    now: Instant,
}

impl Pass<'_> {
    /// Adds the next pod to go of each namespace: one at a time, because nobody knows how many of them are needed at least.
    fn evict(&mut self, owed: &BTreeMap<PodKey, Leaver>) {
        let mut busy = BTreeSet::new();
        for (pod, leaver) in owed {
            let target = Target::Eviction(pod.clone());
            if leaver.going || self.attempts.was_done(&target, self.now) {
                busy.insert(&pod.0);
            }
            self.targets.insert(target);
        }
        for (pod, Leaver { uid, grounds, going: _ }) in owed.iter().filter(|(_, leaver)| !leaver.going) {
            let before = self.planned.writes.len();
            if !busy.contains(&pod.0) {
                self.add(
                    Stage::Evict,
                    Action::Evict { pod: pod.clone(), uid: uid.clone(), grounds: grounds.clone() },
                );
            }
            if self.planned.writes.len() > before {
                busy.insert(&pod.0);
            }
        }
    }

    /// Adds a write, unless it rests.
    fn add(&mut self, stage: Stage, action: Action) {
        let target = action.target();
        match self.attempts.rests(&target, action.what(), self.now) {
            Some(until) => self.planned.next = self.planned.next.into_iter().chain([until]).min(),
            None => self.planned.writes.push((stage, action)),
        }
        self.targets.insert(target);
    }
}

impl Action {
    /// What it is for.
    pub(super) fn target(&self) -> Target {
        match self {
            Self::Apply { key, .. } | Self::Delete { key, .. } => Target::Policy(key.clone()),
            Self::Mark(marking) => Target::Marks(marking.pod.clone()),
            Self::Evict { pod, .. } => Target::Eviction(pod.clone()),
        }
    }

    /// What it does, in short: the same is not tried again while it rests.
    pub(super) fn what(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Apply { policy, .. } => policy.digest.hash(&mut hasher),
            Self::Delete { uid, .. } | Self::Evict { uid, .. } => uid.hash(&mut hasher),
            Self::Mark(Marking { uid, labels, .. }) => (uid, labels).hash(&mut hasher),
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests;
