//! What owners add up to, for policies and for rules. (pure)

use std::collections::BTreeMap;
use std::sync::Arc;

use bund_crds::PolicyName;
use bund_crds::residency_policy::OwnerFinding;
use bund_engine::Reason;

use super::owner::{Counts, First};
use crate::index::SubjectKey;

/// Owners that are listed by name.
const LISTED: usize = 20;
/// The longest field path that is told, in characters.
const FIELD_LIMIT: usize = 512;

/// What counts for one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyTotals {
    /// Owners that hold something that it keeps.
    pub covered: u32,
    /// Owners that break a rule of it.
    pub violating: u32,
    /// The first of them, in order of namespace, kind and name.
    pub first_violating: Vec<OwnerFinding>,
    /// Owners that it would refuse, if it were alone and all its aspects were `Deny`.
    pub would_deny: u32,
    /// The first of them.
    pub first_would_deny: Vec<OwnerFinding>,
}

type Owners = BTreeMap<PolicyName, BTreeMap<Arc<SubjectKey>, First>>;

#[derive(Debug, Default)]
pub(super) struct Totals {
    covered: BTreeMap<PolicyName, u32>,
    violating: Owners,
    refused: Owners,
    reasons: BTreeMap<Reason, i64>,
}

impl Totals {
    /// Counts an owner as it is instead of as it was.
    pub(super) fn replace(&mut self, key: &Arc<SubjectKey>, was: &Counts, is: &Counts) {
        for policy in &was.covered {
            self.covered.entry(policy.clone()).and_modify(|count| *count = count.saturating_sub(1));
        }
        for policy in &is.covered {
            let count = self.covered.entry(policy.clone()).or_default();
            *count = count.saturating_add(1);
        }
        for reason in &was.reasons {
            *self.reasons.entry(*reason).or_default() -= 1;
        }
        for reason in &is.reasons {
            *self.reasons.entry(*reason).or_default() += 1;
        }
        replace(&mut self.violating, key, &was.violating, &is.violating);
        replace(&mut self.refused, key, &was.refused_by, &is.refused_by);
    }

    /// What counts for each of the `known` policies, and for every other that counts.
    pub(super) fn of_policies<'p>(
        &self,
        known: impl Iterator<Item = &'p PolicyName>,
    ) -> BTreeMap<PolicyName, PolicyTotals> {
        let mut all: BTreeMap<PolicyName, PolicyTotals> =
            known.map(|policy| (policy.clone(), PolicyTotals::default())).collect();
        for (policy, count) in self.covered.iter().filter(|(_, count)| **count > 0) {
            all.entry(policy.clone()).or_default().covered = *count;
        }
        for (policy, owners) in &self.violating {
            let totals = all.entry(policy.clone()).or_default();
            (totals.violating, totals.first_violating) = listed(owners);
        }
        for (policy, owners) in &self.refused {
            let totals = all.entry(policy.clone()).or_default();
            (totals.would_deny, totals.first_would_deny) = listed(owners);
        }
        all
    }

    pub(super) fn of_reasons(&self) -> BTreeMap<Reason, i64> {
        self.reasons
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(reason, count)| (*reason, *count))
            .collect()
    }
}

fn replace(
    owners: &mut Owners,
    key: &Arc<SubjectKey>,
    was: &BTreeMap<PolicyName, First>,
    is: &BTreeMap<PolicyName, First>,
) {
    for policy in was.keys() {
        let left = owners.get_mut(policy).map(|owners| {
            owners.remove(key);
            owners.len()
        });
        if left == Some(0) {
            owners.remove(policy);
        }
    }
    for (policy, first) in is {
        owners.entry(policy.clone()).or_default().insert(key.clone(), first.clone());
    }
}

/// How many there are, and the first of them.
fn listed(owners: &BTreeMap<Arc<SubjectKey>, First>) -> (u32, Vec<OwnerFinding>) {
    let first = owners.iter().take(LISTED).map(|(key, (reason, field))| OwnerFinding {
        namespace: key.namespace.to_string(),
        kind: key.kind.to_owned(),
        name: key.name.to_string(),
        reason: reason.code().to_owned(),
        field: field.chars().take(FIELD_LIMIT).collect(),
    });
    (u32::try_from(owners.len()).unwrap_or(u32::MAX), first.collect())
}
