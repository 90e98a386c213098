//! The working view and what readers see of it. (pure)

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::{Change, KINDS, Purpose, View};

/// Which view is published, and whether it can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Grows with every view.
    pub number: u64,
    /// Every kind that decisions rest on was listed. Once true, always true.
    pub ready: bool,
    /// Every kind was listed, so that reports are whole. Once true, always true.
    pub whole: bool,
}

/// What readers see.
#[derive(Debug)]
pub struct Index {
    view: ArcSwap<View>,
    revision: watch::Receiver<Revision>,
}

/// The side that writes.
#[derive(Debug)]
pub(super) struct Publisher {
    index: Arc<Index>,
    revision: watch::Sender<Revision>,
    working: View,
    unlisted: BTreeSet<&'static str>,
}

/// An index that knows nothing yet, and its writer.
pub(super) fn new() -> (Arc<Index>, Publisher) {
    let (sender, receiver) = watch::channel(Revision::default());
    let index = Arc::new(Index { view: ArcSwap::default(), revision: receiver });
    let publisher = Publisher {
        index: index.clone(),
        revision: sender,
        working: View::default(),
        unlisted: KINDS.iter().map(|kind| kind.plural).collect(),
    };
    (index, publisher)
}

impl Index {
    /// The latest view.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Which view that is; it can be awaited for the next.
    pub fn revisions(&self) -> watch::Receiver<Revision> {
        self.revision.clone()
    }

    /// Whether decisions can be made from it.
    pub fn is_ready(&self) -> bool {
        self.revision.borrow().ready
    }
}

impl Publisher {
    pub(super) fn apply(&mut self, change: &Change) {
        self.working.apply(change);
        if let Change::Listed(kind) = change {
            self.unlisted.remove(kind.plural);
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        let needed = |kind: &&super::WatchedKind| kind.purpose == Purpose::Decisions;
        !KINDS.iter().filter(needed).any(|kind| self.unlisted.contains(kind.plural))
    }

    /// Publishes the working view. Before the index is ready nobody reads, so that lists are taken in without
    /// copying.
    pub(super) fn publish(&self) {
        if !self.is_ready() {
            return;
        }
        self.index.view.store(Arc::new(self.working.clone()));
        let whole = self.unlisted.is_empty();
        self.revision.send_modify(|revision| {
            *revision = Revision { number: revision.number + 1, ready: true, whole };
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_ready_after_the_first_list_of_every_kind_that_decisions_rest_on() {
        let (index, mut publisher) = new();
        for kind in KINDS.iter().filter(|kind| kind.purpose == Purpose::Decisions) {
            assert!(!index.is_ready(), "{} is missing", kind.plural);
            publisher.apply(&Change::Listed(kind));
            publisher.publish();
        }
        assert!(index.is_ready());
        assert!(!index.revisions().borrow().whole);
    }
}
