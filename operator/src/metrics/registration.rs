//! What others do to what we registered.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::registration::Damage;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDrift {
    kind: &'static str,
    what: &'static str,
}

/// Counts drift.
#[derive(Clone, Debug, Default)]
pub(super) struct Drifts(Family<OfDrift, Counter>);

impl Drifts {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "drift",
            "Objects of our registration that others had changed or deleted and that were put back, by kind and by what \
             had become of them; from the leader",
            self.0.clone(),
        );
    }

    pub(super) fn count(&self, kind: &'static str, damage: Damage) {
        self.0.get_or_create(&OfDrift { kind, what: damage.as_str() }).inc();
    }
}
