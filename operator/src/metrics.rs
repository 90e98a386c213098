//! What Prometheus reads. Every label has a bounded set of values; nothing that users name becomes one, except the
//! names of policies and of declared classes.

mod admission;
mod audit;
mod classes;
mod egress;
mod geography;
mod ledger;
mod process;
mod registration;
mod reports;
mod response;
mod serve;
mod staleness;
mod transfers;

use std::sync::Arc;
use std::time::Duration;

use bund_crds::EventType;
use bund_engine::Reason;
use bund_engine::snapshot::DatabaseState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::audit::PolicyTotals;
use crate::certificates::Serving;
use crate::index::{KeptWatch, WatchedKind};
use crate::registration::Damage;
use crate::report::{Overflow, ReportApi, Written};
use crate::response::{Outcome as EvictionOutcome, Said};
use crate::transfer::Figures;

pub use admission::Outcome;
pub use audit::Pass;
pub use classes::Stamped;
pub use egress::EgressMetrics;
pub use ledger::LedgerMetrics;
pub use serve::serve;

use admission::Admission;
use audit::AuditMetrics;
use classes::Classes;
use geography::GeographyMetrics;
use process::Process;
use registration::Drifts;
use reports::ReportMetrics;
use response::ResponseMetrics;
use staleness::Staleness;
use transfers::TransferMetrics;

/// Every metric. Clones count into the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Families>);

#[derive(Debug, Default)]
struct Families {
    admission: Admission,
    classes: Classes,
    egress: EgressMetrics,
    geography: GeographyMetrics,
    staleness: Staleness,
    watch_errors: Family<OfKind, Counter>,
    certificate_expiry: Family<OfCertificate, Gauge>,
    leader: Gauge,
    ready: Gauge,
    audit: AuditMetrics,
    reports: ReportMetrics,
    response: ResponseMetrics,
    break_glass: Gauge,
    drifts: Drifts,
    transfers: TransferMetrics,
    ledger: LedgerMetrics,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCertificate {
    certificate: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Metrics {
    /// A registry with all of them, and with those of the process.
    pub fn registry(&self) -> Registry {
        let mut root = Registry::default();
        root.register_collector(Box::new(Process::default()));
        let registry = root.sub_registry_with_prefix("bund");
        let Families {
            admission,
            classes,
            egress,
            geography,
            staleness,
            watch_errors,
            certificate_expiry,
            leader,
            ready,
            audit,
            reports,
            response,
            break_glass,
            drifts,
            transfers,
            ledger,
        } = &*self.0;
        admission.register(registry);
        audit.register(registry);
        reports.register(registry);
        classes.register(registry);
        egress.register(registry);
        geography.register(registry);
        drifts.register(registry);
        response.register(registry);
        transfers.register(registry);
        ledger.register(registry);
        registry.register_collector(Box::new(staleness.clone()));
        registry.register(
            "watch_errors",
            "Watches that broke and were taken up again, by the kind that is watched",
            watch_errors.clone(),
        );
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "When the certificate that the webhook serves expires, in seconds since 1970",
            certificate_expiry.clone(),
        );
        registry.register("leader", "1 while this process holds the lease", leader.clone());
        registry.register("ready", "1 while this process is ready", ready.clone());
        registry.register(
            "break_glass_active",
            "BreakGlass objects in effect now; from the leader",
            break_glass.clone(),
        );
        let build = Family::<Build, Gauge>::default();
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "The version of this process; always 1", build);
        root
    }

    /// Counts reviews.
    pub fn admission(&self) -> &Admission {
        &self.0.admission
    }

    /// Stamping a carrier ended.
    pub fn stamped(&self, outcome: Stamped) {
        self.0.classes.stamped(outcome);
    }

    /// How the databases of addresses stand.
    pub fn geography(&self, states: &[DatabaseState]) {
        self.0.geography.tell(states);
    }

    /// How many objects lost each class. Names that nobody declared must not be among them.
    pub fn declassified(&self, counts: impl IntoIterator<Item = (String, u64)>) {
        for (class, objects) in counts {
            self.0.classes.declassified(class, objects);
        }
    }

    /// Tells of closed egress.
    pub fn egress(&self) -> &EgressMetrics {
        &self.0.egress
    }

