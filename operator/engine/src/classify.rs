//! Which classes a subject holds, and how it came to hold each.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::{borrow::Borrow, fmt};

use serde::Serialize;

use crate::{
    FieldPath, Snapshot,
    decide::Assumption,
    snapshot::{CarrierId, CarrierKind, Class},
    subject::{ClaimName, Labels, PodShape},
};

/// The name of a class that something holds: that of a `DataClass`, or whatever a label says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct HeldClass(Box<str>);

impl HeldClass {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for HeldClass {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl Borrow<str> for HeldClass {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeldClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a subject came to hold a class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Provenance {
    /// A label of its own.
    Label {
        /// Where the labels are.
        field: FieldPath,
    },
    /// A label of its Namespace.
    Namespace {
        /// The Namespace.
        name: Box<str>,
    },
    /// A selector of the class matches its labels.
    Selector {
        /// Where the labels are.
        field: FieldPath,
    },
    /// It mounts or references a carrier that holds the class.
    Carrier {
        /// The field that names the first carrier.
        field: FieldPath,
        /// The carriers from the one that is named to the one that holds the class.
        path: Vec<CarrierId>,
    },
    /// The pod that is bound holds it.
    Pod {
        /// The pod's name.
        name: Box<str>,
    },
}

impl Provenance {
    /// The field of the subject through which the class came, where it came through one.
    pub fn field(&self) -> FieldPath {
        match self {
            Self::Label { field } | Self::Selector { field } | Self::Carrier { field, .. } => field.clone(),
            Self::Namespace { .. } | Self::Pod { .. } => FieldPath::root(),
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label { field } => write!(f, "label in {field}"),
            Self::Namespace { name } => write!(f, "label on Namespace {name}"),
            Self::Selector { field } => write!(f, "a selector of the class matches {field}"),
            Self::Carrier { field, path } => {
                write!(f, "from ")?;
                for (index, carrier) in path.iter().enumerate() {
                    write!(f, "{}{carrier}", if index == 0 { "" } else { " and its " })?;
                }
                write!(f, ", named in {field}")
            }
            Self::Pod { name } => write!(f, "held by pod {name}"),
        }
    }
}

/// The classes that something holds, each with the ways in which it came to hold it: the first sixteen.
pub type Classification = BTreeMap<HeldClass, Vec<Provenance>>;

/// What is being classified: where labels are looked up and what was assumed on the way.
pub(crate) struct Classifier<'s> {
    snapshot: &'s Snapshot,
    namespace: &'s str,
    namespace_labels: Option<&'s Labels>,
    pub(crate) assumptions: BTreeSet<Assumption>,
}

impl<'s> Classifier<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, namespace: &'s str) -> Self {
        let namespace_labels = snapshot.namespace(namespace).map(|facts| &facts.labels);
        Self { snapshot, namespace, namespace_labels, assumptions: BTreeSet::new() }
    }

    /// The classes of a pod, or of the pods that will be made of a template.
    pub(crate) fn shape(&mut self, shape: &PodShape) -> Classification {
        let mut classes = Classification::new();
        self.of_namespace(&mut classes);
        self.of_labels(&shape.labels, &shape.labels_at, &mut classes);
        for reference in &shape.references {
            let id = CarrierId {
                kind: reference.carrier,
                namespace: Some(self.namespace.into()),
                name: reference.name.clone(),
            };
            self.of_carrier(id, &reference.field, &mut classes);
        }
        for claim in &shape.claims {
            for source in &claim.sources {
                let mut source = source.clone();
                if source.kind.is_namespaced() {
                    source.namespace.get_or_insert_with(|| self.namespace.into());
                }
                self.of_carrier(source, &claim.at.key("spec"), &mut classes);
            }
            self.of_labels(&claim.labels, &claim.at.key("metadata").key("labels"), &mut classes);
            match &claim.name {
                ClaimName::Exact(name) => {
                    self.of_existing_claims(name, &claim.at, str::is_empty, &mut classes);
                }
                ClaimName::WithOrdinal(prefix) => {
                    let ordinal = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
                    self.of_existing_claims(prefix, &claim.at, ordinal, &mut classes);
                }
                ClaimName::Unknown => {}
            }
        }
        classes
    }

    /// The classes that labels and selectors put on an object that is no pod.
    pub(crate) fn labelled(&mut self, labels: &Labels, at: &FieldPath) -> Classification {
        let mut classes = Classification::new();
        self.of_namespace(&mut classes);
        self.of_labels(labels, at, &mut classes);
        classes
    }

