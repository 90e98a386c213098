//! Following one kind. (client)

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, Stream};
use futures::{StreamExt, pin_mut};
use kube::api::DynamicObject;
use kube::core::{ApiResource, PartialObjectMeta};
use kube::runtime::watcher::{self, Config, Event, Result};
use kube::{Api, Client};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::roster::{Roster, Watched};
use super::store::Store;
use super::{Change, Detail, Presence, WatchedKind, served};
use crate::backoff::backoff;
use crate::metrics::Metrics;

/// Objects per page of a list: what is held in memory at once while lists are read.
const PAGE: u32 = 250;

/// Longer than any try to connect takes before it fails.
const SILENCE: Duration = Duration::from_secs(40);

/// The longest pause after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// From one question for an absent kind to the next.
const ABSENCE: Duration = Duration::from_secs(30);

/// Follows a kind for ever: lists it, watches it, and lists it again after whatever goes wrong. A required kind that the
/// API server does not serve yet is asked for until it does; an optional one counts as listed meanwhile, with
/// no objects. Ends when nobody takes changes any more.
pub(super) async fn follow(
    client: Client,
    kind: &'static WatchedKind,
    metrics: Metrics,
    store: Arc<Store>,
    changes: mpsc::Sender<Change>,
) {
    let set_back = store.set_back();
    let mut follower =
        Follower { client, kind, metrics, store, set_back, changes, roster: Roster::new(kind) };
    match kind.presence {
        // Whatever ends a watch, the next one begins with a list.
        Presence::Required => while follower.watch(kind.version()).await.is_ok() {},
        Presence::Optional => drop(follower.come_and_go().await),
    }
}

/// Nobody takes changes any more.
struct NobodyListens;

/// What follows one kind.
struct Follower {
    client: Client,
    kind: &'static WatchedKind,
    metrics: Metrics,
    store: Arc<Store>,
    set_back: watch::Receiver<u64>,
    changes: mpsc::Sender<Change>,
    roster: Roster,
}

impl Follower {
    /// Follows an optional kind through presence and absence.
    async fn come_and_go(&mut self) -> std::result::Result<(), NobodyListens> {
        let (resource, group) = (self.kind.plural, self.kind.group);
        let (mut known_absent, mut followed) = (false, false);
        let mut failures = 0_u32;
        loop {
            match served::version(&self.client, self.kind).await {
                Ok(Some(version)) => {
                    info!(resource, group, version, "the API server serves this resource; it is followed");
                    (known_absent, followed) = (false, true);
                    self.watch(version).await?;
                    // Served a moment ago: the two answers will agree soon.
                    failures = failures.saturating_add(1);
                    sleep(backoff(failures, LONGEST_PAUSE)).await;
                }
                Ok(None) => {
                    failures = 0;
                    if !known_absent {
                        known_absent = true;
                        self.vanish(followed).await?;
                    }
                    sleep(ABSENCE).await;
                }
                Err(error) => {
                    self.metrics.watch_broke(self.kind);
                    let error = crate::chain(&error);
                    warn!(resource, group, error, "asking which version is served failed; it is tried again");
                    failures = failures.saturating_add(1);
                    sleep(backoff(failures, LONGEST_PAUSE)).await;
                }
            }
        }
    }

    /// Forgets the kind, which is not there, and was if it was `followed`.
    async fn vanish(&mut self, followed: bool) -> std::result::Result<(), NobodyListens> {
        let (resource, group) = (self.kind.plural, self.kind.group);
        if followed {
            info!(
                resource,
                group, "the API server no longer serves this resource; what was known of it is forgotten"
            );
        } else {
            debug!(resource, group, "the API server does not serve this resource, which is optional");
        }
        let vanished = self.roster.vanish();
        self.send(vanished).await?;
        self.metrics.watch_follows(self.kind);
        Ok(())
    }

