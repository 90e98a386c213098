//! Which reports there should be. (pure)

use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::api::ReportApi;
use super::compose::compose;
use super::name::report_name;
use super::result::Status;
use super::stored::{Digest, ReportKey};
use crate::audit::OwnerAudit;
use crate::index::SubjectKey;

/// Reports that are written. Whoever has more owners than this with something wrong needs no list of them, and etcd has
/// other things to keep.
const REPORTS: usize = 10_000;

/// Reports that one namespace has before any other goes without.
const SHARE: usize = 1_000;

/// The owners with findings, as the audit tells them.
pub(super) type Owners = RedBlackTreeMapSync<Arc<SubjectKey>, Arc<OwnerAudit>>;

/// The reports that there should be.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) api: ReportApi,
    reports: BTreeMap<ReportKey, WantedReport>,
    /// What is beyond the bounds.
    pub(super) overflow: Overflow,
}

/// A report that there should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WantedReport {
    pub(super) owner: Arc<SubjectKey>,
    pub(super) audit: Arc<OwnerAudit>,
    pub(super) digest: Digest,
    omitted: usize,
}

/// What no report tells, because there would be too much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflow {
    /// Owners without a report.
    pub owners: usize,
    /// Findings without a result in the report of their owner.
    pub findings: usize,
}

impl Wanted {
    /// No reports in this API.
    pub(super) fn none(api: ReportApi) -> Self {
        Self { api, reports: BTreeMap::new(), overflow: Overflow::default() }
    }

    /// Every report, in order of namespace and name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ReportKey, &WantedReport)> {
        self.reports.iter()
    }

    /// The report of this key.
    pub(super) fn get(&self, key: &ReportKey) -> Option<&WantedReport> {
        self.reports.get(key)
    }

    /// One report for each owner, as far as there is room. What has not changed is not composed again.
    pub(super) fn update(&mut self, owners: &Owners) {
        self.update_up_to(REPORTS, SHARE, owners);
    }

    fn update_up_to(&mut self, limit: usize, share: usize, owners: &Owners) {
        let mut before = std::mem::take(&mut self.reports);
        for (owner, audit) in chosen(owners, share).take(limit) {
            let key = ReportKey { namespace: owner.namespace.clone(), name: report_name(owner).into() };
            let report = match before.remove(&key).filter(|report| Arc::ptr_eq(&report.audit, audit)) {
                Some(report) => report,
                None => WantedReport::of(self.api, owner, audit),
            };
            self.reports.insert(key, report);
        }
        self.overflow = Overflow {
            owners: owners.size().saturating_sub(limit),
            findings: self.reports.values().map(|report| report.omitted).sum(),
        };
    }
}

/// The owners in the order in which they get reports: those with failures first, and of these those that are within the
/// share of their namespace. Nobody can hide another namespace by filling their own.
fn chosen(owners: &Owners, share: usize) -> impl Iterator<Item = (&Arc<SubjectKey>, &Arc<OwnerAudit>)> {
    let fails =
        |audit: &OwnerAudit| audit.findings.iter().any(|told| Status::of(&told.finding) != Status::Warn);
    let (failing, others): (Vec<_>, Vec<_>) = owners.iter().partition(|(_, audit)| fails(audit));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (within, beyond): (Vec<_>, Vec<_>) = failing.into_iter().partition(|(owner, _)| {
        let count = counts.entry(owner.namespace.as_ref()).or_default();
        *count += 1;
        *count <= share
    });
    within.into_iter().chain(beyond).chain(others)
}

impl WantedReport {
    fn of(api: ReportApi, owner: &Arc<SubjectKey>, audit: &Arc<OwnerAudit>) -> Self {
        let composed = compose(api, owner, audit);
        let digest = Digest::of(&composed.body);
        Self { owner: owner.clone(), audit: audit.clone(), digest, omitted: composed.omitted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{finding, hint, owner, owners};

    fn names_of(wanted: &Wanted) -> Vec<&str> {
        wanted.iter().map(|(key, _)| key.name.as_ref()).collect()
    }

    #[test]
    fn there_is_one_report_for_each_owner() {
        let mut wanted = Wanted::none(ReportApi::OpenReports);
        wanted.update(&owners(&[(owner("a"), vec![finding("x"), finding("y")]), (owner("b"), vec![hint()])]));
        assert_eq!(names_of(&wanted), ["bund-deployment-a", "bund-deployment-b"]);
        wanted.update(&owners(&[(owner("b"), vec![hint()])]));
        assert_eq!(names_of(&wanted), ["bund-deployment-b"]);
    }

    #[test]
    fn beyond_the_bound_failures_come_first_and_the_rest_is_counted() {
        let mut wanted = Wanted::none(ReportApi::OpenReports);
        let many = owners(&[
            (owner("a"), vec![hint()]),
            (owner("b"), vec![finding("x")]),
            (owner("c"), vec![hint()]),
        ]);
        wanted.update_up_to(2, 9, &many);
        assert_eq!(names_of(&wanted), ["bund-deployment-a", "bund-deployment-b"]);
        assert_eq!(wanted.overflow, Overflow { owners: 1, findings: 0 });
        wanted.update_up_to(1, 9, &many);
        assert_eq!(names_of(&wanted), ["bund-deployment-b"]);
        assert_eq!(wanted.overflow, Overflow { owners: 2, findings: 0 });
    }

    #[test]
    fn a_namespace_that_is_full_of_failures_hides_no_other() {
        let mut wanted = Wanted::none(ReportApi::OpenReports);
        let other = SubjectKey { namespace: "z".into(), ..owner("z") };
        let names = ["a", "b", "c"].map(|name| (owner(name), vec![finding("x")]));
        let all: Vec<_> = names.into_iter().chain([(other, vec![finding("x")])]).collect();
        wanted.update_up_to(3, 1, &owners(&all));
        assert_eq!(names_of(&wanted), ["bund-deployment-a", "bund-deployment-b", "bund-deployment-z"]);
    }

    #[test]
    fn findings_beyond_the_bound_of_a_report_are_counted() {
        let mut wanted = Wanted::none(ReportApi::OpenReports);
        let findings = (0..70).map(|n| finding(&n.to_string())).collect();
        wanted.update(&owners(&[(owner("a"), findings)]));
        assert_eq!(wanted.overflow, Overflow { owners: 0, findings: 20 });
    }

    #[test]
    fn what_did_not_change_is_not_composed_again() {
        let mut wanted = Wanted::none(ReportApi::OpenReports);
        let all = owners(&[(owner("a"), vec![finding("x")])]);
        wanted.update(&all);
        let key = wanted.iter().next().unwrap().0.clone();
        // Were it composed again, this would be put right.
        wanted.reports.get_mut(&key).unwrap().omitted = 7;
        wanted.update(&all);
        assert_eq!(wanted.overflow.findings, 7);
    }
}
