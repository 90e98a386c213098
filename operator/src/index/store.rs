//! Whether the API server's store was set back, as after a restore of etcd. (client; what follows is pure)
//!
//! A watch is taken up where it was. In a store that was set back that place lies ahead: the watch would hear nothing until
//! the store has caught up, and never of what happened on the way. So the revision of the store is asked for from time to
//! time, and when it is older than what was seen before, everything is listed again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::{KINDS, WatchedKind};

/// From one question to the next.
const PAUSE: Duration = Duration::from_secs(3);

/// The newest revision that was seen, and how often the store was set back.
///
/// Only our own kinds count: others may lie in a store of their own, whose revisions compare with nothing.
#[derive(Debug, Default)]
pub(super) struct Store {
    newest: AtomicU64,
    set_back: watch::Sender<u64>,
}

impl Store {
    /// Notes the version of an object of `kind`.
    pub(super) fn saw(&self, kind: &WatchedKind, version: Option<&str>) {
        if kind.group == bund_crds::GROUP
            && let Some(revision) = version.and_then(|version| version.parse().ok())
        {
            self.newest.fetch_max(revision, Ordering::Relaxed);
        }
    }

    /// Changes each time when the store turns out to have been set back.
    pub(super) fn set_back(&self) -> watch::Receiver<u64> {
        self.set_back.subscribe()
    }

    fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Takes in the store's revision, which was asked for when `newest` was the newest that was seen. Whether the store was
    /// set back.
    fn take(&self, newest: u64, revision: u64) -> bool {
        let set_back = revision < newest;
        if set_back {
            self.newest.store(revision, Ordering::Relaxed);
            self.set_back.send_modify(|times| *times = times.saturating_add(1));
        } else {
            self.newest.fetch_max(revision, Ordering::Relaxed);
        }
        set_back
    }
}

/// Looks after the store for ever.
pub(super) async fn look_after(client: Client, store: Arc<Store>) {
    let Some(kind) = KINDS.iter().find(|kind| kind.group == bund_crds::GROUP) else { return };
    let api: Api<DynamicObject> = Api::all_with(client, &kind.resource());
    loop {
        sleep(PAUSE).await;
        let newest = store.newest();
        match revision(&api).await {
            Ok(Some(revision)) if store.take(newest, revision) => {
                warn!(newest, revision, "the API server's store was set back; everything is listed again");
            }
            Ok(_) => {}
            // The watches tell what is wrong with the API server.
            Err(error) => debug!(error = crate::chain(&error), "the store's revision cannot be read"),
        }
    }
}

/// The revision of the store now: of a list that no cache may answer from the past.
async fn revision(api: &Api<DynamicObject>) -> kube::Result<Option<u64>> {
    let list = api.list_metadata(&ListParams::default().limit(1)).await?;
    Ok(list.metadata.resource_version.and_then(|version| version.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> &'static WatchedKind {
        KINDS.iter().find(|kind| kind.kind == name).unwrap()
    }

    #[test]
    fn a_store_whose_revision_is_older_than_what_was_seen_was_set_back() {
        let store = Store::default();
        let told = store.set_back();
        store.saw(kind("LedgerEvent"), Some("700"));
        assert!(!store.take(store.newest(), 700));
        assert!(!store.take(store.newest(), 710));
        assert!(store.take(store.newest(), 600), "it was at 710");
        assert!(!store.take(store.newest(), 601), "from there it goes on");
        assert_eq!(*told.borrow(), 1);
    }

    #[test]
    fn what_is_seen_while_the_question_is_under_way_sets_nothing_back() {
        let store = Store::default();
        let asked_at = store.newest();
        store.saw(kind("LedgerEvent"), Some("700"));
        assert!(!store.take(asked_at, 699));
    }

    #[test]
    fn only_our_own_kinds_and_numbers_count() {
        let store = Store::default();
        for (name, version) in [("Pod", Some("900")), ("LedgerEvent", Some("x")), ("LedgerEvent", None)] {
            store.saw(kind(name), version);
        }
        assert_eq!(store.newest(), 0);
    }
}
