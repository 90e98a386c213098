//! What was told in reports and events.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::report::{Overflow, ReportApi, Written};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfApi {
    api: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOverflow {
    what: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct ReportMetrics {
    api: Family<OfApi, Gauge>,
    reports: Gauge,
    writes: Family<OfResult, Counter>,
    overflow: Family<OfOverflow, Gauge>,
    suppressed: Counter,
}

impl ReportMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { api, reports, writes, overflow, suppressed } = self;
        registry.register(
            "report_api",
            "1 for the API in which reports are written; none where the API server serves no API of reports; from the leader",
            api.clone(),
        );
        registry.register("reports", "Reports of ours that are stored; from the leader", reports.clone());
        registry.register(
            "report_writes",
            "Writes of reports, by how they ended; from the leader",
            writes.clone(),
        );
        registry.register(
            "reports_overflow",
            "What no report tells because there is too much: owners without a report, findings left out of one; from the leader",
            overflow.clone(),
        );
        registry.register(
            "events_suppressed",
            "Events about findings and transfers that were not written, because there were too many or the API server took none; reports and statuses tell the same; from the leader",
            suppressed.clone(),
        );
    }

    /// Nothing is told by who does not lead.
    pub(super) fn clear(&self) {
        self.api.clear();
        self.overflow.clear();
        self.reports.set(0);
    }

    pub(super) fn api(&self, api: Option<ReportApi>) {
        self.api.clear();
        self.api.get_or_create(&OfApi { api: api.map_or("none", ReportApi::group) }).set(1);
        if api.is_none() {
            self.overflow.clear();
            self.reports.set(0);
        }
    }

    pub(super) fn reports(&self, stored: usize, overflow: Overflow) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.reports.set(gauge(stored));
        for (what, count) in [("owners", overflow.owners), ("findings", overflow.findings)] {
            self.overflow.get_or_create(&OfOverflow { what }).set(gauge(count));
        }
    }

    pub(super) fn written(&self, written: Written) {
        let result = match written {
            Written::Created => "created",
            Written::Replaced => "replaced",
            Written::Deleted => "deleted",
            Written::Conflict => "conflict",
            Written::Failed => "failed",
        };
        self.writes.get_or_create(&OfResult { result }).inc();
    }

    pub(super) fn suppressed(&self, events: usize) {
        self.suppressed.inc_by(u64::try_from(events).unwrap_or(u64::MAX));
    }
}
