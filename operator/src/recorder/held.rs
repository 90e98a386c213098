//! What the ledger holds of transfers, as far as we know. (client)

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bund_crds::{EventType, LedgerEventSpec, Uid};
use bund_engine::Timestamp;
use bund_engine::snapshot::TransferFacts;
use bund_engine::transfer::{Due, Memory};
use bund_ledger::Invalid;
use tokio::time::timeout;

use super::draft;
use super::order::in_order;
use crate::index::View;
use crate::ledger::{History, Ledger, Unavailable};

/// How long it is waited for the ledger to open. What closes is closed meanwhile; but whoever writes that down should know
/// what the ledger says. A ledger that cannot be opened says so long before.
const OPENS: Duration = Duration::from_secs(40);
/// How long whoever opens a transfer waits for the ledger: others are closed meanwhile by what is known of them, and their
/// events wait.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the ledger holds of transfers: what it said when it was opened, and what was recorded since.
#[derive(Clone)]
pub struct Held {
    ledger: Ledger,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// What was taken in last.
    history: Option<Arc<History>>,
    memory: Memory,
    /// The openings that were asked for and not acknowledged. The ledger may hold them, and then in these words.
    asked: BTreeMap<(Box<str>, EventType), LedgerEventSpec>,
}

/// Why something is not known to be in the ledger.
#[derive(Debug, thiserror::Error)]
pub enum Unheld {
    /// The ledger did not take it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It took too long.
    #[error("the ledger did not answer in time")]
    Late,
    /// It can be no entry.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Nobody knows what is in it.
    #[error("the ledger was not opened yet, so that nobody knows what it says")]
    Unknown,
}

impl Held {
    /// What `ledger` holds; nothing of it is known yet.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, known: Arc::default() }
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes in what the ledger said when it was opened. Fails where it was never open; then nobody knows what must not be
    /// opened again.
    pub async fn learn(&self) -> Result<(), Unheld> {
        if !self.ledger.is_configured() {
            return Ok(());
        }
        let history = timeout(OPENS, self.ledger.history()).await.ok().flatten();
        let mut known = self.known();
        let Some(history) = history else {
            return if known.history.is_some() { Ok(()) } else { Err(Unheld::Unknown) };
        };
        if known.history.as_ref().is_some_and(|taken| Arc::ptr_eq(taken, &history)) {
            return Ok(());
        }
        let events = history.transfers().flat_map(|(_, events)| events);
        events.for_each(|past| known.memory.note(&past.name, &past.spec));
        known.history = Some(history);
        Ok(())
    }

    /// The transfers of which the ledger says that they ended.
    pub(crate) fn ended(&self) -> Vec<Uid> {
        self.known().memory.ended().cloned().collect()
    }

    /// What is to be recorded, where `due` is so by what the cluster shows.
    pub(crate) fn recall(&self, due: Vec<Due>, view: &View, now: Timestamp) -> Vec<Due> {
        if !self.ledger.is_configured() {
            return due;
        }
        let there: Vec<&TransferFacts> =
            view.snapshot.transfers().transfers().chain(view.set_back()).collect();
        self.known().memory.recall(due, there, &view.snapshot, now)
    }

    /// Puts an opening into the ledger, after everything that the cluster has on record of its transfer: in which words it is
    /// there. They are those in which it was asked for first, because nobody knows whether that was heard.
    pub(crate) async fn write_ahead(&self, due: &Due, view: &View) -> Result<LedgerEventSpec, Unheld> {
        if !self.ledger.is_configured() {
            return Ok(due.spec.clone());
        }
        let spec = self.known().words(due);
        let uid = due.spec.transfer.as_ref().map(|transfer| &transfer.uid);
        let before = uid.into_iter().flat_map(|uid| view.snapshot.transfers().events_of(uid));
        let before = in_order(before.filter(|event| !self.holds(&event.name, &event.spec)));
        let written = async {
            for event in before {
                self.append(&event.name, &event.spec).await?;
            }
            self.append(&due.name, &spec).await
        };
        timeout(PATIENCE, written).await.unwrap_or(Err(Unheld::Late))?;
        self.known().asked.remove(&(due.name.clone(), spec.event));
        Ok(spec)
    }

    /// Records an event, and is done when it is durable.
    pub(super) async fn append(&self, name: &str, spec: &LedgerEventSpec) -> Result<(), Unheld> {
        self.ledger.append(draft::recorded(name, spec)?).await?;
        self.known().memory.note(name, spec);
        Ok(())
    }

    /// Whether an event of a transfer is known to be in the ledger.
    pub(super) fn holds(&self, name: &str, spec: &LedgerEventSpec) -> bool {
        self.known().memory.holds(name, spec)
    }

    /// What the ledger said when it was opened last.
    pub(crate) fn history(&self) -> Option<Arc<History>> {
        self.known().history.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What is known is whole after every line that changes it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The words in which an opening is asked for.
    fn words(&mut self, due: &Due) -> LedgerEventSpec {
        if let Some(words) = self.memory.words(&due.name, &due.spec) {
            return words.clone();
        }
        let asked = self.asked.entry((due.name.clone(), due.spec.event));
        asked.or_insert_with(|| due.spec.clone()).clone()
    }
}

#[cfg(test)]
mod tests;
