//! Everything that is known, at one moment.
//!
//! A [`Snapshot`] is a value: cloning it is cheap, and changing a clone leaves the original as it is. The
//! operator's index and the command line build it by the same [`Snapshot::observe`], from objects as the API
//! server prints them. What cannot be read is kept as a fact of its own.

use alloc::{boxed::Box, sync::Arc};

use bund_crds::{NamespaceName, labels};
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use serde_json::Value;

use crate::{ObjectId, Subject, subject::Labels};

mod carrier;
mod glass;
mod node;
mod observe;
mod table;
mod world;

pub(crate) use carrier::claim_links;
pub use carrier::{CarrierFacts, CarrierId, CarrierKind};
pub use glass::Glass;
pub use node::{NodeFacts, Substance};
pub use observe::{DEFAULT_NAMESPACE, Observed};
pub(crate) use table::Place;
pub use table::Table;
pub use world::{Class, LocationFacts, OwnKind, Policy, Unreadable, World};

/// Everything that is known, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    world: Arc<World>,
    namespaces: RedBlackTreeMapSync<Box<str>, NamespaceFacts>,
    nodes: RedBlackTreeMapSync<Box<str>, Arc<NodeFacts>>,
    carriers: RedBlackTreeMapSync<CarrierId, Arc<CarrierFacts>>,
    /// Claims with the volumes that are kept for them, bound or not yet.
    claimed: RedBlackTreeMapSync<CarrierId, RedBlackTreeSetSync<CarrierId>>,
    pods: RedBlackTreeMapSync<(Box<str>, Box<str>), Arc<Subject>>,
    nodes_listed: Listing,
}

/// Whether a kind was listed as a whole, so that what is not known does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Nothing can be concluded from absence.
    #[default]
    NotGiven,
    /// All of them are known.
    Whole,
}

/// What is known of a Namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its labels.
    pub labels: Labels,
}

/// Namespaces of the cluster itself, where nothing is refused.
const ALWAYS_EXEMPT: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Whether Bund enforces in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// Classified objects may live here, and are judged.
    Guarded,
    /// Classified objects may not live here.
    Unguarded,
    /// Nothing is refused here; everything is audited.
    Exempt,
    /// The namespace is not known. It counts as guarded.
    Assumed,
}

impl Snapshot {
    /// What the custom resources say.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The Namespace of this name.
    pub fn namespace(&self, name: &str) -> Option<&NamespaceFacts> {
        self.namespaces.get(name)
    }

    /// Whether Bund enforces in the namespace of this name.
    pub fn enrolment(&self, name: &str) -> Enrolment {
        let exempt_by_name = |exempt: &NamespaceName| exempt.as_str() == name;
        if ALWAYS_EXEMPT.contains(&name) || self.world.location().exempt.iter().any(exempt_by_name) {
            return Enrolment::Exempt;
        }
        match self.namespace(name) {
            None => Enrolment::Assumed,
            Some(facts) if facts.is_guarded() => Enrolment::Guarded,
            Some(_) => Enrolment::Unguarded,
        }
    }

    /// The Node of this name.
    pub fn node(&self, name: &str) -> Option<&NodeFacts> {
        self.nodes.get(name).map(AsRef::as_ref)
    }

