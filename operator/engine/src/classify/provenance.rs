//! The classes that something holds, each with how it came to hold it.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::{borrow::Borrow, fmt};

use bund_crds::PolicyName;
use serde::Serialize;

use super::{Holder, holder::way};
use crate::FieldPath;

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
        /// From the carrier that is named to what holds the class.
        path: Vec<Holder>,
        /// What the mark on that tells of how the class came there.
        #[serde(skip_serializing_if = "Option::is_none")]
        mark: Option<Box<str>>,
    },
    /// It acts for its namespace, which is guarded, and a policy keeps the class there.
    Enrolled {
        /// The first policy that does.
        policy: PolicyName,
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
            Self::Namespace { .. } | Self::Enrolled { .. } | Self::Pod { .. } => FieldPath::root(),
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label { field } => write!(f, "label in {field}"),
            Self::Namespace { name } => write!(f, "label on Namespace {name}"),
            Self::Selector { field } => write!(f, "a selector of the class matches {field}"),
            Self::Carrier { field, path, mark } => {
                write!(f, "from {}", way(path))?;
                if let Some(mark) = mark {
                    write!(f, " ({mark})")?;
                }
                if field.as_str().is_empty() { Ok(()) } else { write!(f, ", named in {field}") }
            }
            Self::Enrolled { policy } => write!(f, "ResidencyPolicy {policy} keeps it in this namespace"),
            Self::Pod { name } => write!(f, "held by pod {name}"),
        }
    }
}

/// The classes that something holds, each with the ways in which it came to hold it: the first sixteen.
pub type Classification = BTreeMap<HeldClass, Vec<Provenance>>;
