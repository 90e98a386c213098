//! What there should be: the policies of every closed namespace, and the marks of its pods. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bund_crds::Mode;
use bund_crds::labels::{EGRESS_HOLDS, EGRESS_PREFIX, EGRESS_TRANSFER_PREFIX};
use bund_engine::egress::{self, MANAGED_BY, Marker, NamespacePlan, PlannedPolicy};
use bund_engine::snapshot::{Enrolment, Life, MadeBy, PodFacts};
use bund_engine::subject::Deletion;
use bund_engine::{Snapshot, Subject, Timestamp};
use serde_json::{Value, json};

use super::cluster_policy;
use super::ended::{Turn, owed};
use super::kind::{Key, Kind};
use super::stored::Digest;
use crate::response::Grounds;

/// The mark of a pod that holds nothing that must not leave.
const NOTHING: &str = "nothing";

/// A pod, by namespace and name.
pub(super) type PodKey = (Box<str>, Box<str>);

/// A policy as it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Policy {
    /// What it does, which many namespaces have in common.
    spec: Arc<Value>,
    pub(super) digest: Digest,
}

/// Labels that a pod should carry and does not, or carries and should not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marking {
    pub(super) pod: PodKey,
    pub(super) uid: Box<str>,
    /// What each of them should be; `None` where it should not be there.
    pub(super) labels: BTreeMap<String, Option<String>>,
}

/// A pod that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaver {
    pub(super) uid: Box<str>,
    /// It is on its way already.
    pub(super) going: bool,
    /// The policies that ask for it, each with why.
    pub(super) grounds: Grounds,
}

/// What there should be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    /// What may be reached from every namespace that is closed, or would be.
    pub(super) plans: Vec<NamespacePlan>,
    /// The namespaces that are closed.
    pub(super) closed: BTreeSet<Box<str>>,
    /// Their policies.
    pub(super) policies: BTreeMap<Key, Policy>,
    /// The pods whose marks are not as they should be.
    pub(super) markings: Vec<Marking>,
    /// How many pods are sources of each transfer that is open, by its mark.
    pub(super) sources: BTreeMap<String, u32>,
    /// The pods that are to go, because a transfer of theirs ended.
    pub(super) owed: BTreeMap<PodKey, Leaver>,
    /// The namespaces that are guarded no more, where pods live that hold what must not leave. Nothing is taken away there.
    pub(super) kept: BTreeSet<Box<str>>,
}

impl Policy {
    fn of(kind: Kind, mut manifest: Value) -> Self {
        let spec = manifest.get_mut("spec").map(Value::take).unwrap_or_default();
        Self { digest: Digest::of(kind, &spec), spec: Arc::new(spec) }
    }

    /// The object as it is written under this key.
    pub(super) fn manifest(&self, key: &Key) -> Value {
        let mut metadata = json!({ "name": key.name, "labels": { MANAGED_BY.0: MANAGED_BY.1 } });
        if let (Kind::Network, Some(members)) = (key.kind, metadata.as_object_mut()) {
            members.insert("namespace".to_owned(), key.namespace.as_ref().into());
        }
        json!({
            "apiVersion": key.kind.api_version(),
            "kind": key.kind.as_str(),
            "metadata": metadata,
            "spec": *self.spec,
        })
    }
}

impl Wanted {
    /// What there should be at `now`, of the kinds that are `served`; ClusterNetworkPolicies with this `priority`.
    pub(super) fn of(
        snapshot: &Snapshot,
        served: impl Fn(Kind) -> bool,
        priority: u16,
        now: Timestamp,
    ) -> Self {
        let mut wanted = Self { plans: egress::plan(snapshot, now), ..Self::default() };
        // By name the last that was written out: most namespaces have policies that do the same.
        let mut last: BTreeMap<&str, (&PlannedPolicy, Policy)> = BTreeMap::new();
        for plan in wanted.plans.iter().filter(|plan| plan.mode == Mode::Deny) {
            wanted.closed.insert(plan.namespace.clone());
            for planned in &plan.policies {
                let policy = match last.get(planned.name.as_ref()) {
                    Some((other, policy)) if *other == planned => policy.clone(),
                    _ => Policy::of(Kind::Network, egress::manifest(planned, &plan.namespace, snapshot)),
                };
                last.insert(&planned.name, (planned, policy.clone()));
                wanted.policies.insert(Key::network(&plan.namespace, &planned.name), policy);
            }
            if let Some(manifest) = cluster_policy::manifest(plan, priority).filter(|_| served(Kind::Cluster))
            {
                wanted.policies.insert(Key::cluster(&plan.namespace), Policy::of(Kind::Cluster, manifest));
            }
        }
        let kept = snapshot.all_pod_facts().filter(|pod| is_left_behind(pod, snapshot));
        wanted.kept = kept.filter_map(|pod| pod.subject.id.namespace.clone()).collect();
        let mut marker = Marker::new(snapshot, now);
        for pod in snapshot.all_pod_facts() {
            wanted.pod(pod, &mut marker, snapshot, now);
        }
        wanted
    }

