//! Which pods policies ask to evict, and what keeps them that no waiting removes. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bund_crds::{Aspect, ClassName, Mode, PolicyName, Response};
use bund_engine::finding::Standing;
use bund_engine::reason::Effect;
use bund_engine::snapshot::{Life, MadeBy, NamespaceFacts, PodFacts, Policy, World};
use bund_engine::subject::Deletion;
use bund_engine::{Finding, ObjectId, Timestamp};

use crate::audit::Audited;
use crate::index::{SubjectKey, View};

/// A pod that a policy asks to evict.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The pod.
    pub pod: Arc<SubjectKey>,
    /// Its uid: another pod of its name is not meant.
    pub uid: Box<str>,
    /// The pods that it is one of.
    pub group: Group,
    /// The policies that ask for it, each with the moment from which on it does.
    pub by: BTreeMap<PolicyName, Timestamp>,
    /// What keeps it.
    pub kept: Option<Kept>,
}

/// Pods that do the same work: an eviction takes a share of it away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A pod by itself.
    Alone(Arc<SubjectKey>),
    /// The pods of a workload that is watched.
    Workload(SubjectKey),
    /// The pods of a controller of another kind, in its namespace.
    Controller(Box<ObjectId>),
}

/// What keeps a pod from being evicted, however long one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// Its namespace is exempt, or our own.
    Exempt,
    /// Glass is broken in its namespace.
    Glass,
    /// A kubelet made it of a file on its node: the API server holds only a mirror of it.
    Mirror,
    /// Its namespace is not guarded: the same pod would be made again.
    Unguarded,
    /// Where nodes are cannot be told: nothing is inside because nobody says what is.
    Unlocated,
}

/// What a finding means for the pods that it concerns.
enum Meaning<'p> {
    /// Nothing.
    Nothing,
    /// These policies ask to evict them.
    Evict(Vec<&'p Policy>),
    /// These would, and something keeps them.
    Keep(Vec<&'p Policy>, Kept),
}

/// The policies that ask for evictions for anything, by name.
pub(super) type Evicting<'w> = BTreeMap<&'w PolicyName, &'w Policy>;

/// The policies that ask for evictions.
pub(super) fn evicting(world: &World) -> Evicting<'_> {
    let asks =
        |policy: &&Policy| [Aspect::Placement, Aspect::Storage].iter().any(|aspect| evicts(policy, *aspect));
    world.policies().filter(asks).map(|policy| (&policy.name, policy)).collect()
}

/// Whether a policy asks to evict pods that break a rule of this aspect.
pub(super) fn evicts(policy: &Policy, aspect: Aspect) -> bool {
    policy.spec.running.is_some_and(|running| running.response(aspect) == Response::Evict)
}

/// Every pod that a policy asks to evict, in order of namespace and name. `own` is our own namespace.
pub fn asked(view: &View, audited: &Audited, own: &str) -> Vec<Asked> {
    let evicting = evicting(view.snapshot.world());
    let mut asked: BTreeMap<Arc<SubjectKey>, Asked> = BTreeMap::new();
    if evicting.is_empty() {
        return Vec::new();
    }
    for told in audited.owners.values().flat_map(|owner| &owner.findings) {
        let pods = || told.subjects.iter().filter(|subject| subject.kind == "Pod");
        let Some(first) = pods().next() else { continue };
        let (policies, kept) = match meaning(&told.finding, &first.namespace, view, &evicting, own) {
            Meaning::Nothing => continue,
            Meaning::Evict(policies) => (policies, None),
            Meaning::Keep(policies, kept) => (policies, Some(kept)),
        };
        for pod in pods() {
            let Some(facts) = view.pod(pod).filter(|facts| lasts(facts)) else { continue };
            let known = asked.entry(pod.clone()).or_insert_with(|| Asked {
                pod: pod.clone(),
                uid: facts.uid.clone(),
                group: group(view, pod, facts),
                by: BTreeMap::new(),
                kept: (facts.subject.made_by == MadeBy::Kubelet).then_some(Kept::Mirror),
            });
            known.kept = known.kept.or(kept);
            for policy in &policies {
                let from = grace_over(policy, told.since);
                known
                    .by
                    .entry(policy.name.clone())
                    .and_modify(|known| *known = from.min(*known))
                    .or_insert(from);
            }
        }
    }
    asked.into_values().collect()
}

/// Whether a pod runs, or will, and nobody has asked it to go.
fn lasts(pod: &PodFacts) -> bool {
    pod.life == Life::Lasts && pod.subject.deletion == Deletion::NotAsked
}

