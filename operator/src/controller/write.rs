//! Writing statuses while we lead. (client)

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bund_engine::Timestamp;
use bund_engine::snapshot::Glass;
use kube::Client;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::plan::{Planned, Unseen, plan};
use crate::audit::Audited;
use crate::index::Index;
use crate::metrics::Metrics;
use crate::own_status::{OwnStatus, apply};

/// Who owns the statuses.
const FIELD_MANAGER: &str = "bund-operator-status";
/// From the end of one pass to the next at least: pods come and go by the hundred.
const PAUSE: Duration = Duration::from_millis(500);

/// Keeps the status of our own kinds.
pub struct Controller {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    audited: watch::Receiver<Option<Audited>>,
    unseen: Unseen,
    /// The glasses that were broken at the last pass.
    broken: BTreeSet<Box<str>>,
}

/// When there is something to do again.
enum Next {
    /// At once: something failed.
    Now,
    /// At this moment, when something ends by itself.
    At(Timestamp),
    /// When the facts change.
    OnChange,
}

async fn sleep_until(moment: Timestamp) {
    let left = moment.duration_since(Timestamp::now());
    sleep(Duration::try_from(left).unwrap_or_default()).await;
}

impl Controller {
    /// A controller that has written nothing yet, tells what is `audited` and counts in `metrics`.
    pub fn new(
        client: Client,
        index: Arc<Index>,
        metrics: Metrics,
        audited: watch::Receiver<Option<Audited>>,
    ) -> Self {
        Self { client, index, metrics, audited, unseen: Unseen::default(), broken: BTreeSet::new() }
    }

    /// Writes what differs on every change of the index and of the audit, for ever. Nothing is written before the first
    /// audit: half of one would tell that nothing is refused.
    pub async fn run(mut self) {
        let mut revisions = self.index.revisions();
        if self.audited.wait_for(Option::is_some).await.is_err() {
            return;
        }
        loop {
            revisions.mark_unchanged();
            let next = self.pass().await;
            sleep(PAUSE).await;
            let by_itself = async {
                match next {
                    Next::Now => {}
                    Next::At(moment) => sleep_until(moment).await,
                    Next::OnChange => std::future::pending().await,
                }
            };
            tokio::select! {
                () = by_itself => {}
                changed = revisions.changed() => if changed.is_err() { return },
                changed = self.audited.changed() => if changed.is_err() { return },
            }
        }
    }

    /// One pass over the facts.
    async fn pass(&mut self) -> Next {
        let view = self.index.view();
        let audited = self.audited.borrow_and_update().clone().unwrap_or_default();
        let mut unseen = std::mem::take(&mut self.unseen);
        // Locating every node is work for a thread of its own, not for one that answers.
        let planned = tokio::task::spawn_blocking(move || {
            (plan(&view, &audited, &mut unseen, Timestamp::now()), unseen)
        });
        let Ok((planned, unseen)) = planned.await else { return Next::Now };
        let next = planned.next();
        let Planned { writes, broken } = planned;
        self.unseen = unseen;
        self.tell_broken(&broken);
        let mut failed = false;
        for write in writes {
            let OwnStatus { kind, name, .. } = &write.own;
            debug!(kind, name, "writing a status");
            match apply(&self.client, &write.own, FIELD_MANAGER).await {
                Ok(true) => self.unseen.written(write),
                Ok(false) => {}
                Err(error) => {
                    failed = true;
                    warn!(
                        kind,
                        name,
                        error = crate::chain(&error),
                        "a status could not be written; it is tried again"
                    );
                }
            }
        }
        match next {
            _ if failed => Next::Now,
            Some(moment) => Next::At(moment),
            None => Next::OnChange,
        }
    }

    /// Says which glass was broken, and which is whole again, once.
    fn tell_broken(&mut self, broken: &[Glass]) {
        self.metrics.break_glass(broken.len());
        let now: BTreeSet<Box<str>> = broken.iter().map(|glass| glass.name.clone()).collect();
        for glass in broken.iter().filter(|glass| !self.broken.contains(&glass.name)) {
            let Glass { name, reason, requested_by, namespaces, since: _, until } = glass;
            warn!(%name, %requested_by, ?namespaces, ?until, %reason, "glass is broken: Deny acts as Warn");
        }
        for name in self.broken.difference(&now) {
            warn!(%name, "glass is whole again");
        }
        self.broken = now;
    }
}
