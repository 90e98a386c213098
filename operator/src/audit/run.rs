//! Keeping the audit, while we lead. (client of nobody: it only reads the index)

use std::sync::Arc;
use std::time::Duration;

use bund_engine::snapshot::Watch;
use bund_engine::{Snapshot, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, warn};

use super::state::{Audit, Audited, Since};
use crate::index::{Index, Listener, Touched};
use crate::metrics::{Metrics, Pass};

/// From one full pass to the next. Everything is told as it changes; this finds what that missed.
const FULL: Duration = Duration::from_mins(10);
/// The longest rest after a pass.
const REST: Duration = Duration::from_millis(500);

/// Keeps the audit.
pub struct Auditor {
    index: Arc<Index>,
    metrics: Metrics,
    listener: Listener,
    audit: Audit,
    told: watch::Sender<Option<Audited>>,
}

impl Auditor {
    /// An auditor that knows nothing yet.
    pub fn new(index: Arc<Index>, metrics: Metrics) -> Self {
        let (told, _) = watch::channel(None);
        let listener = index.listen();
        Self { index, metrics, listener, audit: Audit::default(), told }
    }

    /// The same auditor, which knows since when these findings are known.
    #[must_use]
    pub fn remembering(mut self, since: Since) -> Self {
        self.audit = Audit::new(since);
        self
    }

    /// What it finds, from the first pass on.
    pub fn audited(&self) -> watch::Receiver<Option<Audited>> {
        self.told.subscribe()
    }

    /// Judges what is touched on every change of the index, and everything now and then, for ever. Not before every kind
    /// was listed: half a list would tell that nothing is wrong.
    pub async fn run(mut self) {
        let mut revisions = self.index.revisions();
        if revisions.wait_for(|revision| revision.whole).await.is_err() {
            return;
        }
        let mut full = Full::due();
        loop {
            revisions.mark_unchanged();
            let waiting = self.listener.take();
            let touched = if full.is_due() { Touched::Everything } else { waiting.clone() };
            let begun = Instant::now();
            let everything = touched == Touched::Everything;
            if !touched.is_empty() {
                self.pass(touched, waiting.is_empty()).await;
            }
            full = if everything { Full::after(&self.index) } else { full.or_after(&self.index) };
            // Rests as long as it thought: an idle cluster is answered at once, a busy one costs half a core at most.
            sleep(begun.elapsed().min(REST)).await;
            tokio::select! {
                () = sleep_until(full.at) => {}
                changed = revisions.changed() => if changed.is_err() { return },
            }
        }
    }

    /// One pass. Where `nothing_waited`, and nothing was touched meanwhile, it must find nothing.
    async fn pass(&mut self, touched: Touched, nothing_waited: bool) {
        let (view, mut audit) = (self.index.view(), std::mem::take(&mut self.audit));
        let begun = Instant::now();
        let kind = if touched == Touched::Everything { Pass::Full } else { Pass::Touched };
        // Judging is work for a thread of its own, not for one that answers.
        let judged = tokio::task::spawn_blocking(move || {
            let changed = audit.pass(&view, &touched, Timestamp::now());
            (changed, audit.audited(), audit)
        });
        // It fails only where we are stopping.
        let Ok((changed, audited, audit)) = judged.await else { return };
        self.audit = audit;
        self.metrics.audited(kind, begun.elapsed());
        debug!(?kind, changed, took = ?begun.elapsed(), "audited");
        if nothing_waited && changed > 0 && !self.listener.has_news() {
            self.metrics.audit_corrected(changed);
            warn!(changed, "a full pass found what no change had touched; please report this with your log");
        }
        self.metrics.findings(audited.reasons.iter().map(|(reason, count)| (*reason, *count)));
        self.metrics.policies(audited.policies.iter().map(|(name, totals)| (name.as_str(), totals)));
        let differs = self.told.borrow().as_ref() != Some(&audited);
        if differs {
            self.told.send_replace(Some(audited));
        }
    }
}

/// When the next full pass is due.
struct Full {
    at: Instant,
}

impl Full {
    fn due() -> Self {
        Self { at: Instant::now() }
    }

    fn is_due(&self) -> bool {
        self.at <= Instant::now()
    }

    /// After a while, or when something ends by itself that lets through what would be wrong without.
    fn after(index: &Index) -> Self {
        let now = Timestamp::now();
        let view = index.view();
        let left =
            next_end(&view.snapshot, now).and_then(|end| Duration::try_from(end.duration_since(now)).ok());
        Self { at: Instant::now() + left.map_or(FULL, |left| left.min(FULL)) }
    }

    /// At the same time, or before, where something ends earlier by now.
    fn or_after(self, index: &Index) -> Self {
        Self { at: self.at.min(Self::after(index).at) }
    }
}

/// When a broken glass, a transfer or the watch over transfers ends by itself next. What begins is recorded then, and that
/// touches what it covers.
fn next_end(snapshot: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    let glasses = snapshot.world().glasses().filter_map(|glass| glass.until);
    let transfers = snapshot.transfers().events().filter_map(|event| event.spec.transfer.as_ref());
    let watch = match snapshot.transfers().watch() {
        Watch::Until(moment) => Some(moment),
        Watch::NotGiven => None,
    };
    let ends = glasses.chain(transfers.map(|transfer| transfer.until.0)).chain(watch);
    ends.filter(|end| now < *end).min()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_ends_next_is_known_of_glass_transfers_and_the_watch() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut snapshot = Snapshot::default();
        assert_eq!(next_end(&snapshot, at(0)), None);
        snapshot.set_watch(Watch::Until(at(900)));
        assert_eq!(next_end(&snapshot, at(0)), Some(at(900)));
        snapshot.observe(&json!({"apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent",
            "metadata": {"name": "u-1.0"}, "spec": {"event": "Activated", "observedAt": "1970-01-01T00:00:00Z",
            "why": "approved", "transfer": {"namespace": "shop", "name": "t", "uid": "u-1", "digest": "0".repeat(64),
            "sequence": 0, "exporter": "91350100M000100Y43", "until": "1970-01-01T00:10:00Z",
            "persons": {"ordinary": 1, "sensitive": 0, "under14": 0}}}}));
        assert_eq!(snapshot.transfers().unreadable().collect::<Vec<_>>(), Vec::<&_>::new());
        assert_eq!(next_end(&snapshot, at(0)), Some(at(600)));
        assert_eq!(next_end(&snapshot, at(600)), Some(at(900)), "it has ended");
    }
}
