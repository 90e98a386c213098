//! What exists, judged as it stands: what is wrong with it now, and what each policy alone would refuse.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use bund_crds::{Mode, PolicyName};

use crate::{
    Finding, Snapshot, Subject, Timestamp, Verdict,
    decide::requirements_on,
    decide_standing,
    snapshot::{Policy, World},
};

/// What something that exists was found to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audited {
    /// The policies that keep a class that it holds, in order.
    pub kept_by: Vec<PolicyName>,
    /// Every broken rule that no transfer covers, in order of reason, class and field.
    pub findings: Vec<Finding>,
}

/// Judges `subject` as it stands at `now`.
pub fn audit(subject: &Subject, snapshot: &Snapshot, now: Timestamp) -> Audited {
    let decision = decide_standing(subject, snapshot, now);
    if decision.verdict == Verdict::NotApplicable {
        return Audited::default();
    }
    let requirements = requirements_on(subject, &decision.classes, snapshot);
    let policies = requirements.iter().flat_map(|requirement| &requirement.policies);
    let kept_by: BTreeSet<_> = policies.map(|policy| &policy.name).collect();
    let kept_by = kept_by.into_iter().cloned().collect();
    let mut findings = decision.findings;
    findings.retain(|finding| !finding.is_covered());
    Audited { kept_by, findings }
}

/// Each policy as if it were alone, with every aspect of it `Deny` everywhere.
#[derive(Clone, Debug, Default)]
pub struct Forecast(BTreeMap<PolicyName, Arc<World>>);

impl Forecast {
    /// The policies of a snapshot. It holds until one of our own kinds changes.
    pub fn of(snapshot: &Snapshot) -> Self {
        let alone = |policy: &Policy| (policy.name.clone(), snapshot.under_deny(policy).into_world());
        Self(snapshot.world().policies().map(alone).collect())
    }

    /// The policies, in order of name.
    pub fn policies(&self) -> impl Iterator<Item = &PolicyName> {
        self.0.keys()
    }

    /// What `policy` would refuse `subject` for first, if it came to be now. `snapshot` is that of which the forecast
    /// is, but for what is not of our own kinds.
    pub fn refusal(
        &self,
        policy: &PolicyName,
        subject: &Subject,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Option<Finding> {
        let strict = snapshot.in_world(self.0.get(policy)?.clone());
        let findings = decide_standing(subject, &strict, now).findings;
        findings.into_iter().find(|finding| finding.consequence() == Mode::Deny)
    }
}
