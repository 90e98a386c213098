//! Telling of what holds less than before, while we lead: the record, events, conditions and a count. (client)

pub mod plan;
mod record;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bund_engine::transfer::Due;
use bund_engine::{HeldClass, Timestamp};
use kube::Client;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::event::create_or_warn;
use crate::index::{Declassification, Index, names};
use crate::metrics::Metrics;
use crate::own_status::apply;
use crate::transfer::record::{InCluster, record_all};
use plan::{condition, counts, events, last};

/// Who owns the condition.
const FIELD_MANAGER: &str = "bund-declassified";
/// What comes within this time is told together.
const PAUSE: Duration = Duration::from_millis(500);
/// After which time a condition that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// What was seen before we led is told if it is younger: the leader before us may have gone before it could. Longer
/// than a lease holds; events of the same change have the same name, so that none is told twice.
const RECENT: Duration = Duration::from_mins(1);

/// Tells of declassifications.
pub struct Herald {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    identity: String,
    heard: Receiver<Declassification>,
    /// Conditions that are to be written: the message of each class.
    owed: BTreeMap<HeldClass, String>,
    recorder: InCluster,
    /// What could not be recorded yet.
    unrecorded: Vec<Due>,
}

/// What was heard together.
#[derive(Default)]
struct Batch {
    heard: Vec<Declassification>,
    /// How many more there were.
    missed: u64,
}

impl Herald {
    /// A herald that hears from now on and tells while it is run, under the name `identity`.
    pub fn new(client: Client, index: Arc<Index>, metrics: Metrics, identity: String) -> Self {
        let heard = index.declassifications();
        let recorder = InCluster::new(client.clone());
        let (owed, unrecorded) = (BTreeMap::new(), Vec::new());
        Self { client, index, metrics, identity, heard, owed, recorder, unrecorded }
    }

    /// Tells what is heard, for ever.
    pub async fn run(&mut self) {
        // How much was missed while others led is for them to tell.
        let mut batch = Batch { missed: 0, ..self.waiting(Batch::default()) };
        batch.heard.retain(|declassification| declassification.seen.elapsed() < RECENT);
        loop {
            self.tell(&batch).await;
            let Some(first) = self.next().await else { return };
            sleep(PAUSE).await;
            batch = self.waiting(first);
        }
    }

    /// Waits for the next one, or until it is time to try again.
    async fn next(&mut self) -> Option<Batch> {
        let heard = if self.owed.is_empty() && self.unrecorded.is_empty() {
            self.heard.recv().await
        } else {
            match timeout(RETRY, self.heard.recv()).await {
                Ok(heard) => heard,
                Err(_) => return Some(Batch::default()),
            }
        };
        match heard {
            Ok(declassification) => Some(Batch { heard: vec![declassification], missed: 0 }),
            Err(RecvError::Lagged(missed)) => Some(Batch { heard: Vec::new(), missed }),
            Err(RecvError::Closed) => None,
        }
    }

    /// `batch` with everything that waits.
    fn waiting(&mut self, mut batch: Batch) -> Batch {
        loop {
            match self.heard.try_recv() {
                Ok(declassification) => batch.heard.push(declassification),
                Err(TryRecvError::Lagged(missed)) => batch.missed += missed,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return batch,
            }
        }
    }

    async fn tell(&mut self, batch: &Batch) {
        let view = self.index.view();
        let (now, Batch { heard, missed }) = (Timestamp::now(), batch);
        for Declassification { kind, key, classes, what, .. } in heard {
            let (kind, namespace, name) = (kind.kind, key.namespace.as_deref(), &key.name);
            warn!(kind, namespace, %name, classes = names(classes), what, "declassified");
        }
        self.metrics.declassified(counts(heard, *missed, view.snapshot.world()));
        let mut due = std::mem::take(&mut self.unrecorded);
        due.extend(record::due(heard, now));
        self.unrecorded = record_all(&self.recorder, due, &self.metrics).await.unrecorded;
        for event in events(heard, *missed, &self.identity, now) {
            create_or_warn(&self.client, &event).await;
        }
        self.owed.extend(last(heard, view.snapshot.world(), now));
        for (class, message) in std::mem::take(&mut self.owed) {
            let Some(status) = condition(&class, &message, &view, now) else { continue };
            if let Err(error) = apply(&self.client, &status, FIELD_MANAGER).await {
                let error = crate::chain(&error);
                warn!(%class, error, "a condition could not be written; it is tried again");
                self.owed.insert(class, message);
            }
        }
    }
}
