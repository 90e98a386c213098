//! Keeping the record of transfers, their statuses, and the watch over them, while we lead. (client)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bund_engine::Timestamp;
use bund_engine::transfer::Due;
use kube::Client;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use super::absence::sort_out;
use super::kept_watch;
use super::plan::{Planned, plan};
use super::record::{InCluster, Outcome, WriteAhead, closes, opens, record_all};
use crate::bucket::Bucket;
use crate::controller::plan::{Unseen, Write};
use crate::event::{Occurrence, create};
use crate::index::{Index, KeptWatch, View};
use crate::ledger::History;
use crate::metrics::Metrics;
use crate::own_status::{OwnStatus, apply};
use crate::recorder::{Held, Unheld};

/// Who owns the statuses.
const FIELD_MANAGER: &str = "bund-transfers";
/// From the end of one pass to the next at least.
const PAUSE: Duration = Duration::from_millis(200);
/// After which time what failed is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// How long a write may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps the record of transfers.
pub struct Clerk {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    identity: String,
    /// Our own namespace.
    namespace: String,
    recorder: InCluster,
    /// What the ledger holds.
    held: Held,
    /// What of it was told to the index.
    learnt: Option<Arc<History>>,
    unseen: Unseen,
    /// What was recorded and the watch has not shown yet, and until when it is waited for.
    recorded: BTreeMap<Box<str>, Instant>,
    /// Why nothing can be recorded.
    failing: Option<String>,
    /// Whether we have not renewed the watch yet.
    takes_over: bool,
    bucket: Bucket,
}

impl Clerk {
    /// A clerk that has written nothing yet and begins to lead now, under the name `identity` and in `namespace`.
    pub fn new(
        client: Client,
        index: Arc<Index>,
        metrics: Metrics,
        identity: String,
        namespace: String,
        held: Held,
    ) -> Self {
        Self {
            recorder: InCluster::new(client.clone()),
            held,
            learnt: None,
            client,
            index,
            metrics,
            identity,
            namespace,
            unseen: Unseen::default(),
            recorded: BTreeMap::new(),
            failing: None,
            takes_over: true,
            bucket: Bucket::full(Instant::now()),
        }
    }

    /// Records and tells what happens on every change that transfers may rest on, and when something begins or ends by
    /// itself, for ever.
    pub async fn run(mut self) {
        let (mut revisions, mut ledger) = (self.index.revisions(), self.held.ledger().clone());
        if revisions.wait_for(|revision| revision.ready).await.is_err() {
            return;
        }
        loop {
            let seen = revisions.borrow_and_update().transfers;
            let wake = self.pass().await;
            sleep(PAUSE).await;
            tokio::select! {
                () = sleep(wake) => {}
                () = ledger.changed() => {}
                changed = revisions.wait_for(|revision| revision.transfers != seen) => {
                    if changed.is_err() { return }
                }
            }
        }
    }

    /// One pass over the facts: after which time to look again if nothing changes.
    async fn pass(&mut self) -> Duration {
        // Before the view is read: what it says of the watch holds from then on.
        let now = Timestamp::now();
        let view = self.index.view();
        let known = view.kept_watch();
        if known == KeptWatch::Unseen {
            debug!("nothing is recorded of transfers before the watch over them was looked at");
            return RETRY;
        }
        let learnt = self.learn().await;
        let Some(planned) = self.plan(&view, now).await else { return RETRY };
        let Planned { due, writes, news, figures, wake } = planned;
        self.metrics.transfers(&figures, known);
        let must_close = due.iter().any(|due| closes(due.spec.event));
        let outcome = self.record(due, &view, learnt).await;
        let clean = outcome.is_closed() && !(must_close && kept_watch::has_lapsed(known, now));
        let renewed = if clean { self.keep_watch(known, now).await } else { None };
        let told = self.write_all(writes).await & self.tell(news).await;
        let failed = !told || !outcome.unrecorded.is_empty() || renewed.is_none();
        let until = |moment: Timestamp| {
            Duration::try_from(moment.duration_since(Timestamp::now())).unwrap_or_default()
        };
        let by_itself = wake.into_iter().chain(renewed).min().map_or(RETRY, until);
        if failed { by_itself.min(RETRY) } else { by_itself }
    }

    /// Takes in what the ledger said when it was opened. What ended there does not come back in this process, whatever the
    /// cluster shows.
    async fn learn(&mut self) -> Result<(), Unheld> {
        self.held.learn().await?;
        let history = self.held.history();
        if history.as_ref().map(Arc::as_ptr) != self.learnt.as_ref().map(Arc::as_ptr) {
            self.index.note_ended(self.held.ended()).await;
            self.learnt = history;
        }
        Ok(())
    }

