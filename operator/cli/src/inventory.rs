//! What there is to look at: objects of a cluster or of files, and what could not be read of it.
//!
//! [`cluster`] and [`files`] give the same [`Inventory`]; everything that looks at one is a pure function.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::labels;
use bund_engine::snapshot::Geography;
use serde::Serialize;
use serde_json::Value;

use crate::manifest::Unreadable;

pub mod asked;
pub mod cluster;
pub mod files;
mod kinds;
pub(crate) mod known;
mod owner;

pub use kinds::{Detail, ListedKind, Task};
pub use known::{Known, PolicyOrigin, known};
pub use owner::{Owner, controller, owners, resolve};

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Where it is from.
    pub origin: Origin,
    /// The objects, without what nobody looks at: managed fields, the content of Secrets and (except for `bund plan`,
    /// of guarded namespaces) of ConfigMaps, and, except for `bund why`, pods that a workload made.
    pub objects: Vec<Value>,
    /// Kinds that are not known, with why.
    pub gaps: BTreeMap<GroupKind, String>,
    /// What the API server says about itself; absent for files.
    pub server: Option<Server>,
    /// Documents that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What databases say of where public addresses are.
    pub geography: Geography,
}

/// Where objects are from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind")]
pub enum Origin {
    /// A cluster.
    Cluster {
        /// The context that was named; `in-cluster` for the pod's own.
        context: String,
    },
    /// Files.
    Files {
        /// The paths as they were given.
        paths: Vec<String>,
    },
}

impl Default for Origin {
    fn default() -> Self {
        Self::Files { paths: Vec::new() }
    }
}

/// A kind with its group; the group is empty for the core kinds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GroupKind {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

impl GroupKind {
    /// The kind of this group and name.
    pub fn new(group: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), kind: kind.to_owned() }
    }

    /// The kind of an object.
    pub fn of(object: &Value) -> Self {
        let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
        let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
        Self::new(group, text("kind"))
    }
}

/// A kind that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotKnown {
    /// The kind.
    #[serde(flatten)]
    pub kind: GroupKind,
    /// Why: no right to list it, or none is given.
    pub why: String,
}

/// Why kinds are not known, in one line.
pub fn told_not_known(origin: &Origin, not_known: &[NotKnown]) -> String {
    match origin {
        Origin::Files { .. } => {
            let kinds: Vec<_> = not_known.iter().map(|one| told(&one.kind)).collect();
            format!("the files hold no {}", kinds.join(", "))
        }
        Origin::Cluster { .. } => {
            let why: Vec<_> = not_known.iter().map(|one| one.why.as_str()).collect();
            why.join("; ")
        }
    }
}

/// A kind, with its group where others are called the same.
fn told(GroupKind { group, kind }: &GroupKind) -> String {
    if kinds::is_ambiguous(kind) { format!("{kind} of {group}") } else { kind.clone() }
}

/// What an API server says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Its version, such as `v1.36.3`.
    pub version: String,
    /// Every kind that it serves, with the version that it prefers.
    pub served: BTreeMap<GroupKind, String>,
    /// Its feature gates; absent where they may not be read.
    pub gates: Option<BTreeMap<String, bool>>,
}

impl Inventory {
    /// Whether every object of a kind is known; if not, why.
    pub fn gap(&self, group: &str, kind: &str) -> Option<&str> {
        self.gaps.get(&GroupKind::new(group, kind)).map(String::as_str)
    }

    /// Every kind that is not known, with why.
    pub fn not_known(&self) -> Vec<NotKnown> {
        let told = |(kind, why): (&GroupKind, &String)| NotKnown { kind: kind.clone(), why: why.clone() };
        self.gaps.iter().map(told).collect()
    }

    /// The objects of a kind.
    pub fn of_kind<'i>(&'i self, group: &'i str, kind: &'i str) -> impl Iterator<Item = &'i Value> {
        self.objects.iter().filter(move |object| {
            let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
            text("kind") == kind && text("apiVersion").split_once('/').map_or("", |(group, _)| group) == group
        })
    }

    /// The namespaces that are guarded, by their label or by a class that they hold; and those that are treated so.
    pub fn guarded(&self, treated_as_guarded: &[String]) -> BTreeSet<String> {
        let is_guarded = |namespace: &&Value| {
            let labels = namespace.pointer("/metadata/labels").and_then(Value::as_object);
            labels.into_iter().flatten().any(|(key, value)| {
                key.starts_with(labels::DATA_CLASS_PREFIX)
                    || (key == labels::GUARDED && value == labels::GUARDED_VALUE)
            })
        };
        let names =
            self.of_kind("", "Namespace").filter(is_guarded).map(|namespace| name_of(namespace).to_owned());
        names.chain(treated_as_guarded.iter().cloned()).collect()
    }
}

/// A string member by its pointer; empty where there is none.
pub fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The name of an object.
pub fn name_of(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// The elements of a list member; none where there is no list.
pub fn list<'v>(object: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
