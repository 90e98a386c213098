//! What is told of one owner: the findings of everything that it made, each once. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bund_crds::PolicyName;
use bund_engine::reason::Effect;
use bund_engine::{Finding, HeldClass, Reason, Timestamp};

use super::judge::Outcome;
use crate::digest::{SHORT, digest};
use crate::index::SubjectKey;

/// What is wrong with what one owner made, and with itself.
///
/// `Eq`: so an `Arc` of it equals itself without a look inside, and two audits that share most owners compare fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerAudit {
    /// The owner's uid; empty where it is not known.
    pub uid: Box<str>,
    /// Each finding once, in order of reason, class and field.
    pub findings: Vec<Told>,
}

/// A finding, with whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The finding, in the words of the first subject that it concerns.
    pub finding: Finding,
    /// Since when the owner has it.
    pub since: Timestamp,
    /// The subjects that it concerns, in order: the owner itself, pods that it made.
    pub subjects: Vec<Arc<SubjectKey>>,
}

/// What is wrong first: the rule, and the field at fault.
pub(super) type First = (Reason, String);

/// A finding by what makes it the same one as another, in a form that can be stored: it stays the same for as long as
/// the finding does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingId(String);

impl FindingId {
    /// The id of a finding.
    pub fn of(finding: &Finding) -> Self {
        let (reason, class, requirement, offending) = finding.identity();
        let class = class.map_or("", HeldClass::as_str);
        let parts = [reason.code(), class].into_iter().chain(requirement.iter().map(AsRef::as_ref));
        let text: String = parts.chain(["", offending]).flat_map(|part| [part, "\0"]).collect();
        Self(digest(&text, SHORT))
    }

    /// A stored id.
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What counts of an owner for its policies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// The policies that keep something here.
    pub(super) covered: BTreeSet<PolicyName>,
    /// The policies of which something here breaks a rule, and is not merely suspected to.
    pub(super) violating: BTreeMap<PolicyName, First>,
    /// The policies that would refuse the owner, with what for first.
    pub(super) refused_by: BTreeMap<PolicyName, First>,
    /// The rules that are broken.
    pub(super) reasons: BTreeSet<Reason>,
}

impl Counts {
    /// Counts what the members of an owner were found to be.
    pub(super) fn of<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> Self {
        let mut counts = Self::default();
        let told = |finding: &Finding| (finding.reason, finding.field.to_string());
        for Outcome { kept_by, findings, refused_by } in outcomes {
            counts.covered.extend(kept_by.iter().cloned());
            for finding in findings {
                counts.reasons.insert(finding.reason);
                for policy in
                    finding.policies.iter().filter(|_| finding.reason.entry().effect != Effect::Hints)
                {
                    counts.violating.entry(policy.clone()).or_insert_with(|| told(finding));
                }
            }
            for (policy, finding) in refused_by {
                counts.refused_by.entry(policy.clone()).or_insert_with(|| told(finding));
            }
        }
        counts
    }
}

impl OwnerAudit {
    /// Puts together what the members of an owner were found to be. What was told before keeps its time.
    pub(super) fn of<'o>(
        uid: &str,
        members: impl Iterator<Item = (&'o Arc<SubjectKey>, &'o Outcome)>,
        since: impl Fn(&Finding) -> Timestamp,
    ) -> Self {
        let mut told: Vec<Told> = Vec::new();
        let mut known: BTreeMap<_, usize> = BTreeMap::new();
        for (subject, outcome) in members {
            for finding in &outcome.findings {
                let place = known.entry(finding.identity()).or_insert(told.len());
                match told.get_mut(*place) {
                    Some(told) if told.subjects.last() != Some(subject) => {
                        told.subjects.push(subject.clone());
                    }
                    Some(_) => {}
                    None => told.push(Told {
                        finding: finding.clone(),
                        since: since(finding),
                        subjects: vec![subject.clone()],
                    }),
                }
            }
        }
        told.sort_by(|a, b| order(&a.finding).cmp(&order(&b.finding)));
        Self { uid: uid.into(), findings: told }
    }

    /// Since when a finding of this identity is known.
    pub(super) fn since(&self, finding: &Finding) -> Option<Timestamp> {
        let known = self.findings.iter().find(|told| told.finding.identity() == finding.identity());
        known.map(|told| told.since)
    }
}

/// The engine's order.
fn order(finding: &Finding) -> impl Ord {
    (finding.reason, finding.class.clone(), finding.field.clone(), finding.offending.clone())
}
