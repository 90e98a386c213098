//! What every subject was found to be, kept up as the view changes. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bund_crds::PolicyName;
use bund_engine::audit::Forecast;
use bund_engine::snapshot::PodFacts;
use bund_engine::{Finding, Reason, Timestamp};
use rpds::RedBlackTreeMapSync;

use super::judge::{Judge, Outcome};
use super::owner::{Counts, FindingId, OwnerAudit};
use super::totals::{PolicyTotals, Totals};
use crate::index::{SubjectKey, Touched, View};

/// What is known of everything that exists, at one moment. Cloning it is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// The owners with findings, in order of namespace, kind and name.
    pub owners: RedBlackTreeMapSync<Arc<SubjectKey>, Arc<OwnerAudit>>,
    /// What counts for each policy. One that is not here was not judged yet.
    pub policies: Arc<BTreeMap<PolicyName, PolicyTotals>>,
    /// How many owners break each rule.
    pub reasons: Arc<BTreeMap<Reason, i64>>,
}

/// Since when findings are known, by the owner under which they are told.
pub type Since = BTreeMap<(SubjectKey, FindingId), Timestamp>;

/// What every subject was found to be. Subjects of which nothing is at stake are not kept.
#[derive(Debug, Default)]
pub struct Audit {
    outcomes: BTreeMap<Arc<SubjectKey>, (Arc<SubjectKey>, Arc<Outcome>)>,
    owners: BTreeMap<Arc<SubjectKey>, Owner>,
    forecast: Forecast,
    /// Outcomes without findings, which many subjects have in common.
    plain: BTreeMap<Vec<PolicyName>, Arc<Outcome>>,
    totals: Totals,
    told: RedBlackTreeMapSync<Arc<SubjectKey>, Arc<OwnerAudit>>,
    /// Until everything was judged once.
    since: Since,
}

#[derive(Debug, Default)]
struct Owner {
    members: BTreeSet<Arc<SubjectKey>>,
    counts: Counts,
}

impl Audit {
    /// An audit that knows nothing yet but since when some findings are known.
    pub fn new(since: Since) -> Self {
        Self { since, ..Self::default() }
    }

    /// Judges again what is touched, and says how many subjects turned out otherwise than before.
    pub fn pass(&mut self, view: &View, touched: &Touched, now: Timestamp) -> usize {
        if *touched == Touched::Everything {
            self.forecast = Forecast::of(&view.snapshot);
        }
        let keys = self.keys(view, touched);
        let mut dirty = BTreeSet::new();
        let mut changed = 0;
        let judge = Judge { view, forecast: &self.forecast, now };
        for (key, outcome) in judge.judge_all(keys) {
            changed += usize::from(self.take(view, key, outcome, &mut dirty));
        }
        for owner in &dirty {
            self.tell(view, owner, now);
        }
        if *touched == Touched::Everything {
            // What is not there now, and comes again, is new.
            self.since.clear();
        }
        changed
    }

    /// What is known of everything, for whoever tells it.
    pub fn audited(&self) -> Audited {
        Audited {
            owners: self.told.clone(),
            policies: Arc::new(self.totals.of_policies(self.forecast.policies())),
            reasons: Arc::new(self.totals.of_reasons()),
        }
    }

    fn keys(&self, view: &View, touched: &Touched) -> Vec<SubjectKey> {
        let known = |key: &Arc<SubjectKey>| SubjectKey::clone(key);
        match touched {
            Touched::Everything => {
                let mut keys: Vec<_> = view.subjects().chain(self.outcomes.keys().map(known)).collect();
                keys.sort_unstable();
                keys.dedup();
                keys
            }
            Touched::Only { subjects, nodes } if nodes.is_empty() => subjects.iter().cloned().collect(),
            Touched::Only { subjects, nodes } => {
                let mut keys = subjects.clone();
                keys.extend(view.subjects_on(nodes));
                keys.extend(self.outcomes.keys().filter(|key| !is_settled(key, view)).map(known));
                keys.into_iter().collect()
            }
        }
    }

    /// Takes in what a subject was found to be; whether that differs from before.
    fn take(
        &mut self,
        view: &View,
        key: SubjectKey,
        outcome: Option<Arc<Outcome>>,
        dirty: &mut BTreeSet<Arc<SubjectKey>>,
    ) -> bool {
        let before = self.outcomes.remove_entry(&key);
        let after = outcome.map(|outcome| (self.owner(view.owner_of(&key)), self.share(outcome)));
        let (key, before) = match before {
            Some((key, before)) => (key, Some(before)),
            None => (Arc::new(key), None),
        };
        let differs = before != after;
        if differs {
            if let Some((owner, _)) = before {
                self.owners.entry(owner.clone()).or_default().members.remove(&key);
                dirty.insert(owner);
            }
            if let Some((owner, _)) = &after {
                self.owners.entry(owner.clone()).or_default().members.insert(key.clone());
                dirty.insert(owner.clone());
            }
        } else if self.told.get(&key).is_some_and(|told| *told.uid != *view.uid(&key).unwrap_or_default()) {
            // Another object of the same name, with the same faults.
            dirty.insert(key.clone());
        }
        if let Some(after) = after {
            self.outcomes.insert(key, after);
        }
        differs
    }

    /// The owner's key as it is held already, so that it is held once.
    fn owner(&self, key: SubjectKey) -> Arc<SubjectKey> {
        self.owners.get_key_value(&key).map_or_else(|| Arc::new(key), |(known, _)| known.clone())
    }

    fn share(&mut self, outcome: Arc<Outcome>) -> Arc<Outcome> {
        if !outcome.findings.is_empty() || !outcome.refused_by.is_empty() {
            return outcome;
        }
        self.plain.entry(outcome.kept_by.clone()).or_insert(outcome).clone()
    }

    /// Tells anew of an owner, some member of which turned out otherwise.
    fn tell(&mut self, view: &View, key: &Arc<SubjectKey>, now: Timestamp) {
        let Some(mut owner) = self.owners.remove(key) else { return };
        let members = owner.members.iter();
        let members: Vec<(&Arc<SubjectKey>, &Outcome)> =
            members.filter_map(|member| Some((member, self.outcomes.get(member)?.1.as_ref()))).collect();
        let counts = Counts::of(members.iter().map(|(_, outcome)| *outcome));
        let known = self.told.get(key);
        let since = |finding: &Finding| {
            let told = known.and_then(|known| known.since(finding));
            let told =
                told.or_else(|| self.since.get(&(SubjectKey::clone(key), FindingId::of(finding))).copied());
            told.unwrap_or(now)
        };
        let told = OwnerAudit::of(view.uid(key).unwrap_or_default(), members.into_iter(), since);
        if told.findings.is_empty() {
            self.told.remove_mut(key);
        } else if known.is_none_or(|known| **known != told) {
            self.told.insert_mut(key.clone(), Arc::new(told));
        }
        self.totals.replace(key, &owner.counts, &counts);
        if !owner.members.is_empty() {
            owner.counts = counts;
            self.owners.insert(key.clone(), owner);
        }
    }
}

/// Whether other nodes than its own are nothing to a subject: a pod that has its node, and no storage that some nodes
/// reach and others do not.
fn is_settled(key: &SubjectKey, view: &View) -> bool {
    let settled = |pod: &PodFacts| {
        let mut shapes = pod.subject.shapes.iter();
        shapes.all(|shape| shape.node_name.is_some() && shape.volumes.is_empty() && shape.claims.is_empty())
    };
    view.pod(key).is_some_and(settled)
}

#[cfg(test)]
mod tests;
