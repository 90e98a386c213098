//! Which namespaces are closed, by which mode, and what the pods in them hold.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use bund_crds::{Aspect, JurisdictionName, Mode, labels};

use super::Holds;
use crate::{
    Classification, HeldClass, Holder, Snapshot, Subject,
    classify::Classifier,
    select::policies_in,
    snapshot::{CarrierKind, DEFAULT_NAMESPACE, Enrolment, OwnKind, Policy},
    subject::Role,
};

/// The policies that may close one guarded namespace.
#[derive(Debug)]
pub(super) struct Closing<'s> {
    namespace: &'s str,
    /// Those that apply there, in order of name; one at least.
    policies: Vec<&'s Policy>,
    snapshot: &'s Snapshot,
}

/// What a pod holds, or what the pods of a template will hold.
pub(crate) fn classes_of(subject: &Subject, namespace: &str, snapshot: &Snapshot) -> Classification {
    let mut classes = Classification::new();
    for shape in &subject.shapes {
        let classifier = Classifier::new(snapshot, namespace);
        let mut classifier = match subject.role {
            Role::Pod => classifier.of(Holder::pod(namespace, &subject.id.name)),
            _ => classifier,
        };
        classes.extend(classifier.shape(shape));
    }
    classes
}

impl<'s> Closing<'s> {
    /// What may close the namespace; `None` where it is not guarded, or no policy applies. A namespace that is not known
    /// counts as guarded.
    pub(super) fn in_namespace(namespace: &'s str, snapshot: &'s Snapshot) -> Option<Self> {
        match snapshot.enrolment(namespace) {
            Enrolment::Guarded | Enrolment::Assumed => {}
            Enrolment::Unguarded | Enrolment::Exempt => return None,
        }
        let policies: Vec<_> = policies_in(snapshot, namespace).collect();
        (!policies.is_empty()).then_some(Self { namespace, policies, snapshot })
    }

    /// Every policy that applies.
    pub(super) fn policies(&self) -> &[&'s Policy] {
        &self.policies
    }

    /// The policies that keep a class: all of them, if nobody declares it.
    pub(super) fn keeping<'a>(&'a self, class: &'a str) -> impl Iterator<Item = &'s Policy> + 'a {
        let declared = self.snapshot.world().class(class).is_some();
        let keeps =
            move |policy: &&Policy| !declared || policy.spec.data_classes.iter().any(|c| c.as_str() == class);
        self.policies.iter().copied().filter(keeps)
    }

    /// The jurisdictions in which a class may be: those that every policy allows that keeps it.
    pub(super) fn jurisdictions(&self, class: &str) -> BTreeSet<JurisdictionName> {
        let mut keeping = self.keeping(class).map(|policy| &policy.spec.jurisdictions);
        let first = keeping.next().map(|first| first.iter().cloned().collect()).unwrap_or_default();
        keeping.fold(first, |mut common: BTreeSet<_>, other| {
            common.retain(|name| other.contains(name));
            common
        })
    }

    /// The strictest mode that a policy has for egress here.
    fn strictest(&self) -> Mode {
        let modes = self.policies.iter().map(|policy| policy.mode(Aspect::Egress, self.namespace));
        modes.max().unwrap_or(Mode::Audit)
    }

    /// The mode of a class; `None` where nobody keeps it.
    fn mode(&self, class: &str) -> Option<Mode> {
        self.keeping(class).map(|policy| policy.mode(Aspect::Egress, self.namespace)).max()
    }

    /// Of these classes those with this mode.
    pub(super) fn holds(&self, classes: &Classification, mode: Mode) -> Holds {
        let of_mode = |class: &&HeldClass| self.mode(class.as_str()) == Some(mode);
        Holds(classes.keys().filter(of_mode).cloned().collect())
    }

    /// Whether something that is known to be in the namespace closes it.
    pub(super) fn is_closed(&self) -> bool {
        if self.strictest() < Mode::Deny {
            return false;
        }
        let denies = |classes: &Classification| !self.holds(classes, Mode::Deny).0.is_empty();
        self.at_rest(|mode| mode == Mode::Deny)
            || self.pods().any(|pod| denies(&classes_of(pod, self.namespace, self.snapshot)))
    }

    /// What makes pods here, and the pods; of those that lie side by side and certainly hold the same, as those of one
    /// workload do, the first alone.
    fn pods(&self) -> impl Iterator<Item = &'s Subject> + use<'s> {
        let mut last: Option<&Subject> = None;
        let templates = self.snapshot.templates_in(self.namespace);
        let pods = templates.chain(self.snapshot.pods_in(self.namespace));
        pods.filter(move |pod| !last.replace(pod).is_some_and(|last| is_alike(last, pod)))
    }

    /// Whether the Namespace itself or something at rest in it holds a class with a mode that is
    /// `asked`.
    fn at_rest(&self, asked: impl Fn(Mode) -> bool) -> bool {
        let asked = |class: &str| self.mode(class).is_some_and(&asked);
        let namespace = self.snapshot.namespace(self.namespace);
        if namespace.is_some_and(|facts| facts.labels.classes().any(asked)) {
            return true;
        }
        let kinds = CarrierKind::ALL.into_iter().filter(|kind| kind.is_namespaced());
        let mut carriers = kinds.flat_map(|kind| self.snapshot.carriers_named(kind, self.namespace, ""));
        carriers.any(|(id, facts)| {
            let own = Holder::Carrier(id.clone());
            let mut classifier = Classifier::new(self.snapshot, self.namespace).of(own);
            classifier.carrier(id, facts).keys().any(|class| asked(class.as_str()))
        })
    }

    /// What is to be closed, and by which mode; `None` where nothing holds what a policy keeps.
    fn closed(&self, pods: &BTreeSet<BTreeSet<HeldClass>>) -> Option<Closed> {
        let classes: BTreeSet<&HeldClass> = pods.iter().flatten().collect();
        let of_pods = classes.iter().filter_map(|class| self.mode(class.as_str())).max();
        let ceiling = self.strictest();
        let stricter = [Mode::Deny, Mode::Warn, Mode::Audit]
            .into_iter()
            .filter(|mode| *mode <= ceiling && Some(*mode) > of_pods)
            .find(|mode| self.at_rest(|other| other == *mode));
        let mode = stricter.or(of_pods)?;
        let of_mode = |class: &&HeldClass| self.mode(class.as_str()) == Some(mode);
        let sets = pods.iter().map(|set| Holds(set.iter().filter(of_mode).cloned().collect()));
        Some(Closed { mode, sets: sets.collect() })
    }

    /// What is to be closed here. What will make pods counts, so that a pod finds its policy when it comes.
    fn survey(&self) -> Option<Closed> {
        let classes = |pod| classes_of(pod, self.namespace, self.snapshot).into_keys().collect();
        self.closed(&self.pods().map(classes).collect())
    }
}

