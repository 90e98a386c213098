//! Transfers, and what is on record of them.

use bund_crds::EventType;
use bund_engine::Timestamp;
use bund_engine::transfer::State;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::index::KeptWatch;
use crate::transfer::Figures;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEvent {
    event: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfMoment {
    what: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct TransferMetrics {
    transfers: Family<OfState, Gauge>,
    moments: Family<OfMoment, Gauge>,
    events: Family<OfEvent, Counter>,
    failures: Counter,
}

impl TransferMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { transfers, moments, events, failures } = self;
        registry.register(
            "transfers",
            "Cross-border transfers, by how they stand; from the leader",
            transfers.clone(),
        );
        registry.register(
            "transfers_timestamp_seconds",
            "When the next transfer in effect ends, when the next thing that the law asks for must be done, and when the watch over \
             transfers was renewed last, in seconds since 1970; absent where there is none; from the leader",
            moments.clone(),
        );
        registry.register(
            "record_events",
            "What was recorded, by what happened; from the leader",
            events.clone(),
        );
        registry.register(
            "record_failures",
            "Tries to record something that failed; no transfer opens meanwhile; from the leader",
            failures.clone(),
        );
    }

    /// Nothing is told by who does not lead.
    pub(super) fn clear(&self) {
        self.transfers.clear();
        self.moments.clear();
    }

    pub(super) fn stand(&self, figures: &Figures, watch: KeptWatch) {
        let Figures { states, next_end, next_deadline } = figures;
        self.clear();
        for (state, count) in states {
            self.transfers.get_or_create(&OfState { state: word(*state) }).set(*count);
        }
        let renewed = match watch {
            KeptWatch::Renewed(at) => Some(at),
            KeptWatch::Unseen | KeptWatch::Never => None,
        };
        for (what, moment) in [("end", *next_end), ("deadline", *next_deadline), ("watch", renewed)] {
            if let Some(moment) = moment.map(Timestamp::as_second) {
                self.moments.get_or_create(&OfMoment { what }).set(moment);
            }
        }
    }

    pub(super) fn recorded(&self, event: EventType) {
        // The name of a variant, of which there are ten.
        self.events.get_or_create(&OfEvent { event: format!("{event:?}") }).inc();
    }

    pub(super) fn record_failed(&self) {
        self.failures.inc();
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Ready => "ready",
        State::Active => "active",
        State::Suspended => "suspended",
        State::Expired => "expired",
        State::Revoked => "revoked",
        State::Superseded => "superseded",
    }
}
