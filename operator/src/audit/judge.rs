//! One subject, judged as it stands. (pure)

use std::sync::Arc;

use bund_crds::PolicyName;
use bund_engine::audit::{Forecast, audit};
use bund_engine::snapshot::{Enrolment, MadeBy};
use bund_engine::subject::Role;
use bund_engine::{Finding, Subject, Timestamp};

use crate::index::{SubjectKey, View};

/// What one subject was found to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// The policies that keep a class that it holds, in order.
    pub(super) kept_by: Vec<PolicyName>,
    /// What is wrong with it, in order.
    pub(super) findings: Vec<Finding>,
    /// The policies that would refuse it, each with what for first. Only of what somebody asked for: not of what a
    /// workload made.
    pub(super) refused_by: Vec<(PolicyName, Finding)>,
}

/// What is judged against.
#[derive(Clone, Copy)]
pub(super) struct Judge<'v> {
    pub(super) view: &'v View,
    pub(super) forecast: &'v Forecast,
    pub(super) now: Timestamp,
}

impl Judge<'_> {
    /// Judges a subject; `None` where it is not there, or nothing that a policy keeps is at stake.
    pub(super) fn judge(&self, key: &SubjectKey) -> Option<Arc<Outcome>> {
        let subject = self.view.subject(key)?;
        let audited = audit(&subject, &self.view.snapshot, self.now);
        if audited.kept_by.is_empty() && audited.findings.is_empty() {
            return None;
        }
        let refused_by = self.refused_by(key, &subject, &audited.kept_by);
        Some(Arc::new(Outcome { kept_by: audited.kept_by, findings: audited.findings, refused_by }))
    }

    fn refused_by(
        &self,
        key: &SubjectKey,
        subject: &Subject,
        kept_by: &[PolicyName],
    ) -> Vec<(PolicyName, Finding)> {
        let mirror = self.view.pod(key).is_some_and(|pod| pod.made_by == MadeBy::Kubelet);
        let asked_for = match subject.role {
            Role::Pod => !mirror && self.view.owner_of(key) == *key,
            Role::Workload(_) => true,
            Role::Binding { .. } | Role::Namespace | Role::Carrier(_) | Role::Grant(_) | Role::Other => false,
        };
        let snapshot = &self.view.snapshot;
        if !asked_for || snapshot.enrolment(&key.namespace) != Enrolment::Guarded {
            return Vec::new();
        }
        let refusal = |policy: &PolicyName| {
            Some((policy.clone(), self.forecast.refusal(policy, subject, snapshot, self.now)?))
        };
        kept_by.iter().filter_map(refusal).collect()
    }
}
