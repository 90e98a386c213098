//! Objects that pass their classes on.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::fmt;

use bund_crds::labels::{DATA_CLASS_PREFIX, DECLASSIFIED_PREFIX};
use serde::Serialize;
use serde_json::Value;

use super::DEFAULT_NAMESPACE;
use crate::{
    FieldPath, ObjectId,
    storage::{ClaimFacts, ContentFacts, StoredFacts, VolumeFacts, VolumeSnapshotFacts},
    subject::Labels,
};

/// A kind of object that passes its classes on to what mounts or references it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum CarrierKind {
    /// A volume claim.
    PersistentVolumeClaim,
    /// A volume.
    PersistentVolume,
    /// A Secret.
    Secret,
    /// A `ConfigMap`.
    ConfigMap,
    /// A `ServiceAccount`.
    ServiceAccount,
    /// A snapshot of a volume, as its namespace sees it.
    VolumeSnapshot,
    /// A snapshot of a volume, as the cluster sees it.
    VolumeSnapshotContent,
}

/// The group of snapshots.
pub(crate) const SNAPSHOT_GROUP: &str = "snapshot.storage.k8s.io";

impl CarrierKind {
    /// Every carrier kind.
    pub const ALL: [Self; 7] = [
        Self::PersistentVolumeClaim,
        Self::PersistentVolume,
        Self::Secret,
        Self::ConfigMap,
        Self::ServiceAccount,
        Self::VolumeSnapshot,
        Self::VolumeSnapshotContent,
    ];

    /// The carrier kind of this group and kind.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|carrier| carrier.group() == group && carrier.as_str() == kind)
    }

    /// The kind's group; empty for the core group.
    pub fn group(self) -> &'static str {
        match self {
            Self::PersistentVolumeClaim
            | Self::PersistentVolume
            | Self::Secret
            | Self::ConfigMap
            | Self::ServiceAccount => "",
            Self::VolumeSnapshot | Self::VolumeSnapshotContent => SNAPSHOT_GROUP,
        }
    }

    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::PersistentVolume => "PersistentVolume",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::ServiceAccount => "ServiceAccount",
            Self::VolumeSnapshot => "VolumeSnapshot",
            Self::VolumeSnapshotContent => "VolumeSnapshotContent",
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub fn is_namespaced(self) -> bool {
        match self {
            Self::PersistentVolumeClaim
            | Self::Secret
            | Self::ConfigMap
            | Self::ServiceAccount
            | Self::VolumeSnapshot => true,
            Self::PersistentVolume | Self::VolumeSnapshotContent => false,
        }
    }
}

/// Which carrier. Ordered by kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CarrierId {
    /// Its kind.
    pub kind: CarrierKind,
    /// Its namespace; absent for volumes and contents of snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Box<str>>,
    /// Its name.
    pub name: Box<str>,
}

impl From<&CarrierId> for ObjectId {
    fn from(id: &CarrierId) -> Self {
        let CarrierId { kind, namespace, name } = id;
        Self {
            group: kind.group().into(),
            kind: kind.as_str().into(),
            namespace: namespace.clone(),
            name: name.clone(),
        }
    }
}

impl CarrierId {
    /// The claim of this namespace and name.
    pub(crate) fn claim(namespace: &str, name: &str) -> Self {
        let kind = CarrierKind::PersistentVolumeClaim;
        Self { kind, namespace: Some(namespace.into()), name: name.into() }
    }

    /// The carrier that an object of `kind` is.
    pub(crate) fn of(kind: CarrierKind, object: &ObjectId) -> Self {
        let namespace = object.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        let namespace = kind.is_namespaced().then(|| namespace.into());
        Self { kind, namespace, name: object.name.clone() }
    }
}

impl fmt::Display for CarrierId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

