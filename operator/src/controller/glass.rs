//! Putting on record that glass was broken, and that it is whole again, while we lead. (client)

mod due;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bund_engine::Timestamp;
use kube::Client;
use tokio::time::{Instant, sleep};

use crate::index::Index;
use crate::metrics::Metrics;
use crate::transfer::absence::sort_out;
use crate::transfer::record::{InCluster, record_all};
use due::{Planned, plan};

/// From the end of one pass to the next at least.
const PAUSE: Duration = Duration::from_millis(500);
/// After which time what failed is tried again, and what was written is looked for again.
const RETRY: Duration = Duration::from_secs(5);
/// The longest wait for something that happens by itself.
const LONGEST: Duration = Duration::from_mins(10);

/// Puts broken glass on record.
pub struct Glazier {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    recorder: InCluster,
    /// What was recorded and the watch has not shown yet, and until when it is waited for.
    recorded: BTreeMap<Box<str>, Instant>,
}

impl Glazier {
    /// A glazier that has recorded nothing yet.
    pub fn new(client: Client, index: Arc<Index>, metrics: Metrics) -> Self {
        let recorder = InCluster::new(client.clone());
        Self { client, index, metrics, recorder, recorded: BTreeMap::new() }
    }

    /// Records what happens to glass on every change, and when its time is over, for ever.
    pub async fn run(mut self) {
        let mut revisions = self.index.revisions();
        if revisions.wait_for(|revision| revision.ready).await.is_err() {
            return;
        }
        loop {
            revisions.mark_unchanged();
            let wake = self.pass().await;
            sleep(PAUSE).await;
            tokio::select! {
                () = sleep(wake) => {}
                changed = revisions.changed() => if changed.is_err() { return },
            }
        }
    }

    /// One pass: after which time to look again if nothing changes.
    async fn pass(&mut self) -> Duration {
        let view = self.index.view();
        let Planned { mut due, wake } = plan(&view, Timestamp::now());
        let now = Instant::now();
        self.recorded.retain(|_, until| now < *until);
        due.retain(|due| !self.recorded.contains_key(&due.name));
        let (due, doubtful) = sort_out(&self.client, due).await;
        let outcome = record_all(&self.recorder, due, &self.metrics).await;
        let until = Instant::now() + RETRY;
        self.recorded.extend(outcome.recorded.iter().map(|due| (due.name.clone(), until)));
        if !doubtful.is_empty() || !outcome.unrecorded.is_empty() {
            return RETRY;
        }
        let left = |moment: Timestamp| moment.duration_since(Timestamp::now()).try_into().unwrap_or_default();
        wake.map_or(LONGEST, left).min(LONGEST)
    }
}