    async fn plan(&mut self, view: &Arc<View>, now: Timestamp) -> Option<Planned> {
        let (view, failing, held) = (view.clone(), self.failing.clone(), self.held.clone());
        let mut unseen = std::mem::take(&mut self.unseen);
        // Every transfer is assessed: work for a thread of its own, not for one that answers.
        let planned = tokio::task::spawn_blocking(move || {
            let planned = plan(&view, &mut unseen, failing.as_deref(), now);
            (Planned { due: held.recall(planned.due, &view, now), ..planned }, unseen)
        });
        // It fails only where we are stopping.
        let (planned, unseen) = planned.await.ok()?;
        self.unseen = unseen;
        Some(planned)
    }

    /// Records what is due, but for what was recorded a moment ago. Nothing opens where nobody could `learn` what the ledger
    /// says.
    async fn record(&mut self, mut due: Vec<Due>, view: &View, learnt: Result<(), Unheld>) -> Outcome {
        let shown = |name: &str| view.snapshot.transfers().event(name).is_some();
        let now = Instant::now();
        self.recorded.retain(|name, until| now < *until && !shown(name));
        due.retain(|due| !self.recorded.contains_key(&due.name));
        let (mut due, doubtful) = sort_out(&self.client, due).await;
        let unknown = learnt.err().map(|error| crate::chain(&error));
        let shut_out: Vec<_> = due.extract_if(.., |due| unknown.is_some() && opens(due.spec.event)).collect();
        let recorder = WriteAhead { cluster: &self.recorder, held: &self.held, view };
        let mut outcome = record_all(&recorder, due, &self.metrics).await;
        if let Some(why) = unknown.filter(|_| !shut_out.is_empty()) {
            outcome.failure.get_or_insert(why);
        }
        outcome.unrecorded.extend(doubtful.into_iter().chain(shut_out));
        let until = Instant::now() + RETRY;
        self.recorded.extend(outcome.recorded.iter().map(|due| (due.name.clone(), until)));
        self.failing.clone_from(&outcome.failure);
        outcome
    }

    /// Renews the watch if it is time to: when it is time again, or `None` where it could not be renewed.
    async fn keep_watch(&mut self, known: KeptWatch, now: Timestamp) -> Option<Timestamp> {
        let next = kept_watch::next(known, self.takes_over, now)?;
        if now < next {
            return Some(next);
        }
        let renewal = kept_watch::renew(&self.client, &self.namespace, &self.identity, known, now);
        match timeout(PATIENCE, renewal).await {
            Ok(Ok(true)) => {
                self.takes_over = false;
                return kept_watch::next(KeptWatch::Renewed(now), false, now);
            }
            // It is looked at again when it is shown.
            Ok(Ok(false)) => debug!("the Lease of the watch over transfers is not what it was"),
            Ok(Err(error)) => {
                let error = crate::chain(&error);
                warn!(error, "the watch over transfers could not be renewed; it is tried again");
            }
            Err(_) => warn!("the watch over transfers could not be renewed in time; it is tried again"),
        }
        None
    }

    /// Writes statuses; whether all are written.
    async fn write_all(&mut self, writes: Vec<Write>) -> bool {
        let mut all = true;
        for write in writes {
            let OwnStatus { kind, namespace, name, .. } = &write.own;
            let namespace = namespace.as_deref();
            match timeout(PATIENCE, apply(&self.client, &write.own, FIELD_MANAGER)).await {
                Ok(Ok(true)) => self.unseen.written(write),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    all = false;
                    let error = crate::chain(&error);
                    warn!(kind, namespace, %name, error, "a status could not be written; it is tried again");
                }
                Err(_) => {
                    all = false;
                    warn!(kind, namespace, %name, "a status could not be written in time; it is tried again");
                }
            }
        }
        all
    }

    /// Creates Events, as many as there may be at a time; whether the API server took them.
    async fn tell(&mut self, news: Vec<Occurrence<'static>>) -> bool {
        let mut suppressed = 0;
        let mut all = true;
        for news in news {
            if !self.bucket.take(Instant::now()) {
                suppressed += 1;
                continue;
            }
            let event = news.event(&self.identity, Timestamp::now());
            let created = timeout(PATIENCE, create(&self.client, &event)).await;
            if let Ok(Ok(())) = created {
                continue;
            }
            all = false;
            suppressed += 1;
            let error = created.ok().and_then(Result::err).map(|error| crate::chain(&error));
            warn!(error, "an event about a transfer could not be written; its status tells the same");
        }
        if suppressed > 0 {
            self.metrics.events_suppressed(suppressed);
        }
        all
    }
}