/// What is known of a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierFacts {
    /// Its labels.
    pub labels: Labels,
    /// How it came to hold the classes that it was marked with: the annotations that the marks left.
    pub marked: BTreeMap<Box<str>, Box<str>>,
    /// The classes that it no longer takes over from others, because somebody who may said so.
    pub declassified: BTreeSet<Box<str>>,
    /// The carriers whose classes it holds too: the volume of a claim, the claim of a volume, the source of a
    /// copy.
    pub links: Vec<CarrierId>,
    /// Whether it is a copy of something that is not known here: then it may be of any volume of its namespace.
    pub origin: Origin,
    /// What it says about where it is stored.
    pub stored: StoredFacts,
}

/// What a carrier was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Of nothing, or of its links.
    Known,
    /// Of an object that copies something, of a kind that is not known here.
    Unknown {
        /// The field that names it.
        field: FieldPath,
        /// The kind.
        kind: Box<str>,
        /// Where what it copies may lie.
        namespace: Option<Box<str>>,
    },
}

impl Origin {
    /// What was copied lies in `namespace` where nothing else is said.
    #[must_use]
    pub(crate) fn within(self, here: &str) -> Self {
        match self {
            Self::Unknown { field, kind, namespace } => {
                Self::Unknown { field, kind, namespace: namespace.or_else(|| Some(here.into())) }
            }
            Self::Known => Self::Known,
        }
    }
}

impl CarrierFacts {
    /// Reads the carrier `id` from its object. Whole objects and those with metadata alone are read alike.
    pub(crate) fn read(id: &CarrierId, object: &Value) -> Self {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let namespace = id.namespace.as_deref();
        let (links, stored) = match id.kind {
            CarrierKind::PersistentVolumeClaim => {
                (claim_links(namespace, spec), StoredFacts::Claim(ClaimFacts::read(object)))
            }
            CarrierKind::PersistentVolume => {
                (volume_links(spec), StoredFacts::Volume(VolumeFacts::read(object).into()))
            }
            CarrierKind::ServiceAccount => (pull_secrets(namespace, object), StoredFacts::Elsewhere),
            CarrierKind::VolumeSnapshot => {
                (snapshot_links(namespace, object), StoredFacts::Snapshot(VolumeSnapshotFacts::read(object)))
            }
            CarrierKind::VolumeSnapshotContent => {
                (content_links(spec), StoredFacts::Content(ContentFacts::read(object).into()))
            }
            CarrierKind::Secret | CarrierKind::ConfigMap => (Vec::new(), StoredFacts::Elsewhere),
        };
        let origin = match id.kind {
            CarrierKind::PersistentVolumeClaim => origin(namespace, spec, &FieldPath::of("spec")),
            _ => Origin::Known,
        };
        let told = |prefix: &'static str| {
            annotations(object).filter_map(move |(key, value)| {
                Some((Box::from(key.strip_prefix(prefix)?), Box::from(value)))
            })
        };
        Self {
            labels: crate::subject::labels_of(object),
            marked: told(DATA_CLASS_PREFIX).collect(),
            declassified: told(DECLASSIFIED_PREFIX).map(|(class, _): (Box<str>, Box<str>)| class).collect(),
            links,
            origin,
            stored,
        }
    }
}

impl CarrierFacts {
    /// The same, as if it said nothing of where it is stored: what it passes on.
    #[must_use]
    pub fn without_storage(&self) -> Self {
        Self { stored: StoredFacts::Elsewhere, ..self.clone() }
    }
}

/// The annotations of an object. One whose value is no text counts by its key.
fn annotations(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let annotations = object.get("metadata").and_then(|metadata| metadata.get("annotations"));
    let members = annotations.and_then(Value::as_object).into_iter().flatten();
    members.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
}

/// The fields in which a claim names what it is a copy of.
const SOURCES: [&str; 2] = ["dataSource", "dataSourceRef"];

