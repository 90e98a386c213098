//! Telling owners of new findings, as events, while we lead. (client)
//!
//! Reports tell of every finding; events are for whoever looks at the owner. There are few at a time, and what is not
//! told is counted.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use bund_engine::Timestamp;
use futures::{StreamExt, stream};
use k8s_openapi::api::events::v1::Event;
use kube::Client;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use super::recall::Recalled;
use super::wanted::Owners;
use crate::audit::Audited;
use crate::bucket::Bucket;
use crate::index::Index;
use crate::metrics::Metrics;
use plan::{event, news};

/// Events at a time.
const AT_ONCE: usize = 4;
/// How long one event may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells of findings as events.
pub struct Teller {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    identity: String,
    audited: watch::Receiver<Option<Audited>>,
    /// What stored reports knew before the first audit.
    recalled: Option<Recalled>,
    /// What was told of last.
    told: Option<Owners>,
    bucket: Bucket,
}

impl Teller {
    /// A teller that tells what is `audited` under the name `identity`, but for what stored reports tell.
    pub fn new(
        client: Client,
        index: Arc<Index>,
        metrics: Metrics,
        identity: String,
        audited: watch::Receiver<Option<Audited>>,
        recalled: Option<Recalled>,
    ) -> Self {
        let bucket = Bucket::full(Instant::now());
        Self { client, index, metrics, identity, audited, recalled, told: None, bucket }
    }

    /// Tells what is new on every change of the audit, for ever.
    pub async fn run(mut self) {
        if self.audited.wait_for(Option::is_some).await.is_err() {
            return;
        }
        loop {
            self.pass().await;
            if self.audited.changed().await.is_err() {
                return;
            }
        }
    }

    async fn pass(&mut self) {
        let Some(audited) = self.audited.borrow_and_update().clone() else { return };
        let view = self.index.view();
        let news = news(self.told.as_ref(), self.recalled.as_ref(), &audited.owners, &view);
        self.told = Some(audited.owners);
        self.recalled = None;
        let now = Instant::now();
        let all = news.len();
        let chosen: Vec<_> = news.into_iter().take_while(|_| self.bucket.take(now)).collect();
        let mut suppressed = all - chosen.len();
        let identity = &self.identity;
        let client = &self.client;
        let written = stream::iter(chosen)
            .map(async |news| create(client, &event(&news, identity, Timestamp::now())).await);
        let written: Vec<bool> = written.buffer_unordered(AT_ONCE).collect().await;
        suppressed += written.iter().filter(|written| !**written).count();
        if suppressed > 0 {
            debug!(suppressed, "events were not written; reports tell of the same findings");
            self.metrics.events_suppressed(suppressed);
        }
    }
}

/// Creates an event. Whether it is there now.
async fn create(client: &Client, event: &Event) -> bool {
    let namespace = event.metadata.namespace.as_deref().unwrap_or_default();
    match timeout(PATIENCE, crate::event::create(client, event)).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            warn!(namespace, error = crate::chain(&error), "an event could not be written");
            false
        }
        Err(_) => {
            warn!(namespace, "an event could not be written in time");
            false
        }
    }
}
