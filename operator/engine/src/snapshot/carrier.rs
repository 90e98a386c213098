//! Objects that pass their classes on.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::subject::Labels;

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
}

impl CarrierKind {
    /// Every carrier kind.
    pub const ALL: [Self; 5] = [
        Self::PersistentVolumeClaim,
        Self::PersistentVolume,
        Self::Secret,
        Self::ConfigMap,
        Self::ServiceAccount,
    ];

    /// The carrier kind of this group and kind.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|carrier| group.is_empty() && carrier.as_str() == kind)
    }

    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::PersistentVolume => "PersistentVolume",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::ServiceAccount => "ServiceAccount",
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub fn is_namespaced(self) -> bool {
        match self {
            Self::PersistentVolumeClaim | Self::Secret | Self::ConfigMap | Self::ServiceAccount => true,
            Self::PersistentVolume => false,
        }
    }
}

/// Which carrier. Ordered by kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CarrierId {
    /// Its kind.
    pub kind: CarrierKind,
    /// Its namespace; absent for volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Box<str>>,
    /// Its name.
    pub name: Box<str>,
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
    /// The carriers whose classes it holds too: the volume of a claim, the claim of a volume, the source of a
    /// copy.
    pub links: Vec<CarrierId>,
}

impl CarrierFacts {
    /// Reads the carrier `id` from its object. Whole objects and those with metadata alone are read alike.
    pub(super) fn read(id: &CarrierId, object: &Value) -> Self {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let links = match id.kind {
            CarrierKind::PersistentVolumeClaim => claim_links(id.namespace.as_deref(), spec),
            CarrierKind::PersistentVolume => volume_links(spec),
            CarrierKind::ServiceAccount => pull_secrets(id.namespace.as_deref(), object),
            CarrierKind::Secret | CarrierKind::ConfigMap => Vec::new(),
        };
        Self { labels: crate::subject::labels_of(object), links }
    }
}

/// The carriers whose classes a claim with this spec in `namespace` holds.
pub(crate) fn claim_links(namespace: Option<&str>, spec: &Value) -> Vec<CarrierId> {
    let volume = text(spec, "volumeName").map(|name| CarrierId {
        kind: CarrierKind::PersistentVolume,
        namespace: None,
        name: name.into(),
    });
    let source = ["dataSource", "dataSourceRef"].into_iter().filter_map(|field| {
        let source = spec.get(field)?;
        let is_claim = text(source, "kind") == Some("PersistentVolumeClaim");
        let namespace = text(source, "namespace").or(namespace).map(Box::from);
        let name = text(source, "name").filter(|_| is_claim)?.into();
        Some(CarrierId { kind: CarrierKind::PersistentVolumeClaim, namespace, name })
    });
    let mut links: Vec<_> = volume.into_iter().chain(source).collect();
    links.sort();
    links.dedup();
    links
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
    let claim = spec.get("claimRef");
    let claim = claim.and_then(|claim| {
        Some(CarrierId {
            kind: CarrierKind::PersistentVolumeClaim,
            namespace: Some(text(claim, "namespace")?.into()),
            name: text(claim, "name")?.into(),
        })
    });
    claim.into_iter().collect()
}

fn text<'v>(parent: &'v Value, member: &str) -> Option<&'v str> {
    parent.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
}