/// The carriers whose classes a claim with this spec in `namespace` holds.
pub(crate) fn claim_links(namespace: Option<&str>, spec: &Value) -> Vec<CarrierId> {
    let volume = text(spec, "volumeName").map(|name| CarrierId {
        kind: CarrierKind::PersistentVolume,
        namespace: None,
        name: name.into(),
    });
    let source = SOURCES.into_iter().filter_map(|field| {
        let source = spec.get(field)?;
        let kind = source_kind(source)?;
        let namespace = text(source, "namespace").or(namespace).map(Box::from);
        Some(CarrierId { kind, namespace, name: text(source, "name")?.into() })
    });
    let mut links: Vec<_> = volume.into_iter().chain(source).collect();
    links.sort();
    links.dedup();
    links
}

/// The carrier kind of a claim's source. Its group counts only as far as it tells kinds apart: a source that is
/// mistaken for a claim holds what the claim of its name holds, and no more.
pub(crate) fn source_kind(source: &Value) -> Option<CarrierKind> {
    match (text(source, "apiGroup").unwrap_or_default(), text(source, "kind")?) {
        ("", "PersistentVolumeClaim") => Some(CarrierKind::PersistentVolumeClaim),
        (SNAPSHOT_GROUP, "VolumeSnapshot") => Some(CarrierKind::VolumeSnapshot),
        _ => None,
    }
}

/// What a claim with this spec was made of, beyond its links.
pub(crate) fn origin(namespace: Option<&str>, spec: &Value, at: &FieldPath) -> Origin {
    let unknown = SOURCES.into_iter().find_map(|field| {
        let source = spec.get(field).filter(|source| !source.is_null())?;
        source_kind(source).is_none().then(|| Origin::Unknown {
            field: at.key(field),
            kind: text(source, "kind").unwrap_or_default().into(),
            namespace: text(source, "namespace").or(namespace).map(Box::from),
        })
    });
    unknown.unwrap_or(Origin::Known)
}

/// The Secrets that the API server writes into every pod of a ServiceAccount.
fn pull_secrets(namespace: Option<&str>, account: &Value) -> Vec<CarrierId> {
    let named = account.get("imagePullSecrets").and_then(Value::as_array).into_iter().flatten();
    named
        .filter_map(|secret| {
            let name = text(secret, "name")?.into();
            Some(CarrierId { kind: CarrierKind::Secret, namespace: namespace.map(Box::from), name })
        })
        .collect()
}

fn volume_links(spec: &Value) -> Vec<CarrierId> {
    referred(CarrierKind::PersistentVolumeClaim, spec.get("claimRef")).into_iter().collect()
}

/// The claim that a snapshot is of, and its contents.
fn snapshot_links(namespace: Option<&str>, object: &Value) -> Vec<CarrierId> {
    let source = object.get("spec").and_then(|spec| spec.get("source")).unwrap_or(&Value::Null);
    let status = object.get("status").unwrap_or(&Value::Null);
    let claim = text(source, "persistentVolumeClaimName").map(|name| CarrierId {
        kind: CarrierKind::PersistentVolumeClaim,
        namespace: namespace.map(Box::from),
        name: name.into(),
    });
    let named = [text(source, "volumeSnapshotContentName"), text(status, "boundVolumeSnapshotContentName")];
    let contents = named.into_iter().flatten().map(|name| CarrierId {
        kind: CarrierKind::VolumeSnapshotContent,
        namespace: None,
        name: name.into(),
    });
    let mut links: Vec<_> = claim.into_iter().chain(contents).collect();
    links.sort();
    links.dedup();
    links
}

fn content_links(spec: &Value) -> Vec<CarrierId> {
    referred(CarrierKind::VolumeSnapshot, spec.get("volumeSnapshotRef")).into_iter().collect()
}

fn referred(kind: CarrierKind, reference: Option<&Value>) -> Option<CarrierId> {
    let reference = reference?;
    let namespace = Some(text(reference, "namespace")?.into());
    Some(CarrierId { kind, namespace, name: text(reference, "name")?.into() })
}

fn text<'v>(parent: &'v Value, member: &str) -> Option<&'v str> {
    parent.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
}