    /// Every Node, in order of name.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &NodeFacts)> {
        self.nodes.iter().map(|(name, facts)| (name.as_ref(), facts.as_ref()))
    }

    /// Whether all Nodes are known.
    pub fn nodes_listed(&self) -> Listing {
        self.nodes_listed
    }

    /// States that every Node there is has been observed.
    pub fn set_nodes_listed(&mut self) {
        self.nodes_listed = Listing::Whole;
    }

    /// The carrier of this id.
    pub fn carrier(&self, id: &CarrierId) -> Option<&CarrierFacts> {
        self.carriers.get(id).map(AsRef::as_ref)
    }

    /// The carriers of one kind in one namespace whose names start with `prefix`, in order of name.
    pub fn carriers_named<'s>(
        &'s self,
        kind: CarrierKind,
        namespace: &str,
        prefix: &'s str,
    ) -> impl Iterator<Item = (&'s CarrierId, &'s CarrierFacts)> {
        let first = CarrierId { kind, namespace: Some(namespace.into()), name: prefix.into() };
        let scope = first.clone();
        self.carriers
            .range(first..)
            .take_while(move |(id, _)| {
                id.kind == kind && id.namespace == scope.namespace && id.name.starts_with(prefix)
            })
            .map(|(id, facts)| (id, facts.as_ref()))
    }

    /// The volumes that are kept for a claim: whatever they hold, it will hold once it is bound.
    pub(crate) fn volumes_claimed_for(&self, claim: &CarrierId) -> impl Iterator<Item = &CarrierId> {
        self.claimed.get(claim).into_iter().flatten()
    }

    fn insert_carrier(&mut self, id: CarrierId, facts: CarrierFacts) {
        self.remove_carrier(&id);
        if id.kind == CarrierKind::PersistentVolume {
            for claim in &facts.links {
                let volumes = self.claimed.get(claim).cloned().unwrap_or_default();
                self.claimed.insert_mut(claim.clone(), volumes.insert(id.clone()));
            }
        }
        self.carriers.insert_mut(id, Arc::new(facts));
    }

    fn remove_carrier(&mut self, id: &CarrierId) {
        let Some(facts) = self.carriers.get(id).cloned() else { return };
        self.carriers.remove_mut(id);
        for claim in &facts.links {
            let Some(volumes) = self.claimed.get(claim).map(|volumes| volumes.remove(id)) else { continue };
            if volumes.is_empty() {
                self.claimed.remove_mut(claim);
            } else {
                self.claimed.insert_mut(claim.clone(), volumes);
            }
        }
    }

    /// The pod of this namespace and name.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&Subject> {
        self.pods.get(&(namespace.into(), name.into())).map(AsRef::as_ref)
    }

    /// Every pod, in order of namespace and name.
    pub fn pods(&self) -> impl Iterator<Item = &Subject> {
        self.pods.values().map(AsRef::as_ref)
    }

    /// Forgets the object of this id.
    pub fn forget(&mut self, id: &ObjectId) {
        let ObjectId { group, kind, namespace, name } = id;
        match (group.as_ref(), kind.as_ref()) {
            ("", "Namespace") => {
                self.namespaces.remove_mut(name);
            }
            ("", "Node") => {
                self.nodes.remove_mut(name);
            }
            ("", "Pod") => {
                let key = (namespace.clone().unwrap_or_default(), name.clone());
                self.pods.remove_mut(&key);
            }
            (group, kind) => {
                if let Some(own) = OwnKind::of(group, kind) {
                    Arc::make_mut(&mut self.world).forget(own, name);
                } else if let Some(kind) = CarrierKind::of(group, kind) {
                    let id = CarrierId { kind, namespace: namespace.clone(), name: name.clone() };
                    self.remove_carrier(&id);
                }
            }
        }
    }

    /// Takes in an object as the API server prints it: a fact, if its kind is one that decisions rest on.
    pub fn observe(&mut self, object: &Value) -> Observed {
        observe::observe(self, object)
    }

    /// Extracts the subject of a request's object, with the mapping of its kind.
    pub fn extract(&self, object: &Value, namespace: Option<&str>, name: Option<&str>) -> Subject {
        let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
        let mapping = self.world.mapping(crate::subject_group(text("apiVersion")), text("kind"));
        Subject::extract(object, namespace, name, mapping)
    }
}

impl NamespaceFacts {
    /// A namespace is guarded by its label, and by holding a class.
    pub fn is_guarded(&self) -> bool {
        self.has_guarded_label() || self.labels.classes().next().is_some()
    }

    /// Whether the label that enrols it is there: only then do our webhooks see its objects.
    pub fn has_guarded_label(&self) -> bool {
        self.labels.get(labels::GUARDED) == Some(labels::GUARDED_VALUE)
    }
}
