//! Following one kind. (client)

use std::time::Duration;

use futures::stream::{self, Stream};
use futures::{StreamExt, pin_mut};
use kube::api::DynamicObject;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Config, Event, Result};
use kube::{Api, Client};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::roster::{Roster, Watched};
use super::{Change, Detail, WatchedKind};
use crate::metrics::Metrics;

/// Objects per page of a list: what is held in memory at once while lists are read.
const PAGE: u32 = 250;

/// Longer than any try to connect takes before it fails.
const SILENCE: Duration = Duration::from_secs(40);

/// Follows a kind for ever: lists it, watches it, and lists it again after whatever goes wrong. A kind that the
/// API server does not serve yet is asked for until it does. Ends when nobody takes changes any more.
pub(super) async fn follow(
    client: Client,
    kind: &'static WatchedKind,
    metrics: Metrics,
    changes: mpsc::Sender<Change>,
) {
    let config = Config::default().page_size(PAGE);
    match kind.detail {
        Detail::Whole => {
            let api: Api<DynamicObject> = Api::all_with(client, &kind.resource());
            pump(watcher::watcher(api, config), kind, &metrics, changes).await;
        }
        Detail::Metadata => {
            let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(client, &kind.resource());
            pump(watcher::watcher(api, config), kind, &metrics, changes).await;
        }
    }
}

async fn pump<W: Watched + Send>(
    events: impl Stream<Item = Result<Event<W>>> + Send,
    kind: &'static WatchedKind,
    metrics: &Metrics,
    changes: mpsc::Sender<Change>,
) {
    let events = patiently(events, |event| !matches!(event, Event::Init));
    pin_mut!(events);
    let mut roster = Roster::new(kind);
    loop {
        // A watch that was taken up again and has nothing to tell says nothing at all. If it had broken again, it
        // would have said so by now.
        let Ok(event) = timeout(SILENCE, events.next()).await else {
            metrics.watch_follows(kind);
            continue;
        };
        match event {
            None => return,
            Some(Ok(event)) => {
                if !matches!(event, Event::Init) {
                    metrics.watch_follows(kind);
                }
                for change in roster.take(event) {
                    if changes.send(change).await.is_err() {
                        return;
                    }
                }
            }
            Some(Err(error)) => {
                metrics.watch_broke(kind);
                tell(kind, &error);
            }
        }
    }
}

fn tell(kind: &WatchedKind, error: &watcher::Error) {
    let (resource, group) = (kind.plural, kind.group);
    let not_served = match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status)) => status.code == 404,
        _ => false,
    };
    if not_served && group == bund_crds::GROUP {
        warn!(
            resource,
            group,
            "the API server does not serve this resource; waiting for the custom resource definitions of Bund"
        );
    } else if not_served {
        warn!(resource, group, "the API server does not serve this resource; waiting for it");
    } else {
        warn!(resource, group, error = crate::chain(error), "watching failed; it is tried again");
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
            sleep(pause(failures)).await;
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

/// From a quarter of a second to eight.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(125).saturating_mul(1 << failures.min(6))
}
