//! What the audit found, and what it took.

use std::time::Duration;

use bund_engine::Reason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::OfReason;
use crate::audit::PolicyTotals;

/// Policies that are told apart; the others are counted together, as `other`.
const POLICIES: usize = 100;
/// What stands for the policies beyond [`POLICIES`].
const OTHER: &str = "other";

/// What was judged again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Everything.
    Full,
    /// What a change touched.
    Touched,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPolicy {
    policy: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPass {
    pass: &'static str,
}

#[derive(Debug)]
pub(super) struct AuditMetrics {
    findings: Family<OfReason, Gauge>,
    covered: Family<OfPolicy, Gauge>,
    violating: Family<OfPolicy, Gauge>,
    would_deny: Family<OfPolicy, Gauge>,
    duration: Family<OfPass, Histogram, fn() -> Histogram>,
    corrected: Counter,
}

impl Default for AuditMetrics {
    fn default() -> Self {
        Self {
            findings: Family::default(),
            covered: Family::default(),
            violating: Family::default(),
            would_deny: Family::default(),
            // From half a millisecond to half a minute.
            duration: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 4.0, 9))),
            corrected: Counter::default(),
        }
    }
}

impl AuditMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "findings",
            "Workloads, pods without one and volumes that break a rule now, by reason, whatever the mode; from the leader",
            self.findings.clone(),
        );
        registry.register(
            "policy_covered",
            "Workloads, pods without one and volumes that hold a class that the policy keeps; from the leader",
            self.covered.clone(),
        );
        registry.register(
            "policy_violating",
            "Those of them that break a rule of the policy now, whatever the mode; from the leader",
            self.violating.clone(),
        );
        registry.register(
            "policy_would_deny",
            "Workloads that the policy would refuse if all its aspects were Deny; from the leader",
            self.would_deny.clone(),
        );
        registry.register(
            "audit_duration_seconds",
            "How long it took to judge again what changed (touched), or everything (full); from the leader",
            self.duration.clone(),
        );
        registry.register(
            "audit_corrected",
            "Subjects that a full pass found otherwise although no change had touched them; always 0 unless Bund is wrong",
            self.corrected.clone(),
        );
    }

    /// Nothing is told by who does not lead.
    pub(super) fn clear(&self) {
        self.findings.clear();
        self.covered.clear();
        self.violating.clear();
        self.would_deny.clear();
    }

    pub(super) fn took(&self, pass: Pass, duration: Duration) {
        let pass = match pass {
            Pass::Full => "full",
            Pass::Touched => "touched",
        };
        self.duration.get_or_create(&OfPass { pass }).observe(duration.as_secs_f64());
    }

    pub(super) fn corrected(&self, subjects: usize) {
        self.corrected.inc_by(u64::try_from(subjects).unwrap_or(u64::MAX));
    }

    pub(super) fn findings(&self, counts: impl IntoIterator<Item = (Reason, i64)>) {
        self.findings.clear();
        for (reason, count) in counts {
            self.findings.get_or_create(&OfReason { reason: reason.code() }).set(count);
        }
    }

    pub(super) fn policies<'t>(&self, totals: impl IntoIterator<Item = (&'t str, &'t PolicyTotals)>) {
        let gauges = [&self.covered, &self.violating, &self.would_deny];
        for gauge in gauges {
            gauge.clear();
        }
        for (number, (policy, totals)) in totals.into_iter().enumerate() {
            let policy = if number < POLICIES { policy } else { OTHER };
            let label = OfPolicy { policy: policy.to_owned() };
            for (gauge, count) in
                gauges.into_iter().zip([totals.covered, totals.violating, totals.would_deny])
            {
                gauge.get_or_create(&label).inc_by(count.into());
            }
        }
    }
}
