//! Which reports are to be written now. (pure)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::stored::{Digest, ReportKey, Stored};
use super::wanted::Wanted;
use crate::audit::OwnerAudit;
use crate::backoff::backoff;
use crate::index::SubjectKey;

/// Writes that one pass leads to at most, so that what happens meanwhile is taken in soon.
const BATCH: usize = 200;
/// The longest rest of a write.
const LONGEST_REST: Duration = Duration::from_secs(32);
/// For how long a write is remembered: longer than the longest rest.
const MEMORY: Duration = Duration::from_mins(1);

/// A write to a report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub(super) key: ReportKey,
    pub(super) action: Action,
    /// What will be stored then; `None` where nothing will be.
    pub(super) digest: Option<Digest>,
}

/// What is to be done with a report.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// It is not there.
    Create(Telling),
    /// It is there and says something else.
    Replace { telling: Telling, uid: Box<str>, resource_version: Box<str> },
    /// Nothing is wrong any more.
    Delete { uid: Box<str> },
}

/// What a report is to tell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Telling {
    pub(super) owner: Arc<SubjectKey>,
    pub(super) audit: Arc<OwnerAudit>,
}

/// What one pass leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Planned {
    /// What is to be written now.
    pub(super) writes: Vec<Write>,
    /// When there is more to be written.
    pub(super) next: Option<Instant>,
}

/// What was tried of late. The same write rests longer each time, whether it fails or somebody else undoes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts(BTreeMap<ReportKey, Attempt>);

#[derive(Clone, Copy, Debug)]
struct Attempt {
    digest: Option<Digest>,
    times: u32,
    last: Instant,
}

impl Attempts {
    /// Remembers what was written, or could not be.
    pub(super) fn tried(&mut self, write: &Write, now: Instant) {
        let Write { key, digest, action: _ } = write;
        let before = self.0.get(key).filter(|attempt| attempt.digest == *digest);
        let times = before.map_or(0, |attempt| attempt.times).saturating_add(1);
        self.0.insert(key.clone(), Attempt { digest: *digest, times, last: now });
    }

    fn forget(&mut self, now: Instant) {
        self.0.retain(|_, attempt| now.duration_since(attempt.last) < MEMORY);
    }

    /// When a write may be tried again.
    fn rests_until(&self, write: &Write) -> Option<Instant> {
        let attempt = self.0.get(&write.key).filter(|attempt| attempt.digest == write.digest)?;
        Some(attempt.last + backoff(attempt.times, LONGEST_REST))
    }
}

/// Compares what is wanted with what is stored.
pub(super) fn plan(wanted: &Wanted, stored: &Stored, attempts: &mut Attempts, now: Instant) -> Planned {
    attempts.forget(now);
    let mut planned = Planned::default();
    for write in missing(wanted, stored).chain(superfluous(wanted, stored)) {
        let due = match attempts.rests_until(&write).filter(|until| *until > now) {
            Some(until) => until,
            None if planned.writes.len() < BATCH => {
                planned.writes.push(write);
                continue;
            }
            None => now,
        };
        planned.next = Some(planned.next.map_or(due, |next| next.min(due)));
    }
    planned
}

fn missing(wanted: &Wanted, stored: &Stored) -> impl Iterator<Item = Write> {
    wanted.iter().filter_map(|(key, report)| {
        let telling = || Telling { owner: report.owner.clone(), audit: report.audit.clone() };
        let action = match stored.get(key) {
            None => Action::Create(telling()),
            // When it is gone it is made anew.
            Some(stored) if stored.going || stored.digest == report.digest => return None,
            Some(stored) => Action::Replace {
                telling: telling(),
                uid: stored.uid.clone(),
                resource_version: stored.resource_version.clone(),
            },
        };
        Some(Write { key: key.clone(), action, digest: Some(report.digest) })
    })
}

fn superfluous(wanted: &Wanted, stored: &Stored) -> impl Iterator<Item = Write> {
    let superfluous = stored.iter().filter(|(key, stored)| !stored.going && wanted.get(key).is_none());
    superfluous.map(|(key, stored)| Write {
        key: key.clone(),
        action: Action::Delete { uid: stored.uid.clone() },
        digest: None,
    })
}

#[cfg(test)]
mod tests;
