//! What was tried, and when to try again. (pure)
//!
//! No leader evicts for a policy sooner than one interval after it began to lead, or after the last eviction that it asked
//! for. A leader has stopped before the next one begins, and drops the request that it waits for. So any two evictions for a
//! policy, whoever asked for them, are an interval apart, and no minute holds more than the policy allows. A process that
//! stood still while its lease ran out may be late by the one request that it had begun; that one evicts what the pod's
//! resource version still allows, so never a pod that went meanwhile.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use bund_crds::PolicyName;
use tokio::time::Instant;

use super::ask::{Asked, Group};
use crate::index::SubjectKey;

/// How trying to evict a pod ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The API server took the eviction.
    Evicted,
    /// The pod is gone, or is going already.
    Gone,
    /// By now nobody asks for it any more.
    Right,
    /// It changed while it was looked at.
    Changed,
    /// A `PodDisruptionBudget` does not allow it now.
    Budget,
    /// Too much of its owner is unavailable now.
    Share,
    /// It failed, and may have happened all the same.
    Failed,
}

impl Outcome {
    /// Whether it says something of every pod of the group.
    fn is_of_group(self) -> bool {
        match self {
            Self::Budget | Self::Share => true,
            Self::Evicted | Self::Gone | Self::Right | Self::Changed | Self::Failed => false,
        }
    }
}

/// What was tried since we lead.
#[derive(Clone, Debug)]
pub struct Attempts {
    began: Instant,
    /// When each policy last had a pod evicted, or may have.
    evicted: BTreeMap<PolicyName, Instant>,
    pods: BTreeMap<Arc<SubjectKey>, Tried>,
    groups: BTreeMap<Group, Rest>,
}

/// What was tried with one pod.
#[derive(Clone, Debug)]
struct Tried {
    uid: Box<str>,
    times: u32,
    last: Outcome,
    /// When it may be tried again; `None` where it is done with.
    again: Option<Instant>,
}

/// A group whose pods cannot be evicted for a while.
#[derive(Clone, Copy, Debug)]
struct Rest {
    times: u32,
    why: Outcome,
    until: Instant,
}

/// What keeps a pod from being tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Now,
    /// Something that was tried, until then.
    Later(Outcome, Instant),
    /// It was evicted, or is going. The view will show it.
    Done,
}

impl Attempts {
    /// Nothing was tried since `began`, when we began to lead.
    pub fn new(began: Instant) -> Self {
        Self { began, evicted: BTreeMap::new(), pods: BTreeMap::new(), groups: BTreeMap::new() }
    }

    /// Remembers how a try ended. `by` are the policies that asked for it.
    pub fn ended<'p>(
        &mut self,
        asked: &Asked,
        by: impl Iterator<Item = &'p PolicyName>,
        outcome: Outcome,
        now: Instant,
    ) {
        let times = self.tries(asked).saturating_add(1);
        let again = match outcome {
            Outcome::Evicted | Outcome::Gone => None,
            // The audit will drop it; should it not, it is looked at again.
            Outcome::Right => Some(now + Duration::from_secs(10)),
            Outcome::Changed => Some(now + pause(Duration::from_millis(250), times, &asked.pod)),
            Outcome::Budget | Outcome::Share => Some(self.rest(&asked.group, outcome, now)),
            Outcome::Failed => Some(now + pause(Duration::from_secs(1), times, &asked.pod)),
        };
        if outcome == Outcome::Evicted {
            self.groups.remove(&asked.group);
        }
        if matches!(outcome, Outcome::Evicted | Outcome::Failed) {
            self.evicted.extend(by.map(|policy| (policy.clone(), now)));
        }
        let tried = Tried { uid: asked.uid.clone(), times, last: outcome, again };
        self.pods.insert(asked.pod.clone(), tried);
    }

    /// Lets a group rest.
    fn rest(&mut self, group: &Group, why: Outcome, now: Instant) -> Instant {
        let times = self.groups.get(group).map_or(0, |rest| rest.times).saturating_add(1);
        // A budget is somebody's wish and seldom changes; a replacement may be ready in a moment.
        let shortest =
            if why == Outcome::Budget { Duration::from_secs(2) } else { Duration::from_millis(500) };
        let until = now + pause(shortest, times, group);
        self.groups.insert(group.clone(), Rest { times, why, until });
        until
    }

    /// Forgets what nobody asks for any more.
    pub(super) fn keep(&mut self, asked: &[Asked]) {
        let pods: BTreeMap<_, _> = asked.iter().map(|asked| (&asked.pod, &asked.uid)).collect();
        self.pods.retain(|pod, tried| pods.get(pod).is_some_and(|uid| **uid == tried.uid));
        let groups: std::collections::BTreeSet<_> = asked.iter().map(|asked| &asked.group).collect();
        self.groups.retain(|group, _| groups.contains(group));
    }

    /// How often a pod was tried.
    pub(super) fn tries(&self, asked: &Asked) -> u32 {
        self.tried(asked).map_or(0, |tried| tried.times)
    }

    fn tried(&self, asked: &Asked) -> Option<&Tried> {
        self.pods.get(&asked.pod).filter(|tried| tried.uid == asked.uid)
    }

    /// Whether a pod's turn has come, as far as what was tried tells.
    pub(super) fn turn(&self, asked: &Asked, now: Instant) -> Turn {
        match self.tried(asked) {
            Some(Tried { again: None, .. }) => return Turn::Done,
            // Others of its group may be tried meanwhile.
            Some(Tried { again: Some(again), last, .. }) if *again > now && !last.is_of_group() => {
                return Turn::Later(*last, *again);
            }
            Some(_) | None => {}
        }
        match self.groups.get(&asked.group) {
            Some(rest) if rest.until > now => Turn::Later(rest.why, rest.until),
            Some(_) | None => Turn::Now,
        }
    }

    /// From when on another pod may be evicted for a policy.
    pub(super) fn free(&self, policy: &PolicyName, interval: Duration) -> Instant {
        self.evicted.get(policy).copied().unwrap_or(self.began) + interval
    }
}

/// Doubles with every time, up to two minutes, and up to a quarter more, so that not everything comes at one time.
fn pause(shortest: Duration, times: u32, of: impl Debug) -> Duration {
    let doubled = shortest.saturating_mul(1 << times.saturating_sub(1).min(8)).min(Duration::from_mins(2));
    let mut hasher = DefaultHasher::new();
    (format!("{of:?}"), times).hash(&mut hasher);
    let [quarter, ..] = hasher.finish().to_be_bytes();
    doubled + doubled / 1024 * u32::from(quarter)
}
