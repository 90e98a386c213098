//! The thing judged. One type, extracted from raw JSON by one function: [`Subject::extract`].
//!
//! Extraction is total. A field of the wrong JSON type becomes a [`Defect`], a field that nobody knows is
//! listed; neither becomes a way past.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use bund_crds::labels::DATA_CLASS_PREFIX;
use serde_json::Value;

use crate::{
    FieldPath, ObjectId,
    destination::Destination,
    forward::Forward,
    network_policy::{ClusterPolicy, NetworkPolicy},
    snapshot::{CarrierFacts, CarrierId, CarrierKind, MadeBy, Origin},
};

mod affinity;
mod extract;
mod known;
mod network;
mod network_policy;
mod pod;
mod pod_network;
mod read;
mod reference;
mod volume;
mod workload;

pub use affinity::{FieldRequirement, NodeRequirement, NodeTerm, Operator};
pub(crate) use affinity::{REQUIRED, TermForm, selector_terms};
pub(crate) use extract::{group_of, labels_of};
pub use pod::{ClaimName, ClaimTemplate, PodShape};
pub use pod_network::{NamedHost, PodNetwork, Purpose, ServiceNames, Untold};
pub(crate) use read::Reader;
pub use reference::Reference;
pub use volume::{Access, ClaimInUse, PodVolume, VolumeKind};
pub use workload::WorkloadKind;
pub(crate) use workload::makes_pods;

/// The labels of an object, in order of their keys, each once. Cloning them is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Arc<[(Box<str>, Box<str>)]>);

impl Labels {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| value.as_ref())
    }

    /// Every class that a label `data-class.bund.dev/<class>` attaches. Presence counts, whatever the value.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        let first = self.0.partition_point(|(key, _)| key.as_ref() < DATA_CLASS_PREFIX);
        let from_there = self.0.get(first..).unwrap_or_default();
        from_there.iter().map_while(|(key, _)| key.strip_prefix(DATA_CLASS_PREFIX))
    }

    /// Whether a label attaches the class of this name.
    pub(crate) fn attach(&self, class: &str) -> bool {
        self.classes().any(|attached| attached == class)
    }

    /// These labels with those of `other` written over them.
    #[must_use]
    pub(crate) fn overwritten_by(&self, other: &Self) -> Self {
        if other.0.is_empty() {
            return self.clone();
        }
        let all = self.0.iter().chain(other.0.iter());
        all.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Every label, in order of its key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }
}

impl FromIterator<(Box<str>, Box<str>)> for Labels {
    /// Of several values of one key the last counts.
    fn from_iter<I: IntoIterator<Item = (Box<str>, Box<str>)>>(labels: I) -> Self {
        let ordered: BTreeMap<_, _> = labels.into_iter().collect();
        Self(ordered.into_iter().collect())
    }
}

/// The thing judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Which object it is.
    pub id: ObjectId,
    /// The object's own labels.
    pub labels: Labels,
    /// Further labels of the object that its pods will not carry, with where they are: a `CronJob`'s job
    /// template.
    pub inner_labels: Vec<(FieldPath, Labels)>,
    /// What made it, as it says itself. What holds data at rest says nothing of that here.
    pub made_by: MadeBy,
    /// What the object is to the rules.
    pub role: Role,
    /// What it says as a carrier, where it is one.
    pub carrier: Option<Arc<CarrierFacts>>,
    /// What it lets pods reach, where it is a NetworkPolicy or another engine's.
    pub network_policy: Option<Arc<NetworkPolicy>>,
    /// What it lets the pods of several namespaces reach, where it is a policy that lies in none.
    pub cluster_policy: Option<Arc<ClusterPolicy>>,
    /// The pod that it is, or the pods that will be made of it.
    pub shapes: Vec<PodShape>,
    /// Places that it names through a `DestinationMapping`.
    pub destinations: Vec<Destination>,
    /// Where it leads, where it is an object of the network.
    pub forwards: Arc<[Forward]>,
    /// Hosts that what it holds mentions: those of a `ConfigMap`'s data.
    pub mentions: Vec<NamedHost>,
    /// Fields that a rule would read and that are not what they should be.
    pub defects: Vec<Defect>,
    /// Fields of pods that this version does not know.
    pub unknown_fields: Vec<FieldPath>,
    /// Whether the object is on its way out: it has a deletion timestamp.
    pub deletion: Deletion,
}

/// Whether an object is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is to stay.
    NotAsked,
    /// Its deletion is asked for; only finalizers hold it. Nothing that helps it go is refused.
    Asked,
}

