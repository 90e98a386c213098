//! What became of classes: where they were stamped, where they were lost.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// How stamping a carrier ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamped {
    /// The API server took the stamp.
    Written,
    /// The carrier is gone.
    Gone,
    /// It could not be written, and is tried again.
    Failed,
}

impl Stamped {
    fn label(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Gone => "gone",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfClass {
    class: String,
}

/// Counts what becomes of classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes {
    stamps: Family<OfResult, Counter>,
    declassified: Family<OfClass, Counter>,
}

impl Classes {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { stamps, declassified } = self;
        registry.register(
            "stamps",
            "Classes stamped onto claims, volumes and snapshots, by how it ended; from the leader",
            stamps.clone(),
        );
        registry.register(
            "declassified",
            "Objects that lost a class, or stopped protecting it, by class; from the leader",
            declassified.clone(),
        );
    }

    pub(super) fn stamped(&self, outcome: Stamped) {
        self.stamps.get_or_create(&OfResult { result: outcome.label() }).inc();
    }

    pub(super) fn declassified(&self, class: String, objects: u64) {
        self.declassified.get_or_create(&OfClass { class }).inc_by(objects);
    }
}
