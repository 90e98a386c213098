//! How it stands with closed egress, and what others do to it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::egress::Figures;
use crate::registration::Damage;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDamage {
    what: &'static str,
}

/// Tells of closed egress.
#[derive(Clone, Debug, Default)]
pub struct EgressMetrics {
    namespaces: Family<OfState, Gauge>,
    repaired: Family<OfDamage, Counter>,
    not_applied: Gauge,
    unmarked: Gauge,
    widened: Gauge,
    left_closed: Gauge,
}

impl EgressMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "egress_namespaces",
            "Namespaces by whether egress is closed, or would be if policies denied it; from the leader",
            self.namespaces.clone(),
        );
        registry.register(
            "egress_repaired",
            "Policies that close egress and that others had changed or deleted, put back; from the leader",
            self.repaired.clone(),
        );
        registry.register(
            "egress_policies_not_applied",
            "Policies of closed namespaces that are not stored as they should be; from the leader",
            self.not_applied.clone(),
        );
        registry.register(
            "egress_pods_unmarked",
            "Pods whose marks could not be put right, so that they reach less than they may; from the leader",
            self.unmarked.clone(),
        );
        registry.register(
            "egress_widened",
            "Policies of others that open more in closed namespaces than policies and transfers allow; from the leader",
            self.widened.clone(),
        );
        registry.register(
            "egress_left_closed",
            "What policies and transfers ask to open and that stays closed; from the leader",
            self.left_closed.clone(),
        );
    }

    /// Nothing is told by who does not lead.
    pub(super) fn clear(&self) {
        self.namespaces.clear();
        self.not_applied.set(0);
        self.unmarked.set(0);
        self.widened.set(0);
        self.left_closed.set(0);
    }

    /// How it stands.
    pub fn stands(&self, figures: &Figures) {
        let Figures { closed, planned, not_applied, unmarked, widened, left_closed } = figures;
        let count = |number: &usize| i64::try_from(*number).unwrap_or(i64::MAX);
        for (state, number) in [("closed", closed), ("planned", planned)] {
            self.namespaces.get_or_create(&OfState { state }).set(count(number));
        }
        self.not_applied.set(count(not_applied));
        self.unmarked.set(count(unmarked));
        self.widened.set(count(widened));
        self.left_closed.set(count(left_closed));
    }

    /// A policy was put back that others had changed or deleted.
    pub fn repaired(&self, damage: Damage) {
        self.repaired.get_or_create(&OfDamage { what: damage.as_str() }).inc();
    }
}
