//! Everything that the cluster has on record comes into the ledger, while we lead. (client; what is missing is pure)

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bund_crds::{EventType, Moment};
use bund_engine::snapshot::EventFacts;
use bund_ledger::Draft;
use futures::future::join_all;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::held::{Held, Unheld};
use super::order::in_order;
use crate::index::{Index, View};

/// From the end of one pass to the next at least.
const PAUSE: Duration = Duration::from_millis(200);
/// After which time what failed is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// As many entries as are asked for at once.
const AT_ONCE: usize = 256;

/// Brings into the ledger what the cluster has on record, and what waits in the outbox.
pub struct Archivist {
    index: Arc<Index>,
    held: Held,
    outbox: mpsc::UnboundedReceiver<Draft>,
    /// What waits, in the order in which it came.
    waiting: VecDeque<Draft>,
    /// The events that are in the ledger, as far as the cluster has them.
    archived: BTreeSet<(Box<str>, EventType)>,
}

impl Archivist {
    /// An archivist that has recorded nothing yet.
    pub fn new(index: Arc<Index>, held: Held, outbox: mpsc::UnboundedReceiver<Draft>) -> Self {
        Self { index, held, outbox, waiting: VecDeque::new(), archived: BTreeSet::new() }
    }

    /// Records what is missing on every change, and again until it is there, for ever.
    pub async fn run(mut self) {
        if !self.held.ledger().is_configured() {
            return std::future::pending().await;
        }
        let (mut revisions, mut ledger) = (self.index.revisions(), self.held.ledger().clone());
        if revisions.wait_for(|revision| revision.ready).await.is_err() {
            return;
        }
        loop {
            let seen = revisions.borrow_and_update().transfers;
            let left = self.pass().await;
            ledger.wait(left);
            sleep(PAUSE).await;
            tokio::select! {
                () = sleep(RETRY), if left > 0 => {}
                () = ledger.changed() => {}
                Some(draft) = self.outbox.recv() => self.put(draft),
                changed = revisions.wait_for(|revision| revision.transfers != seen) => {
                    if changed.is_err() { return }
                }
            }
        }
    }

    /// Records what is missing, and tells how much of it could not be recorded.
    async fn pass(&mut self) -> u64 {
        while let Ok(draft) = self.outbox.try_recv() {
            self.put(draft);
        }
        let view = self.index.view();
        let outcome = match self.record_events(&view).await {
            Ok(()) => self.record_waiting().await,
            Err(error) => Err(error),
        };
        let left = self.missing(&view).len() + self.waiting.len();
        if let Err(error) = outcome {
            let error = crate::chain(&error);
            warn!(left, error, "this could not be recorded in the ledger; it is tried again");
        }
        u64::try_from(left).unwrap_or(u64::MAX)
    }

    /// Lets something wait, unless it waits already.
    fn put(&mut self, draft: Draft) {
        if !self.waiting.iter().any(|waiting| waiting.id == draft.id) {
            self.waiting.push_back(draft);
        }
    }

    /// Records the events of the cluster, in the order in which they were observed.
    async fn record_events(&mut self, view: &View) -> Result<(), Unheld> {
        // What it held when it was opened need not be asked for.
        self.held.learn().await?;
        let shown = view.snapshot.transfers();
        self.archived.retain(|(name, _)| shown.event(name).is_some());
        let missing = self.missing(view);
        for events in missing.chunks(AT_ONCE) {
            let recorded =
                join_all(events.iter().map(|event| self.held.append(&event.name, &event.spec))).await;
            for (event, recorded) in events.iter().zip(recorded) {
                recorded?;
                debug!(name = %event.name, "recorded in the ledger");
                self.archived.insert((event.name.clone(), event.spec.event));
            }
        }
        Ok(())
    }

    /// Records what waits in the outbox, in the order in which it came.
    async fn record_waiting(&mut self) -> Result<(), Unheld> {
        while let Some(draft) = self.waiting.front() {
            self.held.ledger().append(draft.clone()).await?;
            self.waiting.pop_front();
        }
        Ok(())
    }

    /// What the cluster has and the ledger is not known to hold.
    fn missing<'v>(&self, view: &'v View) -> Vec<&'v EventFacts> {
        let begins = self.held.history().and_then(|history| history.begins());
        let is_there = |event: &&EventFacts| {
            let EventFacts { name, spec } = event;
            is_older(spec.observed_at, begins)
                || self.held.holds(name, spec)
                || self.archived.contains(&(name.clone(), spec.event))
        };
        in_order(view.snapshot.transfers().events().filter(|event| !is_there(event)))
    }
}

/// Whether something was recorded in a part of the ledger that is not read any more: its ids are not known there.
fn is_older(observed: Moment, begins: Option<Moment>) -> bool {
    begins.is_some_and(|begins| observed < begins)
}
