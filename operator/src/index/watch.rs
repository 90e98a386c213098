//! Following one kind. (client)

use std::fmt::Debug;
use std::time::Duration;

use futures::{Stream, StreamExt, pin_mut};
use kube::api::DynamicObject;
use kube::runtime::utils::{Backoff, StreamBackoff};
use kube::runtime::watcher::{Config, Event, Result};
use kube::runtime::{metadata_watcher, watcher};
use kube::{Api, Client};
use tokio::sync::mpsc;
use tracing::warn;

use super::roster::{Roster, Watched};
use super::{Change, Detail, WatchedKind};

/// Objects per page of a list: what is held in memory at once while lists are read.
const PAGE: u32 = 250;

/// Follows a kind for ever: lists it, watches it, and lists it again after whatever goes wrong. A kind that the
/// API server does not serve yet is asked for until it does. Ends when nobody takes changes any more.
pub(super) async fn follow(client: Client, kind: &'static WatchedKind, changes: mpsc::Sender<Change>) {
    let api: Api<DynamicObject> = Api::all_with(client, &kind.resource());
    let config = Config::default().page_size(PAGE);
    match kind.detail {
        Detail::Whole => pump(watcher(api, config), kind, changes).await,
        Detail::Metadata => pump(metadata_watcher(api, config), kind, changes).await,
    }
}

async fn pump<W: Watched + Debug>(
    events: impl Stream<Item = Result<Event<W>>>,
    kind: &'static WatchedKind,
    changes: mpsc::Sender<Change>,
) {
    let events = StreamBackoff::new(events, Patience::default());
    pin_mut!(events);
    let mut roster = Roster::new(kind);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                for change in roster.take(event) {
                    if changes.send(change).await.is_err() {
                        return;
                    }
                }
            }
            Err(error) => {
                let error = crate::chain(&error);
                warn!(resource = kind.plural, group = kind.group, error, "watching failed; it is tried again");
            }
        }
    }
}

/// Pauses between tries: short at first, because a broken watch is stale knowledge; never long, because an
/// installation waits for its custom resource definitions.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    tries: u32,
}

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = Duration::from_millis(250).saturating_mul(1 << self.tries.min(5));
        self.tries = self.tries.saturating_add(1);
        Some(pause)
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {
        self.tries = 0;
    }
}
