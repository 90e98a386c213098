//! What is asked: one operation on one object.

use alloc::{borrow::ToOwned, boxed::Box, collections::BTreeSet, string::String};
use core::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::HeldClass;

/// One operation on one object, as an admission webhook or a command line would put it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is done.
    pub operation: Operation,
    /// The part of the object that is addressed, if not the object itself.
    pub subresource: Option<Subresource>,
    /// The namespace of the request. It holds where the object names none, as with
    /// `kubectl create --namespace`; absent for cluster-scoped objects.
    pub namespace: Option<String>,
    /// The name of the request. The object's own name holds where this is empty (`generateName`).
    pub name: Option<String>,
    /// The object as it would be. Absent on deletion.
    pub object: Option<Value>,
    /// The object as it is. Present on update and deletion.
    pub old_object: Option<Value>,
    /// What the requester may do besides.
    pub rights: Rights,
}

/// What a requester was given by name. Rights that come with a wildcard, and those of service accounts, are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// The classes that the requester may take away: verb `declassify` on `dataclasses` of our group.
    pub declassify: BTreeSet<HeldClass>,
    /// The classes into whose holders the requester may connect: verb `connect` on `dataclasses` of our group.
    pub connect: BTreeSet<HeldClass>,
}

impl Request {
    /// The creation of `object`, or its update where the object as it is today is given.
    pub fn of_object(object: Value, old_object: Option<Value>) -> Self {
        Self {
            operation: if old_object.is_some() { Operation::Update } else { Operation::Create },
            subresource: None,
            namespace: None,
            name: None,
            object: Some(object),
            old_object,
            rights: Rights::default(),
        }
    }
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed. Removing users' objects is never refused.
    Delete,
    /// A connection is opened through it.
    Connect,
}

/// A part of an object with a URL of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subresource {
    /// `pods/binding`: the pod gets its node.
    Binding,
    /// `pods/ephemeralcontainers`: the pod gets a container while it runs.
    EphemeralContainers,
    /// `pods/resize`: the pod's resources change.
    Resize,
    /// Any other.
    Other(String),
}

impl From<&str> for Subresource {
    fn from(name: &str) -> Self {
        match name {
            "binding" => Self::Binding,
            "ephemeralcontainers" => Self::EphemeralContainers,
            "resize" => Self::Resize,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// An object by kind and name. The version is left out on purpose: old API versions reach the same object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectId {
    /// API group; empty for the core group.
    pub group: Box<str>,
    /// Kind.
    pub kind: Box<str>,
    /// Namespace; absent for cluster-scoped objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Box<str>>,
    /// Name, or the prefix from which the API server will make one.
    pub name: Box<str>,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {}/{}", self.kind, namespace, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
