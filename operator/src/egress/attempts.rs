//! What was tried, and when to try again. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::kind::Key;
use super::wanted::PodKey;
use crate::backoff::backoff;

/// The longest rest after a failure. Short, because what is not closed is open.
const LONGEST_REST: Duration = Duration::from_secs(8);
/// After which time what was done, and is not seen, is done again.
const UNSEEN: Duration = Duration::from_secs(5);

/// What a write is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A policy.
    Policy(Key),
    /// The marks of a pod.
    Marks(PodKey),
    /// The eviction of a pod.
    Eviction(PodKey),
}

/// How a write ended, for what is planned next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// It was done; what is watched will show it.
    Done,
    /// It could not be done, and why.
    Failed(String),
    /// It need not be done any more, as far as was seen.
    Gone,
}

#[derive(Clone, Debug)]
struct Attempt {
    times: u32,
    until: Instant,
    /// What was tried, in short.
    what: u64,
    failure: Option<String>,
}

/// What was tried and seems not to be done.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts(BTreeMap<Target, Attempt>);

impl Attempts {
    /// Remembers how trying to do `what` ended.
    pub(super) fn tried(&mut self, target: Target, what: u64, tried: Tried, now: Instant) {
        let before = self.0.get(&target).filter(|before| before.what == what && before.failure.is_some());
        let times = before.map_or(0, |before| before.times).saturating_add(1);
        let (until, failure) = match tried {
            Tried::Done | Tried::Gone => (now + UNSEEN, None),
            Tried::Failed(why) => (now + backoff(times, LONGEST_REST), Some(why)),
        };
        self.0.insert(target, Attempt { times, until, what, failure });
    }

    /// Until when `what` was tried and rests.
    pub(super) fn rests(&self, target: &Target, what: u64, now: Instant) -> Option<Instant> {
        let attempt = self.0.get(target).filter(|attempt| attempt.what == what)?;
        (attempt.until > now).then_some(attempt.until)
    }

    /// Whether `what` was tried before.
    pub(super) fn has_tried(&self, target: &Target, what: u64) -> bool {
        self.0.get(target).is_some_and(|attempt| attempt.what == what)
    }

    /// Whether it was done a moment ago, and may not be seen yet.
    pub(super) fn was_done(&self, target: &Target, now: Instant) -> bool {
        self.0.get(target).is_some_and(|attempt| attempt.failure.is_none() && attempt.until > now)
    }

    /// When the next of them is to be tried again.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().map(|attempt| attempt.until).min()
    }

    /// Forgets what is not among these any more.
    pub(super) fn keep(&mut self, targets: &BTreeSet<Target>) {
        self.0.retain(|target, _| targets.contains(target));
    }

    /// Forgets what was done for a target: it is as it should be, or was.
    pub(super) fn forget(&mut self, target: &Target) {
        self.0.remove(target);
    }

    /// What failed last and was not done since, with why.
    pub(super) fn failures(&self) -> impl Iterator<Item = (&Target, &str)> {
        self.0.iter().filter_map(|(target, attempt)| Some((target, attempt.failure.as_deref()?)))
    }
}
