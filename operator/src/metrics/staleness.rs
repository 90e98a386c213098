//! For how long decisions may have rested on old facts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// Since when which watch is broken. Read when metrics are.
#[derive(Clone, Debug, Default)]
pub(super) struct Staleness(Arc<Mutex<BTreeMap<&'static str, Timestamp>>>);

impl Staleness {
    pub(super) fn broke(&self, kind: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_insert_with(Timestamp::now);
    }

    pub(super) fn follows(&self, kind: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(kind);
    }

    /// Since when the watch that is broken for longest is.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }
}

impl Collector for Staleness {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let age = self.since().map_or(0.0, |since| Timestamp::now().duration_since(since).as_secs_f64());
        let help = "For how long the watch that is broken for longest has been; decisions may rest on facts of that age";
        let gauge = ConstGauge::new(age.max(0.0));
        gauge.encode(encoder.encode_descriptor("snapshot_stale_seconds", help, None, MetricType::Gauge)?)
    }
}
