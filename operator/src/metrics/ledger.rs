//! The record outside of the cluster.

use std::sync::atomic::AtomicU64;

use bund_engine::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Nothing {}

/// A figure that may be absent.
type Figure = Family<Nothing, Gauge>;

/// Tells of the ledger. Where none is configured, nothing but that.
#[derive(Debug, Default)]
pub struct LedgerMetrics {
    configured: Figure,
    ready: Figure,
    entries: Figure,
    published: Figure,
    pending: Figure,
    appended: Counter<u64, AtomicU64>,
    refused: Counter<u64, AtomicU64>,
}

impl LedgerMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { configured, ready, entries, published, pending, appended, refused } = self;
        registry.register(
            "ledger_configured",
            "1 where a ledger is configured; where it is 0, LedgerEvents are the only record; from the leader",
            configured.clone(),
        );
        registry.register(
            "ledger_ready",
            "1 while the ledger is open and takes entries; absent where none is configured; from the leader",
            ready.clone(),
        );
        registry.register(
            "ledger_entries",
            "Entries in the current shard of the ledger; absent while it is not open; from the leader",
            entries.clone(),
        );
        registry.register(
            "ledger_published_timestamp_seconds",
            "When the last checkpoint of the ledger was published, in seconds since 1970; absent where none is known; from the leader",
            published.clone(),
        );
        registry.register(
            "ledger_pending",
            "Events of the cluster that are not in the ledger; absent where they are not counted; from the leader",
            pending.clone(),
        );
        registry.register(
            "ledger_appended",
            "Entries that were recorded in the ledger; from the leader",
            appended.clone(),
        );
        registry.register(
            "ledger_failures",
            "Entries that the ledger did not take; each is tried again; no transfer opens meanwhile; from the leader",
            refused.clone(),
        );
    }

    /// Nothing is told by who does not lead.
    pub(super) fn clear(&self) {
        let Self { configured, ready, entries, published, pending, appended: _, refused: _ } = self;
        for figure in [configured, ready, entries, published, pending] {
            figure.clear();
        }
    }

    /// Whether there is to be a ledger.
    pub fn configured(&self, configured: bool) {
        set(&self.configured, Some(configured.into()));
        set(&self.ready, configured.then_some(0));
    }

    /// The ledger is open and has so many entries; `None` where it is not open.
    pub fn open(&self, entries: Option<u64>) {
        set(&self.ready, Some(entries.is_some().into()));
        set(&self.entries, entries.map(count));
    }

    /// When its last checkpoint was published.
    pub fn published(&self, at: Timestamp) {
        set(&self.published, Some(at.as_second()));
    }

    /// How many events of the cluster are not in it.
    pub fn pending(&self, events: Option<u64>) {
        set(&self.pending, events.map(count));
    }

    /// An entry was recorded.
    pub fn appended(&self) {
        self.appended.inc();
    }

    /// An entry could not be recorded.
    pub fn refused(&self) {
        self.refused.inc();
    }
}

fn set(figure: &Figure, value: Option<i64>) {
    match value {
        Some(value) => drop(figure.get_or_create(&Nothing {}).set(value)),
        None => figure.clear(),
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