    /// The plan of a namespace that is closed.
    pub(super) fn plan_of(&self, namespace: &str) -> Option<&NamespacePlan> {
        // They come in order of namespace.
        let found = self.plans.binary_search_by(|plan| (*plan.namespace).cmp(namespace)).ok()?;
        self.plans.get(found).filter(|plan| plan.mode == Mode::Deny)
    }

    fn pod<'s>(&mut self, pod: &'s PodFacts, marker: &mut Marker<'s>, snapshot: &Snapshot, now: Timestamp) {
        let PodFacts { uid, subject, life } = pod;
        let namespace = subject.id.namespace.as_deref().unwrap_or_default();
        let concerned = self.closed.contains(namespace)
            || marks_of(subject).next().is_some()
                && !self.kept.contains(namespace)
                && snapshot.enrolment(namespace) != Enrolment::Exempt;
        // What has ended sends nothing. What a kubelet runs by itself cannot be marked: to the network it is nobody.
        if !concerned || *life == Life::Ended || subject.made_by == MadeBy::Kubelet || uid.is_empty() {
            return;
        }
        let should = marker.marks(subject);
        for mark in should.keys().filter(|key| key.starts_with(EGRESS_TRANSFER_PREFIX)) {
            *self.sources.entry(mark.clone()).or_default() += 1;
        }
        let mut labels = differing(subject, &should);
        let pod = (namespace.into(), subject.id.name.clone());
        // The mark of a transfer that ended stays until the pod is gone: so nobody forgets that it is to go.
        for key in labels.keys().cloned().collect::<Vec<_>>() {
            if should.contains_key(&key) || !key.starts_with(EGRESS_TRANSFER_PREFIX) {
                continue;
            }
            let Some(turn) = owed(subject, &key, snapshot, now) else { continue };
            labels.remove(&key);
            if let Turn::Due(grounds) = turn {
                let going = subject.deletion == Deletion::Asked;
                let leaver = || Leaver { uid: uid.clone(), going, grounds: Grounds::new() };
                self.owed.entry(pod.clone()).or_insert_with(leaver).grounds.extend(grounds);
            }
        }
        if !labels.is_empty() {
            self.markings.push(Marking { pod, uid: uid.clone(), labels });
        }
    }
}

/// The marks that a pod carries.
fn marks_of(pod: &Subject) -> impl Iterator<Item = (&str, &str)> {
    let ours = |key: &str| key.starts_with(EGRESS_PREFIX) || key.starts_with(EGRESS_TRANSFER_PREFIX);
    pod.labels.iter().filter(move |(key, _)| ours(key))
}

/// What is to change for a pod to carry the marks that it `should`, and no others.
fn differing(pod: &Subject, should: &BTreeMap<String, String>) -> BTreeMap<String, Option<String>> {
    let wrong = marks_of(pod).filter(|(key, _)| !should.contains_key(*key));
    let lacking = should.iter().filter(|(key, value)| pod.labels.get(key) != Some(value.as_str()));
    let removed = wrong.map(|(key, _)| (key.to_owned(), None));
    removed.chain(lacking.map(|(key, value)| (key.clone(), Some(value.clone())))).collect()
}

/// Whether a pod holds what must not leave, in a namespace that is guarded no more. Whoever took the label away did not move
/// the data: nothing is opened for it.
fn is_left_behind(pod: &PodFacts, snapshot: &Snapshot) -> bool {
    let namespace = pod.subject.id.namespace.as_deref().unwrap_or_default();
    let holds = pod.subject.labels.get(EGRESS_HOLDS).is_some_and(|holds| holds != NOTHING);
    holds && pod.life == Life::Lasts && snapshot.enrolment(namespace) == Enrolment::Unguarded
}