/// What an object is to the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A pod.
    Pod,
    /// Something that makes pods of a template.
    Workload(WorkloadKind),
    /// The act of giving a pod its node.
    Binding {
        /// The pod.
        pod: Box<str>,
        /// The node; `None` where the target is not a node.
        node: Option<Box<str>>,
    },
    /// A Namespace.
    Namespace,
    /// An object that passes its classes on.
    Carrier(CarrierKind),
    /// An object that lets other namespaces refer to what lies in its own.
    Grant(Vec<Granted>),
    /// An object that acts for whatever lives in its namespace, and so for every class that policies keep there.
    Network(NetworkKind),
    /// Anything else; only its destinations count.
    Other,
}

/// What an object that acts for its namespace does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkKind {
    /// A Service: it takes connections, or leads elsewhere.
    Service,
    /// Endpoints or an EndpointSlice: what stands behind a Service.
    Endpoints,
    /// An Ingress, a Gateway or a route: it forwards requests.
    Route,
    /// A NetworkPolicy: it lets pods out.
    Policy,
    /// A policy that lies in no namespace: it lets the pods of several out.
    ClusterPolicy,
    /// An object of another kind, of which a `DestinationMapping` says so.
    Mapped,
}

/// Carriers that a namespace is let refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The field that names the namespace.
    pub field: FieldPath,
    /// The namespace.
    pub to: Box<str>,
    /// The kind of carrier.
    pub kind: CarrierKind,
    /// The one carrier; `None` where it is all of them.
    pub name: Option<Box<str>>,
}

/// A field that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    /// Where it is.
    pub field: FieldPath,
    /// What should be there, such as `a string`.
    pub expected: &'static str,
}

impl Subject {
    /// Extracts the subject from an object as the API server would hold it. `namespace` and `name` are those
    /// of the request; the object's own hold where they are absent.
    pub fn extract<'m>(
        object: &Value,
        namespace: Option<&str>,
        name: Option<&str>,
        mappings: impl IntoIterator<Item = &'m bund_crds::DestinationMappingSpec>,
    ) -> Self {
        extract::extract(object, namespace, name, mappings)
    }

    /// The subject that the carrier `id` is, as far as it is known.
    pub(crate) fn of_carrier(id: &CarrierId, facts: &Arc<CarrierFacts>) -> Self {
        Self {
            id: id.into(),
            labels: facts.labels.clone(),
            inner_labels: Vec::new(),
            made_by: MadeBy::Unknown,
            role: Role::Carrier(id.kind),
            carrier: Some(facts.clone()),
            network_policy: None,
            cluster_policy: None,
            shapes: Vec::new(),
            destinations: Vec::new(),
            forwards: Arc::default(),
            mentions: Vec::new(),
            defects: Vec::new(),
            unknown_fields: Vec::new(),
            deletion: Deletion::NotAsked,
        }
    }

    /// Whether a pod, or what makes pods, names storage that lies beyond its own namespace: the volume itself instead
    /// of a claim, or a source elsewhere.
    pub fn names_beyond(&self) -> bool {
        let inline = |shape: &PodShape| {
            shape.volumes.iter().any(|volume| matches!(volume.kind, VolumeKind::Inline(_)))
        };
        let elsewhere = |source: &CarrierId| {
            source.namespace.is_some() && source.namespace != self.id.namespace
                || !source.kind.is_namespaced()
        };
        let made = |shape: &PodShape| {
            shape
                .claims
                .iter()
                .any(|claim| claim.sources.iter().any(elsewhere) || !matches!(claim.origin, Origin::Known))
        };
        self.shapes.iter().any(|shape| inline(shape) || made(shape))
    }

    /// Every place of the object where labels may be, each once.
    pub(crate) fn all_labels(&self) -> Vec<(FieldPath, &Labels)> {
        let own = (FieldPath::of("metadata.labels"), &self.labels);
        let of_shapes = self.shapes.iter().map(|shape| (shape.labels_at.clone(), &shape.labels));
        let of_claims = self
            .shapes
            .iter()
            .flat_map(|shape| shape.claims.iter())
            .map(|claim| (claim.at.key("metadata").key("labels"), &claim.labels));
        let inner = self.inner_labels.iter().map(|(at, labels)| (at.clone(), labels));
        let mut seen = BTreeSet::new();
        let all = core::iter::once(own).chain(of_shapes).chain(of_claims).chain(inner);
        all.filter(|(at, _)| seen.insert(at.clone())).collect()
    }

    /// The claims that a pod uses.
    pub(crate) fn claims_in_use(&self, namespace: &str) -> Vec<ClaimInUse> {
        self.shapes.iter().flat_map(|shape| shape.claims_in_use(namespace)).collect()
    }
}