/// Whether two pods certainly hold the same classes: everything is alike from which classes come.
pub(super) fn is_alike(one: &Subject, other: &Subject) -> bool {
    one.role == other.role
        && one.shapes.len() == other.shapes.len()
        && one.shapes.iter().zip(&other.shapes).all(|(one, other)| {
            one.labels == other.labels
                && one.references == other.references
                && one.volumes == other.volumes
                && one.claims.is_empty()
                && other.claims.is_empty()
        })
}

/// What is to be closed in one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    /// `Deny` where it is closed; otherwise it would be.
    pub(super) mode: Mode,
    /// What its pods hold, each set once.
    pub(super) sets: BTreeSet<Holds>,
}

/// What is to be closed in every namespace, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    closed: BTreeMap<Box<str>, Closed>,
    /// Every set that pods of closed namespaces hold.
    enforced: BTreeSet<Holds>,
    /// The same with those of namespaces in which closing is only told.
    told: BTreeSet<Holds>,
}

/// What a pod, or the pods that will be made of a template, hold that has this mode for egress; nothing where no policy
/// applies.
pub fn held(subject: &Subject, mode: Mode, snapshot: &Snapshot) -> Holds {
    let namespace = subject.id.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    let closing = Closing::in_namespace(namespace, snapshot);
    let holds = closing.map(|closing| closing.holds(&classes_of(subject, namespace, snapshot), mode));
    holds.unwrap_or_default()
}

/// Whether all can be read that plans rest on. Where it cannot, a plan may lack what is closed by what cannot be read, and
/// whatever is closed must stay so.
pub fn is_certain(snapshot: &Snapshot) -> bool {
    !snapshot.world().unreadable().any(|fact| match fact.kind {
        OwnKind::ClusterLocation | OwnKind::DataClass | OwnKind::Jurisdiction | OwnKind::ResidencyPolicy => {
            true
        }
        OwnKind::BreakGlass | OwnKind::DestinationMapping => false,
    })
}

/// Looks at every pod once.
pub fn survey(snapshot: &Snapshot) -> Survey {
    let mut found = Survey::default();
    for (namespace, facts) in snapshot.namespaces() {
        // Most namespaces of a cluster are not guarded.
        if facts.labels.get(labels::GUARDED).is_none() && !facts.is_guarded() {
            continue;
        }
        let closed = Closing::in_namespace(namespace, snapshot).and_then(|closing| closing.survey());
        if let Some(closed) = closed {
            found.add(namespace, closed);
        }
    }
    found
}

impl Survey {
    fn add(&mut self, namespace: &str, closed: Closed) {
        self.told.extend(closed.sets.iter().cloned());
        if closed.mode == Mode::Deny {
            self.enforced.extend(closed.sets.iter().cloned());
        }
        self.closed.insert(namespace.into(), closed);
    }

    /// One namespace alone, with no peers elsewhere.
    pub(super) fn of(namespace: &str, snapshot: &Snapshot) -> Self {
        let mut found = Self::default();
        let closing = snapshot.namespace(namespace).and(Closing::in_namespace(namespace, snapshot));
        if let Some(closed) = closing.and_then(|closing| closing.survey()) {
            found.add(namespace, closed);
        }
        found
    }

    /// The namespaces that are to be closed, in order of name.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.closed.keys().map(AsRef::as_ref)
    }

    /// Whether the namespace of this name is closed, and not only told to be.
    pub fn is_closed(&self, namespace: &str) -> bool {
        self.closed.get(namespace).is_some_and(|closed| closed.mode == Mode::Deny)
    }

    pub(super) fn closed(&self, namespace: &str) -> Option<&Closed> {
        self.closed.get(namespace)
    }

    /// Every known set whose pods may receive what pods with `holds` send.
    pub(super) fn peers(&self, holds: &Holds, mode: Mode) -> BTreeSet<Holds> {
        let known = if mode == Mode::Deny { &self.enforced } else { &self.told };
        known.iter().filter(|other| holds.is_held_by(other)).cloned().collect()
    }
}
