//! One subject, judged as it stands. (pure)

use std::num::NonZero;
use std::sync::Arc;

use bund_crds::PolicyName;
use bund_engine::audit::{Forecast, audit};
use bund_engine::snapshot::{Enrolment, MadeBy};
use bund_engine::subject::Role;
use bund_engine::{Finding, Subject, Timestamp};

use crate::index::{SubjectKey, View};

/// What one subject was found to be. `Eq`, like [`OwnerAudit`](super::OwnerAudit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The policies that keep a class that it holds, in order.
    pub(super) kept_by: Vec<PolicyName>,
    /// What is wrong with it, in order.
    pub(super) findings: Vec<Finding>,
    /// The policies that would refuse it, each with what for first. Only of what somebody asked for: not of what a
    /// workload made.
    pub(super) refused_by: Vec<(PolicyName, Finding)>,
}

/// So few subjects are no work for a further thread.
const FEW: usize = 1024;

/// What is judged against.
#[derive(Clone, Copy)]
pub(super) struct Judge<'v> {
    pub(super) view: &'v View,
    pub(super) forecast: &'v Forecast,
    pub(super) now: Timestamp,
}

impl Judge<'_> {
    /// Judges subjects, in order, on as many threads as the machine has where there are many.
    pub(super) fn judge_all(&self, keys: Vec<SubjectKey>) -> Vec<(SubjectKey, Option<Arc<Outcome>>)> {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let share = keys.len().div_ceil(threads).max(FEW);
        let mut shares = Vec::new();
        let mut rest = keys.into_iter().peekable();
        while rest.peek().is_some() {
            shares.push(rest.by_ref().take(share).collect::<Vec<_>>());
        }
        let judge = |keys: Vec<SubjectKey>| -> Vec<_> {
            keys.into_iter()
                .map(|key| {
                    let outcome = self.judge(&key);
                    (key, outcome)
                })
                .collect()
        };
        std::thread::scope(|scope| {
            let mut shares = shares.into_iter();
            let own = shares.next();
            let others: Vec<_> = shares.map(|share| scope.spawn(move || judge(share))).collect();
            let mut judged = own.map(judge).unwrap_or_default();
            for thread in others {
                // A thread that panics takes the pass with it, as if there were no threads.
                judged.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            judged
        })
    }

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
        let mirror = self.view.pod(key).is_some_and(|pod| pod.subject.made_by == MadeBy::Kubelet);
        let asked_for = match subject.role {
            Role::Pod => !mirror && self.view.owner_of(key) == *key,
            Role::Workload(_) | Role::Network(_) => true,
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
