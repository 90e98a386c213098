//! What breaks a rule now, whatever the mode: what the gauge `bund_findings` tells. (pure)

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::snapshot::Enrolment;
use bund_engine::{Finding, Reason, Timestamp, decide_standing};

use crate::index::View;

/// How many owners of guarded namespaces break a rule, for each reason.
pub fn findings(view: &View, now: Timestamp) -> BTreeMap<Reason, i64> {
    let mut counts = BTreeMap::new();
    for (key, subject) in view.owners() {
        if view.snapshot.enrolment(&key.namespace) != Enrolment::Guarded {
            continue;
        }
        let decision = decide_standing(subject, &view.snapshot, now);
        let uncovered = decision.findings.iter().filter(|finding| !Finding::is_covered(finding));
        let reasons: BTreeSet<Reason> = uncovered.map(|finding| finding.reason).collect();
        for reason in reasons {
            *counts.entry(reason).or_default() += 1;
        }
    }
    counts
}
