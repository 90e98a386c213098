//! Keeping namespaces closed, while we lead. (client)

use std::sync::Arc;
use std::time::Duration;

use bund_engine::Timestamp;
use bund_engine::egress::MANAGED_BY;
use bund_ledger::{Draft, Invalid};
use futures::stream::{self, BoxStream, SelectAll, StreamExt};
use kube::api::DynamicObject;
use kube::runtime::watcher::{self, Config, Event};
use kube::{Api, Client};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use super::FIELD_MANAGER;
use super::attempts::Tried;
use super::kind::Kind;
use super::plan::{Action, Memory, Planned, Stage, plan};
use super::stored::Stored;
use super::teller::Teller;
use super::told::told;
use super::wanted::Wanted;
use super::write::{Outcome, write};
use crate::controller::plan::Unseen;
use crate::index::{Index, SubjectKey, View, is_absent, patiently};
use crate::metrics::Metrics;
use crate::own_status::{OwnStatus, apply};
use crate::recorder::{Act, Outbox, evictions};

/// Writes at a time.
const AT_ONCE: usize = 8;
/// Objects per page of a list: what is held in memory at once while lists are read.
const PAGE: u32 = 250;
/// Events of a watch that are taken in together.
const TOGETHER: usize = 256;
/// The shortest and the longest rest after a pass.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));
/// After which time a status that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Keeps namespaces closed.
pub struct Closer {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    /// That of ClusterNetworkPolicies.
    priority: u16,
    teller: Teller,
    /// Where evictions go on record.
    outbox: Outbox,
    stored: Stored,
    memory: Memory,
    unseen: Unseen,
}

type Watched = (Kind, watcher::Result<Event<DynamicObject>>);

impl Closer {
    /// A closer that has written nothing yet, tells of what it mends under the name `identity`, and counts in `metrics`. Its
    /// ClusterNetworkPolicies have this `priority`.
    pub fn new(
        client: Client,
        index: Arc<Index>,
        metrics: Metrics,
        identity: String,
        outbox: Outbox,
        priority: u16,
    ) -> Self {
        let teller = Teller::new(client.clone(), metrics.clone(), identity);
        let (stored, memory, unseen) = (Stored::default(), Memory::default(), Unseen::default());
        Self { client, index, metrics, priority, teller, outbox, stored, memory, unseen }
    }

