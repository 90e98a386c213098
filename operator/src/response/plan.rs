//! Which pods are to be evicted now, what is said of the others, and when to look again. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bund_crds::{Eviction, PolicyName};
use bund_engine::Timestamp;
use tokio::time::Instant;

use super::ask::{Asked, Kept, asked, evicting};
use super::attempts::{Attempts, Outcome, Turn};
use crate::audit::Audited;
use crate::index::{SubjectKey, View};

/// One moment on both clocks: findings have times of the wall, waiting is by the other.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// What it is called.
    pub wall: Timestamp,
    /// What nobody sets back.
    pub steady: Instant,
}

impl Clock {
    /// Now.
    pub fn now() -> Self {
        Self { wall: Timestamp::now(), steady: Instant::now() }
    }

    /// When `moment` will be.
    fn until(&self, moment: Timestamp) -> Instant {
        let left = Duration::try_from(moment.duration_since(self.wall)).unwrap_or_default();
        // What is further away than clocks reach is looked at again tomorrow.
        self.steady + left.min(Duration::from_hours(24))
    }
}

/// How it stands with a pod that a policy asks to evict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// We may not evict.
    Forbidden,
    /// It failed, and is tried again.
    Failed,
    /// A `PodDisruptionBudget` does not allow it now.
    Budget,
    /// Too much of its owner is unavailable.
    Share,
    /// Something keeps it.
    Kept(Kept),
    /// Its grace is not over.
    Grace,
    /// The policy's pods of this minute went before it.
    Rate,
    /// It is tried now, or was.
    Trying,
}

/// What is said of the pods that a policy asks to evict: how many are in which state, and the first of them.
pub type Said = BTreeMap<State, (u32, Vec<Arc<SubjectKey>>)>;

/// Pods that are told by name.
const NAMED: usize = 3;

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// The pods to evict now: one at most for each policy, and one at most of each group.
    pub evictions: Vec<Asked>,
    /// What is said, for every policy that asks for evictions.
    pub said: BTreeMap<PolicyName, Said>,
    /// When to look again, if nothing changes.
    pub wake: Option<Instant>,
}

/// Whether we hold a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// We do.
    Held,
    /// We do not.
    Missing,
}

/// Plans. `attempts` forgets what nobody asks for any more.
pub fn plan(
    view: &View,
    audited: &Audited,
    own: &str,
    right: Right,
    attempts: &mut Attempts,
    clock: &Clock,
) -> Planned {
    let evicting = evicting(view.snapshot.world());
    let mut planned = Planned::default();
    planned.said.extend(evicting.keys().map(|name| ((*name).clone(), Said::new())));
    let mut all = asked(view, audited, own);
    attempts.keep(&all);
    // Whose turn comes first: those that were tried least, and then those that have been wrong for longest.
    all.sort_by_cached_key(|asked| {
        (attempts.tries(asked), asked.by.values().min().copied(), asked.pod.clone())
    });
    let limits = |name: &PolicyName| {
        evicting.get(name).and_then(|policy| policy.spec.running).unwrap_or_default().eviction()
    };
    let mut queue = Queue { attempts, clock, right, policies: BTreeSet::new(), groups: BTreeSet::new() };
    for asked in all {
        let (state, wake) = queue.state(&asked, limits);
        planned.wake = planned.wake.into_iter().chain(wake).min();
        for policy in asked.by.keys() {
            let (count, named) = planned.said.entry(policy.clone()).or_default().entry(state).or_default();
            *count = count.saturating_add(1);
            if named.len() < NAMED {
                named.push(asked.pod.clone());
            }
        }
        if state == State::Trying && queue.take(&asked) {
            let due = asked.by.iter().filter(|(_, from)| **from <= clock.wall);
            let by = due.map(|(name, from)| (name.clone(), *from)).collect();
            planned.evictions.push(Asked { by, ..asked });
        }
    }
    planned
}

/// Those whose turn has come in this pass.
struct Queue<'a> {
    attempts: &'a Attempts,
    clock: &'a Clock,
    right: Right,
    policies: BTreeSet<PolicyName>,
    groups: BTreeSet<super::ask::Group>,
}

impl Queue<'_> {
    /// How it stands with a pod, and when that may change by itself.
    fn state(&self, asked: &Asked, limits: impl Fn(&PolicyName) -> Eviction) -> (State, Option<Instant>) {
        if let Some(kept) = asked.kept {
            return (State::Kept(kept), None);
        }
        if self.right == Right::Missing {
            return (State::Forbidden, None);
        }
        let (due, waiting): (Vec<_>, Vec<_>) =
            asked.by.iter().partition(|(_, from)| **from <= self.clock.wall);
        if due.is_empty() {
            return (State::Grace, waiting.iter().map(|(_, from)| self.clock.until(**from)).min());
        }
        let now = self.clock.steady;
        match self.attempts.turn(asked, now) {
            Turn::Done => return (State::Trying, None),
            Turn::Later(Outcome::Budget, until) => return (State::Budget, Some(until)),
            Turn::Later(Outcome::Share, until) => return (State::Share, Some(until)),
            Turn::Later(Outcome::Failed, until) => return (State::Failed, Some(until)),
            Turn::Later(Outcome::Right | Outcome::Changed | Outcome::Evicted | Outcome::Gone, until) => {
                return (State::Trying, Some(until));
            }
            Turn::Now => {}
        }
        let free = due.iter().map(|(name, _)| self.attempts.free(name, limits(name).interval())).max();
        match free {
            Some(free) if free > now => (State::Rate, Some(free)),
            // After whatever goes before it in this pass, the pass after it will tell.
            Some(_) | None => (State::Trying, None),
        }
    }

    /// Whether a pod goes in this pass: none of the same group and none of the same policies goes before it.
    fn take(&mut self, asked: &Asked) -> bool {
        if self.attempts.turn(asked, self.clock.steady) != Turn::Now
            || self.groups.contains(&asked.group)
            || asked.by.keys().any(|policy| self.policies.contains(policy))
        {
            return false;
        }
        self.groups.insert(asked.group.clone());
        self.policies.extend(asked.by.keys().cloned());
        true
    }
}

#[cfg(test)]
mod tests;
