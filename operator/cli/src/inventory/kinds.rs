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
    /// `bund why`.
    Why,
    /// `bund plan`.
    Plan,
    /// `bund transfer`, and deciding on transfers.
    Transfers,
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
    /// Who needs it.
    tasks: &'static [Task],
}

const fn all(group: &'static str, kind: &'static str) -> ListedKind {
    let tasks = &[Task::Preflight, Task::Discover, Task::Why];
    ListedKind { group, kind, detail: Detail::Whole, tasks }
}

/// What the law asks of a transfer, and who decides on it, rests on these.
const fn of_law(group: &'static str, kind: &'static str) -> ListedKind {
    let tasks = &[Task::Preflight, Task::Discover, Task::Why, Task::Transfers];
    ListedKind { tasks, ..all(group, kind) }
}

const fn transfer(kind: &'static str) -> ListedKind {
    ListedKind { tasks: &[Task::Preflight, Task::Why, Task::Transfers], ..all(GROUP, kind) }
}

const fn by_metadata(kind: &'static str) -> ListedKind {
    ListedKind { detail: Detail::Metadata, ..all("", kind) }
}

const fn storage(group: &'static str, kind: &'static str) -> ListedKind {
    ListedKind { tasks: &[Task::Preflight, Task::Why], ..all(group, kind) }
}

const fn preflight(group: &'static str, kind: &'static str) -> ListedKind {
    ListedKind { tasks: &[Task::Preflight], ..all(group, kind) }
}

const fn plan(group: &'static str, kind: &'static str) -> ListedKind {
    ListedKind { tasks: &[Task::Plan], ..all(group, kind) }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Every kind that is read by its name. Kinds that a DestinationMapping maps are read too.
const KINDS: &[ListedKind] = &[
    ListedKind { tasks: &[Task::Why], ..all(GROUP, "BreakGlass") },
    of_law(GROUP, "ClusterLocation"),
    transfer("CrossBorderTransfer"),
    of_law(GROUP, "DataClass"),
    all(GROUP, "DestinationMapping"),
    transfer("Exporter"),
    of_law(GROUP, "Jurisdiction"),
    preflight(GROUP, "Ledger"),
    transfer("LedgerEvent"),
    of_law(GROUP, "ResidencyPolicy"),
    transfer("TransferApproval"),
    of_law("", "Namespace"),
    all("", "Pod"),
    all("", "PersistentVolumeClaim"),
    all("", "PersistentVolume"),
    // Whole: the Secrets that it names reach every pod of its.
    all("", "ServiceAccount"),
    by_metadata("Secret"),
    by_metadata("ConfigMap"),
    all("apps", "Deployment"),
    all("apps", "StatefulSet"),
    all("apps", "DaemonSet"),
    all("apps", "ReplicaSet"),
    all("", "ReplicationController"),
    all("batch", "Job"),
    all("batch", "CronJob"),
    all("", "Node"),
    storage("networking.k8s.io", "ServiceCIDR"),
    storage(STORAGE, "StorageClass"),
    storage(STORAGE, "VolumeAttributesClass"),
    storage(SNAPSHOTS, "VolumeSnapshot"),
    storage(SNAPSHOTS, "VolumeSnapshotClass"),
    storage(SNAPSHOTS, "VolumeSnapshotContent"),
    plan("", "Service"),
    plan("discovery.k8s.io", "EndpointSlice"),
    plan("networking.k8s.io", "NetworkPolicy"),
    plan("cilium.io", "CiliumClusterwideNetworkPolicy"),
    plan("cilium.io", "CiliumNetworkPolicy"),
    plan("crd.antrea.io", "NetworkPolicy"),
    // What Calico shows as `projectcalico.org` too.
    plan("crd.projectcalico.org", "GlobalNetworkPolicy"),
    plan("crd.projectcalico.org", "NetworkPolicy"),
    plan("networking.gke.io", "FQDNNetworkPolicy"),
    plan("networking.k8s.aws", "ApplicationNetworkPolicy"),
    plan("policy.networking.k8s.io", "AdminNetworkPolicy"),
    plan("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    preflight(RBAC, "ClusterRole"),
    preflight(RBAC, "ClusterRoleBinding"),
    preflight(RBAC, "Role"),
    preflight(RBAC, "RoleBinding"),
    preflight(ADMISSION, "ValidatingWebhookConfiguration"),
    preflight(ADMISSION, "MutatingWebhookConfiguration"),
    preflight("apiregistration.k8s.io", "APIService"),
];

/// Whether kinds of several groups are called so.
pub(super) fn is_ambiguous(kind: &str) -> bool {
    KINDS.iter().filter(|listed| listed.kind == kind).count() > 1
}

impl Task {
    /// The kinds that are read for it.
    pub fn kinds(self) -> impl Iterator<Item = &'static ListedKind> {
        // What pods hold decides what a plan opens.
        let rests_on = if self == Self::Plan { Self::Why } else { self };
        KINDS.iter().filter(move |listed| listed.tasks.contains(&self) || listed.tasks.contains(&rests_on))
    }
}