    /// Writes what differs on every change of the facts and of what is stored, and when something ends by itself, for ever.
    pub async fn run(mut self) {
        let mut revisions = self.index.revisions();
        if revisions.wait_for(|revision| revision.ready).await.is_err() {
            return;
        }
        let mut watches = self.watches().ready_chunks(TOGETHER);
        loop {
            let whole = revisions.borrow_and_update().whole;
            let Some(Rest { at_least, next }) = self.pass(whole).await else { return };
            sleep(at_least).await;
            let by_itself = async {
                match next {
                    Some(moment) => sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = by_itself => {}
                changed = revisions.changed() => if changed.is_err() { return },
                Some(events) = watches.next() => self.take(events),
            }
        }
    }

    fn take(&mut self, events: Vec<Watched>) {
        for (kind, event) in events {
            match event {
                Ok(event) => self.stored.take(kind, &event),
                // Only of what somebody may install: NetworkPolicies are part of Kubernetes.
                Err(error) if kind == Kind::Cluster && is_absent(&error) => self.stored.vanish(kind),
                Err(error) => {
                    let (kind, error) = (kind.as_str(), crate::chain(&error));
                    warn!(kind, error, "watching policies that close egress failed; it is tried again");
                }
            }
        }
    }

    /// One pass over the facts; `None` where we are stopping. Nothing is written before it is known what is stored.
    async fn pass(&mut self, whole: bool) -> Option<Rest> {
        let began = Instant::now();
        if !self.stored.is_listed() {
            return Some(Rest { at_least: REST.0, next: None });
        }
        let (view, now) = (self.index.view(), Timestamp::now());
        let (wanted, planned) = self.plan(&view, whole, now).await?;
        let took = began.elapsed();
        self.write_all(planned.writes).await;
        let told = self.tell(view, wanted, now).await?;
        let by_itself = told.wake.map(|moment| {
            let left = Duration::try_from(moment.duration_since(Timestamp::now())).unwrap_or_default();
            Instant::now() + left
        });
        let retry = told.failed.then(|| Instant::now() + RETRY);
        let rests = self.memory.attempts.next();
        let next = [planned.next, by_itself, retry, rests].into_iter().flatten().min();
        Some(Rest { at_least: took.clamp(REST.0, REST.1), next })
    }

    async fn plan(
        &mut self,
        view: &Arc<View>,
        whole: bool,
        now: Timestamp,
    ) -> Option<(Arc<Wanted>, Planned)> {
        let (view, stored) = (view.clone(), std::mem::take(&mut self.stored));
        let (mut memory, priority) = (std::mem::take(&mut self.memory), self.priority);
        // Everything is looked at: work for a thread of its own, not for one that answers.
        let planned = tokio::task::spawn_blocking(move || {
            let wanted = Wanted::of(&view.snapshot, |kind| stored.is_served(kind), priority, now);
            let planned = plan(&wanted, &stored, &view.snapshot, whole, &mut memory, Instant::now());
            (Arc::new(wanted), planned, stored, memory)
        });
        // Where it fails nothing is known any more of what is stored: whoever is started next begins anew.
        let (wanted, planned, stored, memory) = planned.await.ok()?;
        (self.stored, self.memory) = (stored, memory);
        Some((wanted, planned))
    }

    /// Does all writes, stage by stage.
    async fn write_all(&mut self, mut writes: Vec<(Stage, Action)>) {
        for stage in Stage::ALL {
            let of_stage: Vec<_> = writes.extract_if(.., |(when, _)| *when == stage).collect();
            let this = &*self;
            let written = stream::iter(of_stage).map(async |(_, action)| {
                this.record(&action).await;
                let outcome = write(&this.client, &action).await;
                (action, outcome)
            });
            let written: Vec<_> = written.buffer_unordered(AT_ONCE).collect().await;
            for (action, outcome) in written {
                self.learn(action, outcome).await;
            }
        }
    }

    /// Puts on record what is about to be done, where it is tried for the first time.
    async fn record(&self, action: &Action) {
        if !self.memory.attempts.has_tried(&action.target(), action.what()) {
            self.outbox.before(entries(Act::Evicting, action)).await;
        }
    }

    /// Takes in how a write ended, and tells it.
    async fn learn(&mut self, action: Action, outcome: Outcome) {
        let Outcome { tried, stored } = outcome;
        self.teller.wrote(&action, &tried, stored.as_ref()).await;
        if tried == Tried::Done {
            self.outbox.after(entries(Act::Evicted, &action));
        }
        let target = action.target();
        match (&action, stored) {
            (Action::Apply { key, .. }, Some(stored)) => {
                if tried == Tried::Done {
                    self.memory.wrote(key, &stored);
                }
                self.stored.insert(key.clone(), stored);
            }
            (Action::Delete { key, uid }, _) if tried == Tried::Done => self.stored.remove(key, uid),
            _ => {}
        }
        match (&action, &tried) {
            // What is stored says so.
            (Action::Apply { .. } | Action::Delete { .. }, Tried::Done) => {
                self.memory.attempts.forget(&target);
            }
            _ => self.memory.attempts.tried(target, action.what(), tried, Instant::now()),
        }
    }

    /// Writes the conditions that differ.
    async fn tell(&mut self, view: Arc<View>, wanted: Arc<Wanted>, now: Timestamp) -> Option<Told> {
        let (stored, memory) = (std::mem::take(&mut self.stored), std::mem::take(&mut self.memory));
        let mut unseen = std::mem::take(&mut self.unseen);
        let planned = tokio::task::spawn_blocking(move || {
            let told = told(&view, &wanted, &stored, &memory, &mut unseen, now);
            (told, stored, memory, unseen)
        });
        let (told, stored, memory, unseen) = planned.await.ok()?;
        (self.stored, self.memory, self.unseen) = (stored, memory, unseen);
        self.metrics.egress().stands(&told.figures);
        let mut failed = false;
        for write in told.writes {
            let OwnStatus { kind, namespace, name, .. } = &write.own;
            let namespace = namespace.as_deref();
            match apply(&self.client, &write.own, FIELD_MANAGER).await {
                Ok(true) => self.unseen.written(write),
                Ok(false) => {}
                Err(error) => {
                    failed = true;
                    let error = crate::chain(&error);
                    warn!(kind, namespace, %name, error, "a status could not be written; it is tried again");
                }
            }
        }
        Some(Told { failed, wake: told.wake })
    }

    fn watches(&self) -> SelectAll<BoxStream<'static, Watched>> {
        let (key, value) = MANAGED_BY;
        let config = Config::default().labels(&format!("{key}={value}")).page_size(PAGE);
        let kinds = Kind::ALL.map(|kind| {
            let all: Api<DynamicObject> = Api::all_with(self.client.clone(), &kind.resource());
            let events = watcher::watcher(all, config.clone());
            patiently(events, |event| !matches!(event, Event::Init)).map(move |event| (kind, event)).boxed()
        });
        info!("namespaces are kept closed");
        stream::select_all(kinds)
    }
}

/// What the ledger takes of a write: evictions alone. Of policies and marks it holds the transfers that open them.
fn entries(act: Act, action: &Action) -> Vec<Result<Draft, Invalid>> {
    match action {
        Action::Evict { pod: (namespace, name), uid, grounds } => {
            evictions(act, &SubjectKey::pod(namespace, name), uid, grounds, Timestamp::now())
        }
        Action::Apply { .. } | Action::Delete { .. } | Action::Mark(_) => Vec::new(),
    }
}

/// What came of telling.
struct Told {
    failed: bool,
    /// When something that is told changes by itself.
    wake: Option<Timestamp>,
}

/// When the next pass may come, and when it comes by itself.
struct Rest {
    at_least: Duration,
    next: Option<Instant>,
}