fn grace_over(policy: &Policy, since: Timestamp) -> Timestamp {
    let grace = policy.spec.running.unwrap_or_default().eviction().grace();
    since.checked_add(grace).unwrap_or(Timestamp::MAX)
}

fn meaning<'p>(
    finding: &Finding,
    namespace: &str,
    view: &View,
    evicting: &Evicting<'p>,
    own: &str,
) -> Meaning<'p> {
    let entry = finding.reason.entry();
    let Some(aspect) = entry.aspect.filter(|_| entry.effect == Effect::Denies && finding.mode == Mode::Deny)
    else {
        return Meaning::Nothing;
    };
    let asks = |policy: &&Policy| evicts(policy, aspect) && policy.mode(aspect, namespace) == Mode::Deny;
    let policies = finding.policies.iter().filter_map(|name| evicting.get(name)).copied();
    let policies: Vec<_> = policies.filter(asks).collect();
    if policies.is_empty() {
        return Meaning::Nothing;
    }
    let guarded = || view.snapshot.namespace(namespace).is_some_and(NamespaceFacts::has_guarded_label);
    match finding.standing {
        _ if namespace == own => Meaning::Keep(policies, Kept::Exempt),
        Standing::Exempt => Meaning::Keep(policies, Kept::Exempt),
        Standing::LetThrough(_) => Meaning::Keep(policies, Kept::Glass),
        Standing::Stands if !guarded() => Meaning::Keep(policies, Kept::Unguarded),
        Standing::Stands if !policies.iter().all(|policy| is_located(policy, view.snapshot.world())) => {
            Meaning::Keep(policies, Kept::Unlocated)
        }
        Standing::Stands => Meaning::Evict(policies),
        Standing::Existed | Standing::Covered(_) | Standing::Declassified | Standing::Connected => {
            Meaning::Nothing
        }
    }
}

/// Whether what is inside is said at all: the location of the cluster, and every jurisdiction of the policy. Without them
/// everything is outside. That refuses what is new, and must not take away what runs: a mistake would empty the cluster.
pub(super) fn is_located(policy: &Policy, world: &World) -> bool {
    world.has_location() && policy.spec.jurisdictions.iter().all(|name| world.jurisdiction(name).is_some())
}

/// Why policies ask to evict a pod.
pub type Grounds = BTreeMap<PolicyName, Ground>;

/// Why a policy asks to evict a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The code of the first rule that the pod breaks; where a transfer of its ended, how.
    pub reason: &'static str,
    /// The classes that are concerned.
    pub classes: BTreeSet<ClassName>,
}

/// The policies that still ask to evict a pod, by the newest view and the pod as it is stored now. Empty: it is right by
/// now, or something keeps it.
pub fn still<'p>(
    view: &View,
    pod: &SubjectKey,
    asked: impl Iterator<Item = &'p PolicyName>,
    own: &str,
    now: Timestamp,
) -> Grounds {
    let Some(facts) = view.pod(pod).filter(|facts| lasts(facts) && facts.subject.made_by != MadeBy::Kubelet)
    else {
        return Grounds::new();
    };
    let evicting = evicting(view.snapshot.world());
    let asked: BTreeSet<_> = asked.collect();
    let mut grounds = Grounds::new();
    for finding in bund_engine::audit::audit(&facts.subject, &view.snapshot, now).findings {
        let policies = match meaning(&finding, &pod.namespace, view, &evicting, own) {
            Meaning::Evict(policies) => policies,
            Meaning::Nothing | Meaning::Keep(..) => continue,
        };
        for policy in policies.into_iter().filter(|policy| asked.contains(&policy.name)) {
            let first = || Ground { reason: finding.reason.code(), classes: BTreeSet::new() };
            let ground = grounds.entry(policy.name.clone()).or_insert_with(first);
            ground.classes.extend(finding.class.as_ref().and_then(|class| class.as_str().parse().ok()));
        }
    }
    grounds
}

/// The pods that a pod is one of.
fn group(view: &View, pod: &Arc<SubjectKey>, facts: &PodFacts) -> Group {
    let owner = view.owner_of(pod);
    let MadeBy::Controller(id) = &facts.subject.made_by else { return Group::Alone(pod.clone()) };
    if owner == **pod {
        return Group::Controller(Box::new(ObjectId {
            namespace: Some(pod.namespace.clone()),
            ..ObjectId::clone(id)
        }));
    }
    // The Jobs of a CronJob do work of their own.
    let job = SubjectKey::of_object(id).filter(|job| job.kind == "Job");
    Group::Workload(job.unwrap_or(owner))
}

#[cfg(test)]
mod tests;
