//! The kinds that are read.

use bund_crds::GROUP;

/// How much of each object of a kind is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All of it.
    Whole,
    /// Its metadata: the API server never sends us its content.
    Metadata,
}

/// What is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// `bund preflight`.
    Preflight,
    /// `bund discover`.
    Discover,
}

/// A kind that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedKind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// How much of each object.
    pub detail: Detail,
    /// Whether only `bund preflight` needs it.
    only_preflight: bool,
}

const fn both(group: &'static str, kind: &'static str) -> ListedKind {
    ListedKind { group, kind, detail: Detail::Whole, only_preflight: false }
}

const fn by_metadata(kind: &'static str) -> ListedKind {
    ListedKind { detail: Detail::Metadata, ..both("", kind) }
}

const fn preflight(group: &'static str, kind: &'static str) -> ListedKind {
    ListedKind { only_preflight: true, ..both(group, kind) }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Every kind that is read by its name. Kinds that a DestinationMapping maps are read too.
const KINDS: &[ListedKind] = &[
    both(GROUP, "ClusterLocation"),
    both(GROUP, "DataClass"),
    both(GROUP, "DestinationMapping"),
    both(GROUP, "Jurisdiction"),
    both(GROUP, "ResidencyPolicy"),
    both("", "Namespace"),
    both("", "Pod"),
    both("", "PersistentVolumeClaim"),
    both("", "PersistentVolume"),
    // Whole: the Secrets that it names reach every pod of its.
    both("", "ServiceAccount"),
    by_metadata("Secret"),
    by_metadata("ConfigMap"),
    both("apps", "Deployment"),
    both("apps", "StatefulSet"),
    both("apps", "DaemonSet"),
    both("apps", "ReplicaSet"),
    both("", "ReplicationController"),
    both("batch", "Job"),
    both("batch", "CronJob"),
    both("", "Node"),
    preflight(STORAGE, "StorageClass"),
    preflight(STORAGE, "VolumeAttributesClass"),
    preflight(SNAPSHOTS, "VolumeSnapshot"),
    preflight(SNAPSHOTS, "VolumeSnapshotClass"),
    preflight(SNAPSHOTS, "VolumeSnapshotContent"),
    preflight(RBAC, "ClusterRole"),
    preflight(RBAC, "ClusterRoleBinding"),
    preflight(RBAC, "Role"),
    preflight(RBAC, "RoleBinding"),
    preflight(ADMISSION, "ValidatingWebhookConfiguration"),
    preflight(ADMISSION, "MutatingWebhookConfiguration"),
    preflight("apiregistration.k8s.io", "APIService"),
];

impl Task {
    /// The kinds that are read for it.
    pub fn kinds(self) -> impl Iterator<Item = &'static ListedKind> {
        KINDS.iter().filter(move |listed| self == Self::Preflight || !listed.only_preflight)
    }
}
