//! The working view and what readers see of it. (pure)

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bund_crds::Uid;
use bund_engine::snapshot::Geography;
use tokio::sync::{broadcast, mpsc, watch};

use super::listen::{Listener, Listeners};
use super::{Change, Declassification, KINDS, KeptWatch, Purpose, Touched, View, WatchedKind};

/// Declassifications that wait for whoever tells of them. Where there are more, only their number is told.
const UNTOLD: usize = 256;

/// Which view is published, and whether it can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Grows with every view.
    pub number: u64,
    /// Grows with every view in which something may hold other classes than before.
    pub classes: u64,
    /// Grows with every view in which transfers may stand otherwise than before.
    pub transfers: u64,
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
    declassified: broadcast::Sender<Declassification>,
    /// Whoever wants to know what is touched.
    listeners: Listeners,
    /// What others know and no watch tells.
    notes: mpsc::Sender<Change>,
}

/// The side that writes.
#[derive(Debug)]
pub(super) struct Publisher {
    index: Arc<Index>,
    revision: watch::Sender<Revision>,
    working: View,
    unlisted: BTreeSet<(&'static str, &'static str)>,
    /// How many changes were taken in that classes may rest on.
    classes: u64,
    /// How many changes were taken in that transfers may rest on.
    transfers: u64,
    /// What the changes touch that are not published yet.
    touched: Touched,
}

/// An index that knows nothing yet and passes on to `notes` what it is told, and its writer.
pub(super) fn new(notes: mpsc::Sender<Change>) -> (Arc<Index>, Publisher) {
    let (sender, receiver) = watch::channel(Revision::default());
    let (declassified, _) = broadcast::channel(UNTOLD);
    let index = Arc::new(Index {
        view: ArcSwap::default(),
        revision: receiver,
        declassified,
        listeners: Listeners::default(),
        notes,
    });
    let mut working = View::default();
    // A process knows of no watch until it has seen it.
    working.apply(&Change::WatchKept(KeptWatch::Unseen));
    let publisher = Publisher {
        index: index.clone(),
        revision: sender,
        working,
        unlisted: KINDS.iter().map(WatchedKind::group_and_kind).collect(),
        classes: 0,
        transfers: 0,
        touched: Touched::default(),
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

    /// What is declassified from now on.
    pub fn declassifications(&self) -> broadcast::Receiver<Declassification> {
        self.declassified.subscribe()
    }

    /// Tells what is touched from now on; everything, at first.
    pub fn listen(&self) -> Listener {
        self.listeners.add()
    }

    /// Takes in that transfers ended, as somebody says who knows more than the store. In this process they do not come back.
    pub async fn note_ended(&self, uids: Vec<Uid>) {
        // It fails where we are stopping.
        let _ = self.notes.send(Change::Ended(uids)).await;
    }

    /// Takes in what databases say of addresses from now on.
    pub async fn note_geography(&self, geography: Geography) {
        // It fails where we are stopping.
        let _ = self.notes.send(Change::Geography(geography)).await;
    }

    /// Whether decisions can be made from it.
    pub fn is_ready(&self) -> bool {
        self.revision.borrow().ready
    }
}

impl Publisher {
    pub(super) fn apply(&mut self, change: &Change) {
        let told = &self.index.declassified;
        if told.receiver_count() > 0
            && let Some(declassification) = Declassification::of(&self.working, change)
        {
            // It fails where the last listener has just gone.
            drop(told.send(declassification));
        }
        if self.index.listeners.are_there() {
            let before = self.working.clone();
            self.working.apply(change);
            self.touched.add(Touched::by(change, &before, &self.working));
        } else {
            self.working.apply(change);
            // Should somebody listen before this is published, it counts as everything.
            self.touched = Touched::Everything;
        }
        let kind = match change {
            Change::Observed(kind, _) | Change::Gone(kind, _) | Change::Listed(kind) => Some(kind),
            Change::WatchKept(_) | Change::Ended(_) | Change::Geography(_) => None,
        };
        self.classes += u64::from(kind.is_some_and(|kind| kind.bears_on_classes()));
        let of_addresses = matches!(change, Change::Geography(_));
        self.transfers += u64::from(!of_addresses && kind.is_none_or(|kind| kind.bears_on_transfers()));
        if let Change::Listed(kind) = change {
            let was_ready = self.is_ready();
            self.unlisted.remove(&kind.group_and_kind());
            if !was_ready && self.is_ready() {
                self.working.remember_ends();
            }
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        let needed = |kind: &&WatchedKind| kind.purpose == Purpose::Decisions;
        !KINDS.iter().filter(needed).any(|kind| self.unlisted.contains(&kind.group_and_kind()))
    }

    /// Publishes the working view. Before the index is ready nobody reads, so that lists are taken in without
    /// copying.
    pub(super) fn publish(&mut self) {
        if !self.is_ready() {
            return;
        }
        self.index.view.store(Arc::new(self.working.clone()));
        // After the view: whoever is told that something was touched finds it there.
        self.index.listeners.tell(&std::mem::take(&mut self.touched));
        let (whole, classes, transfers) = (self.unlisted.is_empty(), self.classes, self.transfers);
        self.revision.send_modify(|revision| {
            *revision = Revision { number: revision.number + 1, classes, transfers, ready: true, whole };
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_ready_after_the_first_list_of_every_kind_that_decisions_rest_on() {
        let (index, mut publisher) = new(mpsc::channel(1).0);
        for kind in KINDS.iter().filter(|kind| kind.purpose == Purpose::Decisions) {
            assert!(!index.is_ready(), "{} is missing", kind.plural);
            publisher.apply(&Change::Listed(kind));
            publisher.publish();
        }
        assert!(index.is_ready());
        assert!(!index.revisions().borrow().whole);
    }

    #[test]
    fn heartbeats_of_nodes_and_workloads_leave_classes_as_they_are() {
        let (_, mut publisher) = new(mpsc::channel(1).0);
        let mut counted = |kind: &str| {
            let before = publisher.classes;
            publisher.apply(&Change::Listed(KINDS.iter().find(|watched| watched.kind == kind).unwrap()));
            publisher.classes - before
        };
        assert_eq!(
            ["Node", "Deployment", "Pod", "DataClass", "Namespace"].map(&mut counted),
            [0, 0, 1, 1, 1]
        );
    }
}
