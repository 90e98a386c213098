//! A policy that lies in no namespace: what it opens is asked for each guarded namespace that it reaches, by what policies ask
//! for there.

use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};
use core::cmp::Reverse;

use bund_crds::{Aspect, Mode, PolicyName};
use sha2::{Digest, Sha256};

use super::{Asked, MOST};
use crate::{
    FieldPath, Finding, HeldClass, Reason, Snapshot, Timestamp,
    classify::Provenance,
    egress::{Allowed, open_to_holders, open_to_marked},
    glass,
    hexadecimal::hexadecimal,
    network_policy::{ClusterPolicy, NetworkPolicy},
    select::{Requirement, enrolled, requirements},
};

/// What to write instead: what leaves a namespace out needs no permission of Bund.
const REMEDY: &str = "leave guarded namespaces out of those that it selects, by the expression `bund.dev/guarded` \
                      DoesNotExist, or open no more in them than policies and transfers do";

/// What a policy opens beyond what is open, in every guarded namespace that it reaches; the strictest first.
pub(super) fn judge(policy: &ClusterPolicy, snapshot: &Snapshot, now: Timestamp) -> Vec<Finding> {
    let mut questions: Vec<Question<'_>> = policy
        .opens_in(snapshot)
        .flat_map(|(namespace, policy)| Question::all(policy, namespace, snapshot))
        .collect();
    questions.sort_by_key(|question| Reverse(question.requirement.mode(Aspect::Egress)));
    let (mut openings, mut told, mut rest) = (Openings::default(), Vec::new(), Rest::default());
    for question in &questions {
        for finding in question.findings(&mut openings, snapshot, now) {
            if told.len() < MOST {
                told.push(finding);
            } else {
                rest.add(finding);
            }
        }
    }
    told.extend(rest.told());
    told
}

/// What a policy opens beyond what is open, in one namespace.
pub(crate) fn in_namespace(
    policy: &ClusterPolicy,
    namespace: &str,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Finding> {
    let mut openings = Openings::default();
    let policies = policy.opens_within(namespace, snapshot);
    let questions = policies.flat_map(|policy| Question::all(policy, namespace, snapshot));
    questions.flat_map(|question| question.findings(&mut openings, snapshot, now)).collect()
}

/// A policy, asked for one class in one namespace.
struct Question<'s> {
    policy: &'s NetworkPolicy,
    namespace: &'s str,
    requirement: Requirement<'s>,
    provenance: Vec<Provenance>,
}

/// What is open to pods that hold a class, by the policies that keep it: the same in every namespace where the same ones do.
type Openings = BTreeMap<(HeldClass, Vec<PolicyName>), Vec<Allowed>>;

impl<'s> Question<'s> {
    fn all(policy: &'s NetworkPolicy, namespace: &'s str, snapshot: &'s Snapshot) -> Vec<Self> {
        let mut classes = enrolled(snapshot, namespace);
        let requirements = requirements(&classes, snapshot, namespace);
        let of = |requirement: Requirement<'s>| {
            let provenance = classes.remove(&requirement.class).unwrap_or_default();
            Self { policy, namespace, requirement, provenance }
        };
        requirements.into_iter().map(of).collect()
    }

    fn findings(&self, openings: &mut Openings, snapshot: &Snapshot, now: Timestamp) -> Vec<Finding> {
        let Self { policy, namespace, requirement, provenance } = self;
        let policies = requirement.policies.iter().map(|policy| policy.name.clone()).collect();
        let open = openings
            .entry((requirement.class.clone(), policies))
            .or_insert_with(|| open_to_holders(&requirement.class, namespace, snapshot));
        let mut open = open.clone();
        open.extend(open_to_marked(&policy.selects, namespace, snapshot, now));
        let broken = glass::standing_in(namespace, snapshot, now)
            .filter(|_| requirement.mode(Aspect::Egress) == Mode::Deny);
        let beyond = Asked { policy, requirement, namespace, snapshot, open }.beyond();
        let finding = |(place, (field, why)): (String, (FieldPath, String))| {
            let offending = format!("{namespace}: {}: {place}", policy.selects);
            let what = format!("lets pods of namespace {namespace} reach {place}; {why}");
            let mut finding = Finding::of(Reason::EgressWidened, requirement, provenance)
                .at(field, offending, what)
                .remedied(REMEDY);
            if let Some(standing) = &broken {
                finding.standing = standing.clone();
            }
            finding
        };
        beyond.into_iter().map(finding).collect()
    }
}

/// What is not told one by one.
#[derive(Default)]
struct Rest {
    first: Option<Box<Finding>>,
    number: usize,
    digest: Sha256,
}

impl Rest {
    fn add(&mut self, finding: Finding) {
        self.number += 1;
        self.digest.update(finding.offending.as_bytes());
        self.digest.update(b"\n");
        // What refuses is to refuse with all the others.
        let stands = |finding: &Finding| finding.standing == crate::finding::Standing::Stands;
        if self.first.as_deref().is_none_or(|first| !stands(first) && stands(&finding)) {
            self.first = Some(finding.into());
        }
    }

    /// The rest in one finding, of the strictest of them.
    fn told(self) -> Option<Finding> {
        let what = format!(
            "lets pods of guarded namespaces reach {} more places that are not open to them",
            self.number
        );
        Some(self.first?.at(FieldPath::of("spec"), hexadecimal(&self.digest.finalize()), what))
    }
}
