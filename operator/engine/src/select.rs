//! Which policies apply, and what they ask for together.

use alloc::{collections::BTreeSet, vec::Vec};

use bund_crds::{Aspect, JurisdictionName, Mode, PlacementStrategy};

use crate::{HeldClass, Provenance, Snapshot, classify::Classification, snapshot::Policy};

/// Where one class must stay: the intersection of what every policy that keeps it allows.
#[derive(Clone, Debug)]
pub struct Requirement<'s> {
    /// The class.
    pub class: HeldClass,
    /// The jurisdictions in which it may be: any of them. Empty where the policies conflict.
    pub jurisdictions: BTreeSet<JurisdictionName>,
    /// The policies that keep it, in order of name.
    pub policies: Vec<&'s Policy>,
    namespace: &'s str,
}

impl Requirement<'_> {
    /// The mode of one of its policies for an aspect.
    pub fn mode_of(&self, policy: &Policy, aspect: Aspect) -> Mode {
        policy.mode(aspect, self.namespace)
    }

    /// The strictest mode of the policies for an aspect.
    pub fn mode(&self, aspect: Aspect) -> Mode {
        self.policies.iter().map(|policy| self.mode_of(policy, aspect)).max().unwrap_or(Mode::Audit)
    }

    /// The strictest mode of the policies for any aspect but hints, which warn by themselves: taking a class away takes
    /// everything away.
    pub fn strictest_mode(&self) -> Mode {
        let enforced = Aspect::ALL.iter().filter(|aspect| **aspect != Aspect::Hints);
        enforced.map(|aspect| self.mode(*aspect)).max().unwrap_or(Mode::Audit)
    }

    /// The same requirement as far as some of its policies ask for it; `None` where none of them does.
    pub(crate) fn of(&self, counts: impl Fn(&Policy) -> bool) -> Option<Self> {
        let policies: Vec<_> = self.policies.iter().copied().filter(|policy| counts(policy)).collect();
        (!policies.is_empty()).then(|| Self { policies, ..self.clone() })
    }

    /// Whether pods are confined for their owners: a policy that denies says `Inject`, and none that denies says
    /// `Require`.
    pub fn injects(&self) -> bool {
        let denies = |policy: &&&Policy| policy.mode(Aspect::Placement, self.namespace) == Mode::Deny;
        let strategies = self.policies.iter().filter(denies).map(|policy| policy.strategy());
        strategies.max() == Some(PlacementStrategy::Inject)
    }
}

/// The policies that apply in a namespace, in order of name.
pub fn policies_in<'s>(
    snapshot: &'s Snapshot,
    namespace: &str,
) -> impl Iterator<Item = &'s Policy> + use<'s> {
    let labels = snapshot.namespace(namespace).map(|facts| &facts.labels);
    snapshot.world().policies().filter(move |policy| match (&policy.spec.namespace_selector, labels) {
        (Some(selector), Some(labels)) => selector.matches(|key| labels.get(key)),
        // What is not known about the namespace must not keep a policy from applying.
        (None, _) | (Some(_), None) => true,
    })
}

/// Every declared class that some policy keeps in a namespace: what may come to live there at any time.
pub(crate) fn enrolled(snapshot: &Snapshot, namespace: &str) -> Classification {
    let mut classes = Classification::new();
    for policy in policies_in(snapshot, namespace) {
        for class in &policy.spec.data_classes {
            if snapshot.world().class(class.as_str()).is_some() {
                let kept = || Vec::from([Provenance::Enrolled { policy: policy.name.clone() }]);
                classes.entry(class.as_str().into()).or_insert_with(kept);
            }
        }
    }
    classes
}

/// What the policies ask for the classes that a subject in `namespace` holds, one requirement per class that
/// some policy keeps, in order of class.
pub fn requirements<'s>(
    classes: &Classification,
    snapshot: &'s Snapshot,
    namespace: &'s str,
) -> Vec<Requirement<'s>> {
    if classes.is_empty() {
        return Vec::new();
    }
    let applying: Vec<_> = policies_in(snapshot, namespace).collect();
    classes
        .keys()
        .filter_map(|class| {
            let declared = snapshot.world().class(class.as_str()).is_some();
            let keeps = |policy: &&Policy| {
                !declared || policy.spec.data_classes.iter().any(|name| name.as_str() == class.as_str())
            };
            let policies: Vec<_> = applying.iter().copied().filter(keeps).collect();
            let jurisdictions = common(&policies)?;
            Some(Requirement { class: class.clone(), jurisdictions, policies, namespace })
        })
        .collect()
}

/// The jurisdictions that every policy allows; `None` where there is no policy.
fn common(policies: &[&Policy]) -> Option<BTreeSet<JurisdictionName>> {
    let (first, rest) = policies.split_first()?;
    let allowed =
        |name: &&JurisdictionName| rest.iter().all(|policy| policy.spec.jurisdictions.contains(*name));
    Some(first.spec.jurisdictions.iter().filter(allowed).cloned().collect())
}
