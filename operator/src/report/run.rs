//! Keeping the reports, while we lead. (client)

use std::pin::pin;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use kube::api::DynamicObject;
use kube::runtime::watcher::{self, Config, Event};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tracing::{debug, info, warn};

use super::api::{ReportApi, Scope};
use super::plan::{Attempts, Planned, Write, plan};
use super::stored::{ReportKey, Stored};
use super::sweep::sweep;
use super::wanted::Wanted;
use super::write::{Learnt, Outcome, write};
use super::{ours, served};
use crate::audit::Audited;
use crate::index::{is_absent, patiently};
use crate::metrics::Metrics;

/// Writes at a time.
const AT_ONCE: usize = 8;
/// Objects per page of a list: what is held in memory at once while lists are read.
const PAGE: u32 = 250;
/// Events of a watch that are taken in together.
const TOGETHER: usize = 256;
/// From one question which API is served to the next.
const ABSENCE: Duration = Duration::from_secs(10);
/// The same after a question that nobody answered.
const RETRY: Duration = Duration::from_secs(5);
/// From the end of a watch to the next question.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest and the longest rest after a pass.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

/// Keeps the reports.
pub struct Reporter {
    client: Client,
    metrics: Metrics,
    audited: watch::Receiver<Option<Audited>>,
    attempts: Attempts,
}

impl Reporter {
    /// A reporter that has written nothing yet, tells what is `audited` and counts in `metrics`.
    pub fn new(client: Client, metrics: Metrics, audited: watch::Receiver<Option<Audited>>) -> Self {
        Self { client, metrics, audited, attempts: Attempts::default() }
    }

    /// Writes what differs on every change of the audit and of the reports, for ever. Nothing is written before the first
    /// audit: half of one would take reports away.
    pub async fn run(mut self) {
        if self.audited.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let mut known = None;
        loop {
            match served::best(&self.client).await {
                Ok(api) => {
                    if known != Some(api) {
                        known = Some(api);
                        self.tell(api);
                    }
                    match api {
                        Some(api) => {
                            self.keep(api).await;
                            // Served a moment ago: the two answers will agree soon.
                            sleep(PAUSE).await;
                        }
                        None => sleep(ABSENCE).await,
                    }
                }
                Err(error) => {
                    let error = crate::chain(&error);
                    warn!(error, "asking in which API reports can be written failed; it is tried again");
                    sleep(RETRY).await;
                }
            }
        }
    }

    fn tell(&self, api: Option<ReportApi>) {
        self.metrics.reported_in(api);
        if let Some(api) = api {
            info!(api = api.api_version(), "findings are written into reports");
        } else {
            warn!(
                "no reports are written: the API server serves neither openreports.io/v1alpha1 nor \
                 wgpolicyk8s.io/v1alpha2; they are written as soon as it does"
            );
        }
    }

    /// Keeps reports in `api` until it vanishes or there is a better one.
    async fn keep(&mut self, api: ReportApi) {
        let watches = Scope::ALL.map(|scope| watch_reports(&self.client, api, scope).boxed());
        let mut watches = stream::select_all(watches).ready_chunks(TOGETHER);
        let client = self.client.clone();
        let mut sweeping = pin!(swept(&client, api.other()));
        let (mut stored, mut wanted) = (Stored::default(), Wanted::none(api));
        let mut question = interval(ABSENCE);
        question.set_missed_tick_behavior(MissedTickBehavior::Delay);
        question.reset();
        let mut due = Some(Instant::now());
        loop {
            // Until everything was listed, what is there looks as if it were missing.
            let pass = due.filter(|_| stored.is_listed());
            tokio::select! {
                events = watches.next() => {
                    let Some(events) = events else { return };
                    for (scope, event) in events {
                        match event {
                            Ok(event) => stored.take(scope, &event),
                            Err(error) if is_absent(&error) => return,
                            Err(error) => {
                                let error = crate::chain(&error);
                                warn!(error, "watching reports failed; it is tried again");
                            }
                        }
                    }
                    due = Some(sooner(due, Instant::now() + REST.0));
                }
                changed = self.audited.changed() => {
                    if changed.is_err() { return }
                    due = Some(sooner(due, Instant::now()));
                }
                () = at(pass), if pass.is_some() => {
                    let begun = Instant::now();
                    let next = self.pass(&mut wanted, &mut stored).await;
                    sleep(begun.elapsed().clamp(REST.0, REST.1)).await;
                    due = next;
                }
                () = &mut sweeping => {}
                _ = question.tick() => {
                    if served::best(&client).await.is_ok_and(|best| best != Some(api)) { return }
                }
            }
        }
    }

    /// One pass; when the next one is due, whatever happens.
    async fn pass(&mut self, wanted: &mut Wanted, stored: &mut Stored) -> Option<Instant> {
        let audited = self.audited.borrow_and_update().clone()?;
        let mut updated = std::mem::replace(wanted, Wanted::none(wanted.api));
        // The first pass composes every report: work for a thread of its own, not for one that answers.
        let update = tokio::task::spawn_blocking(move || {
            updated.update(&audited.owners);
            updated
        });
        // It fails only where we are stopping.
        *wanted = update.await.ok()?;
        let Planned { writes, next } = plan(wanted, stored, &mut self.attempts, Instant::now());
        // What came of the writes is looked at once more.
        let next = if writes.is_empty() { next } else { Some(Instant::now()) };
        self.write_all(wanted.api, writes, stored).await;
        self.metrics.reports(stored.len(), wanted.overflow);
        next
    }

    async fn write_all(&mut self, api: ReportApi, writes: Vec<Write>, stored: &mut Stored) {
        let client = &self.client;
        let written = stream::iter(writes).map(async |planned| (write(client, api, &planned).await, planned));
        let written: Vec<_> = written.buffer_unordered(AT_ONCE).collect().await;
        if !written.is_empty() {
            debug!(writes = written.len(), "reports were written");
        }
        let mut errors = Vec::new();
        for (Outcome { written, stored: now, error }, planned) in written {
            self.metrics.report_written(written);
            self.attempts.tried(&planned, Instant::now());
            if let Some(error) = error {
                errors.push((planned.key.clone(), error));
            }
            match now {
                Learnt::Stored(report) => stored.insert(planned.key, report),
                Learnt::Gone => stored.remove(&planned.key),
                Learnt::Nothing => {}
            }
        }
        if let Some((ReportKey { namespace, name }, error)) = errors.first() {
            let reports = errors.len();
            warn!(reports, %namespace, %name, error, "reports could not be written, this one first; it is tried again");
        }
    }
}

/// What a watch of our reports of a scope shows.
fn watch_reports(
    client: &Client,
    api: ReportApi,
    scope: Scope,
) -> impl Stream<Item = (Scope, watcher::Result<Event<DynamicObject>>)> + Send + use<> {
    let reports: Api<DynamicObject> = Api::all_with(client.clone(), &api.resource(scope));
    let events = watcher::watcher(reports, Config::default().labels(&ours()).page_size(PAGE));
    patiently(events, |event| !matches!(event, Event::Init)).map(move |event| (scope, event))
}

/// Takes away our reports in `api`, once, and does not end.
async fn swept(client: &Client, api: ReportApi) {
    while !sweep(client, api).await {
        sleep(ABSENCE).await;
    }
    std::future::pending::<()>().await;
}

/// The sooner of two moments.
fn sooner(known: Option<Instant>, other: Instant) -> Instant {
    known.map_or(other, |known| known.min(other))
}

/// Waits for a moment, if there is one.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