    /// Watches the kind in `version`, until the store was set back; one of our own until the watch breaks, an optional one
    /// until it is absent.
    async fn watch(&mut self, version: &str) -> std::result::Result<(), NobodyListens> {
        let resource: ApiResource = self.kind.resource_in(version);
        let (client, config) = (self.client.clone(), Config::default().page_size(PAGE));
        let config = self.kind.only.into_iter().fold(config, Config::fields);
        match self.kind.detail {
            Detail::Whole => {
                let api: Api<DynamicObject> = Api::all_with(client, &resource);
                self.pump(watcher::watcher(api, config)).await
            }
            Detail::Metadata => {
                let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(client, &resource);
                self.pump(watcher::watcher(api, config)).await
            }
        }
    }

    async fn pump<W: Watched + Send>(
        &mut self,
        events: impl Stream<Item = Result<Event<W>>> + Send,
    ) -> std::result::Result<(), NobodyListens> {
        let events = patiently(events, |event| !matches!(event, Event::Init));
        pin_mut!(events);
        loop {
            // A watch that was taken up again and has nothing to tell says nothing at all. If it had broken again, it
            // would have said so by now.
            let event = tokio::select! {
                event = timeout(SILENCE, events.next()) => event,
                _ = self.set_back.changed() => return Ok(()),
            };
            let Ok(event) = event else {
                self.metrics.watch_follows(self.kind);
                continue;
            };
            match event {
                None => return Ok(()),
                Some(Ok(event)) => {
                    if let Event::Apply(object) | Event::InitApply(object) | Event::Delete(object) = &event {
                        self.store.saw(self.kind, object.metadata().resource_version.as_deref());
                    }
                    if !matches!(event, Event::Init) {
                        self.metrics.watch_follows(self.kind);
                    }
                    let changes = self.roster.take(event);
                    self.send(changes).await?;
                }
                Some(Err(error)) if self.kind.presence == Presence::Optional && served::is_absent(&error) => {
                    return Ok(());
                }
                Some(Err(error)) => {
                    self.metrics.watch_broke(self.kind);
                    tell(self.kind, &error);
                    if self.kind.group == bund_crds::GROUP && broke(&error) {
                        sleep(backoff(1, LONGEST_PAUSE)).await;
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn send(&self, changes: Vec<Change>) -> std::result::Result<(), NobodyListens> {
        for change in changes {
            self.changes.send(change).await.map_err(|_| NobodyListens)?;
        }
        Ok(())
    }
}

/// A watch broke that had begun, and would be taken up where it was. For what is short or says what is in effect it is safer
/// to begin with a list: the store may have been set back meanwhile, by less than shows in its revision.
pub(super) fn broke(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(_) | watcher::Error::WatchFailed(_))
}

fn tell(kind: &WatchedKind, error: &watcher::Error) {
    let (resource, group) = (kind.plural, kind.group);
    if !served::is_absent(error) {
        warn!(resource, group, error = crate::chain(error), "watching failed; it is tried again");
    } else if group == bund_crds::GROUP {
        warn!(
            resource,
            group,
            "the API server does not serve this resource; waiting for the custom resource definitions of Bund"
        );
    } else {
        warn!(resource, group, "the API server does not serve this resource; waiting for it");
    }
}

/// The events of a watch with a pause after each error: short at first, because a broken watch is stale knowledge;
/// never long, because an installation waits for its custom resource definitions. Pauses begin anew after an event
/// that is `progress`; the announcement of a list is none, because it comes before every try.
pub(crate) fn patiently<T: Send>(
    events: impl Stream<Item = Result<T>> + Send,
    progress: impl Fn(&T) -> bool + Send,
) -> impl Stream<Item = Result<T>> + Send {
    let state = (Box::pin(events), progress, 0_u32, false);
    stream::unfold(state, |(mut events, progress, mut failures, failed)| async move {
        if failed {
            sleep(backoff(failures, LONGEST_PAUSE)).await;
        }
        let event = events.next().await?;
        match &event {
            Ok(event) if progress(event) => failures = 0,
            Ok(_) => {}
            Err(_) => failures = failures.saturating_add(1),
        }
        let failed = event.is_err();
        Some((event, (events, progress, failures, failed)))
    })
}