    fn of_namespace(&self, classes: &mut Classification) {
        for class in self.namespace_labels.into_iter().flat_map(Labels::classes) {
            add(classes, class, Provenance::Namespace { name: self.namespace.into() });
        }
    }

    fn of_labels(&self, labels: &Labels, at: &FieldPath, classes: &mut Classification) {
        for class in labels.classes() {
            add(classes, class, Provenance::Label { field: at.clone() });
        }
        for class in self.snapshot.world().classes().filter(|class| self.selects(class, labels)) {
            add(classes, class.name.as_str(), Provenance::Selector { field: at.clone() });
        }
    }

    /// Whether a class attaches itself to an object with these labels in this namespace.
    fn selects(&self, class: &Class, labels: &Labels) -> bool {
        class.spec.selectors.iter().any(|selector| {
            let in_namespace = selector.namespace_selector.as_ref().is_none_or(|selector| {
                selector.matches(|key| self.namespace_labels.and_then(|labels| labels.get(key)))
            });
            in_namespace && selector.object_selector.matches(|key| labels.get(key))
        })
    }

    /// The classes of a carrier and of every carrier that it holds classes of.
    fn of_carrier(&mut self, named: CarrierId, field: &FieldPath, classes: &mut Classification) {
        let mut seen = BTreeSet::from([named.clone()]);
        // Every carrier found, with the index of the one that led to it.
        let mut found: Vec<(CarrierId, Option<usize>)> = Vec::from([(named, None)]);
        let mut next = 0;
        while let Some((id, _)) = found.get(next) {
            let id = id.clone();
            let facts = self.snapshot.carrier(&id);
            match facts {
                Some(facts) => {
                    for class in self.of_facts(&id, &facts.labels).into_keys() {
                        let path = path_to(next, &found);
                        add(classes, class.as_str(), Provenance::Carrier { field: field.clone(), path });
                    }
                }
                None => {
                    self.assumptions.insert(Assumption::CarrierAbsent(id.clone()));
                }
            }
            let links = facts.into_iter().flat_map(|facts| &facts.links);
            for link in links.chain(self.snapshot.volumes_claimed_for(&id)) {
                if seen.insert(link.clone()) {
                    found.push((link.clone(), Some(next)));
                }
            }
            next += 1;
        }
    }

    /// What a carrier holds by its labels. Its Namespace is that of the pod, whose classes are counted already;
    /// a claim in another namespace, reached through a volume, is judged by its own.
    fn of_facts(&self, id: &CarrierId, labels: &Labels) -> Classification {
        let elsewhere = id.namespace.as_deref().filter(|namespace| *namespace != self.namespace);
        let mut classes = Classification::new();
        match elsewhere {
            None => self.of_labels(labels, &FieldPath::root(), &mut classes),
            Some(namespace) => {
                let other = Classifier::new(self.snapshot, namespace);
                other.of_namespace(&mut classes);
                other.of_labels(labels, &FieldPath::root(), &mut classes);
            }
        }
        classes
    }

    /// The classes of claims that exist already under the names that a template will give.
    fn of_existing_claims(
        &mut self,
        prefix: &str,
        at: &FieldPath,
        is_rest: impl Fn(&str) -> bool,
        classes: &mut Classification,
    ) {
        let existing: Vec<_> = self
            .snapshot
            .carriers_named(CarrierKind::PersistentVolumeClaim, self.namespace, prefix)
            .filter(|(id, _)| id.name.strip_prefix(prefix).is_some_and(&is_rest))
            .map(|(id, _)| id.clone())
            .collect();
        for id in existing {
            self.of_carrier(id, at, classes);
        }
    }
}

/// The carriers from the one that is named to the one at `index`.
fn path_to(index: usize, found: &[(CarrierId, Option<usize>)]) -> Vec<CarrierId> {
    let mut path = Vec::new();
    let mut at = Some(index);
    while let Some((id, from)) = at.and_then(|index| found.get(index)) {
        path.push(id.clone());
        at = *from;
    }
    path.reverse();
    path
}

/// Most ways in which a class is told to have come. More help nobody, and whoever writes an object decides how
/// many there would be.
const MAX_WAYS: usize = 16;

fn add(classes: &mut Classification, class: &str, provenance: Provenance) {
    let ways = match classes.get_mut(class) {
        Some(ways) => ways,
        None => classes.entry(class.into()).or_default(),
    };
    if ways.len() < MAX_WAYS && !ways.contains(&provenance) {
        ways.push(provenance);
    }
}