    /// An object that we registered was found otherwise than we had left it.
    pub fn drifted(&self, kind: &'static str, damage: Damage) {
        self.0.drifts.count(kind, damage);
    }

    /// A watch broke at this moment.
    pub fn watch_broke(&self, kind: &'static WatchedKind) {
        self.0.watch_errors.get_or_create(&OfKind { kind: kind.kind }).inc();
        self.0.staleness.broke(kind.kind);
    }

    /// A watch shows what happens, or showed no error for long.
    pub fn watch_follows(&self, kind: &'static WatchedKind) {
        self.0.staleness.follows(kind.kind);
    }

    /// The certificate that is served from now on.
    pub fn serves(&self, serving: &Serving) {
        let expiry = serving.leaf.not_after.as_second();
        self.0.certificate_expiry.get_or_create(&OfCertificate { certificate: "serving" }).set(expiry);
    }

    /// Whether we lead. Who does not lead tells nothing that the leader tells.
    pub fn leads(&self, leads: bool) {
        self.0.leader.set(leads.into());
        if !leads {
            self.0.audit.clear();
            self.0.egress.clear();
            self.0.reports.clear();
            self.0.response.clear();
            self.0.transfers.clear();
            self.0.ledger.clear();
            self.0.break_glass.set(0);
        }
    }

    /// Whether we are ready.
    pub fn ready(&self, ready: bool) {
        self.0.ready.set(ready.into());
    }

    /// What was judged again, and how long it took.
    pub fn audited(&self, pass: Pass, took: Duration) {
        self.0.audit.took(pass, took);
    }

    /// A full pass found so many subjects otherwise although no change had touched them.
    pub fn audit_corrected(&self, subjects: usize) {
        self.0.audit.corrected(subjects);
    }

    /// How many owners break a rule, for each reason.
    pub fn findings(&self, counts: impl IntoIterator<Item = (Reason, i64)>) {
        self.0.audit.findings(counts);
    }

    /// What counts for each policy, in order of name.
    pub fn policies<'t>(&self, totals: impl IntoIterator<Item = (&'t str, &'t PolicyTotals)>) {
        self.0.audit.policies(totals);
    }

    /// The API in which reports are written, if there is one.
    pub fn reported_in(&self, api: Option<ReportApi>) {
        self.0.reports.api(api);
    }

    /// How many reports are stored, and what none tells.
    pub fn reports(&self, stored: usize, overflow: Overflow) {
        self.0.reports.reports(stored, overflow);
    }

    /// Writing a report ended.
    pub fn report_written(&self, written: Written) {
        self.0.reports.written(written);
    }

    /// So many events were not written.
    pub fn events_suppressed(&self, events: usize) {
        self.0.reports.suppressed(events);
    }

    /// Trying to evict a pod ended.
    pub fn eviction(&self, outcome: EvictionOutcome) {
        self.0.response.ended(outcome);
    }

    /// How it stands with the pods that policies ask to evict.
    pub fn evictions_wait<'s>(&self, said: impl Iterator<Item = &'s Said>) {
        self.0.response.wait(said.flatten().map(|(state, (count, _))| (*state, *count)));
    }

    /// How transfers stand, and what is known of the watch over them.
    pub fn transfers(&self, figures: &Figures, watch: KeptWatch) {
        self.0.transfers.stand(figures, watch);
    }

    /// Something is on record that was not.
    pub fn recorded(&self, event: EventType) {
        self.0.transfers.recorded(event);
    }

    /// Something could not be recorded.
    pub fn record_failed(&self) {
        self.0.transfers.record_failed();
    }

    /// Tells of the record outside of the cluster.
    pub fn ledger(&self) -> &LedgerMetrics {
        &self.0.ledger
    }

    /// How many BreakGlass objects are in effect.
    pub fn break_glass(&self, active: usize) {
        self.0.break_glass.set(i64::try_from(active).unwrap_or(i64::MAX));
    }

    /// When the watches were last known to follow, for tests.
    #[cfg(test)]
    fn stale_since(&self) -> Option<jiff::Timestamp> {
        self.0.staleness.since()
    }
}

#[cfg(test)]
mod tests;
