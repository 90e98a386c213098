//! The thing judged. One type, extracted from raw JSON by one function: [`Subject::extract`].
//!
//! Extraction is total. A field of the wrong JSON type becomes a [`Defect`], a field that nobody knows is
//! listed; neither becomes a way past.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};

use core::ops::Bound;

use bund_crds::labels::DATA_CLASS_PREFIX;
use serde_json::Value;

use crate::{FieldPath, ObjectId, destination::Destination, snapshot::CarrierKind};

mod affinity;
mod extract;
mod known;
mod pod;
mod read;
mod reference;
mod workload;

pub use affinity::{FieldRequirement, NodeRequirement, NodeTerm, Operator};
pub(crate) use affinity::{REQUIRED, TermForm};
pub(crate) use extract::{group_of, labels_of};
pub use pod::{ClaimName, ClaimTemplate, PodShape};
pub(crate) use read::Reader;
pub use reference::Reference;
pub use workload::WorkloadKind;

/// The labels of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Arc<BTreeMap<Box<str>, Box<str>>>);

impl Labels {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(AsRef::as_ref)
    }

    /// Every class that a label `data-class.bund.dev/<class>` attaches. Presence counts, whatever the value.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.0
            .range::<str, _>((Bound::Included(DATA_CLASS_PREFIX), Bound::Unbounded))
            .map_while(|(key, _)| key.strip_prefix(DATA_CLASS_PREFIX))
    }

    /// Every label, in order of its key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }
}

impl FromIterator<(Box<str>, Box<str>)> for Labels {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Box<str>)>>(labels: I) -> Self {
        Self(Arc::new(labels.into_iter().collect()))
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
    /// What the object is to the rules.
    pub role: Role,
    /// The pod that it is, or the pods that will be made of it.
    pub shapes: Vec<PodShape>,
    /// Places that it names through a `DestinationMapping`.
    pub destinations: Vec<Destination>,
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
    /// Anything else; only its destinations count.
    Other,
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
    pub fn extract(
        object: &Value,
        namespace: Option<&str>,
        name: Option<&str>,
        mapping: Option<&bund_crds::DestinationMappingSpec>,
    ) -> Self {
        extract::extract(object, namespace, name, mapping)
    }
}
