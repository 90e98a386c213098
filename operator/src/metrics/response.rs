//! What became of pods that policies ask to evict.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::response::{Outcome, State};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

/// Counts evictions.
#[derive(Clone, Debug, Default)]
pub(super) struct ResponseMetrics {
    evictions: Family<OfResult, Counter>,
    waiting: Family<OfState, Gauge>,
}

impl ResponseMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "evictions",
            "Pods that break a rule and were to be evicted, by how it ended each time; from the leader",
            self.evictions.clone(),
        );
        registry.register(
            "evictions_waiting",
            "Pods that policies ask to evict and that are still there, by how it stands with them; one for each policy that asks; from the leader",
            self.waiting.clone(),
        );
    }

    /// Nothing is told by who does not lead.
    pub(super) fn clear(&self) {
        self.waiting.clear();
    }

    pub(super) fn ended(&self, outcome: Outcome) {
        let result = match outcome {
            Outcome::Evicted => "evicted",
            Outcome::Gone => "gone",
            Outcome::Right => "right",
            Outcome::Changed => "changed",
            Outcome::Budget => "budget",
            Outcome::Share => "share",
            Outcome::Failed => "failed",
        };
        self.evictions.get_or_create(&OfResult { result }).inc();
    }

    pub(super) fn wait(&self, counts: impl Iterator<Item = (State, u32)>) {
        self.waiting.clear();
        for (state, count) in counts {
            let state = match state {
                State::Forbidden => "forbidden",
                State::Failed => "failed",
                State::Budget => "budget",
                State::Share => "share",
                State::Kept(_) => "cannot",
                State::Grace => "grace",
                State::Rate => "rate",
                State::Trying => "trying",
            };
            self.waiting.get_or_create(&OfState { state }).inc_by(count.into());
        }
    }
}
