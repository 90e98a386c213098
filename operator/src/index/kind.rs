//! The kinds that are watched. (pure)

use bund_crds::{GROUP, VERSION};
use kube::core::ApiResource;

/// How much of each object of a kind is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All of it; facts are extracted from it at once.
    Whole,
    /// Its metadata. The API server never sends us its content.
    Metadata,
}

/// What a kind is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Decisions rest on it: nothing is answered before it was listed.
    Decisions,
    /// Only reports rest on it.
    Reports,
    /// Only conditions of our own objects rest on it.
    Conditions,
}

/// Whether every API server that is supported serves a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is part of Kubernetes, or of Bund: without it nothing is known.
    Required,
    /// It may be absent, come later and go again. While it is absent, there are no objects of it.
    Optional,
}

/// A kind that is watched, in every namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedKind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The versions in which it can be read, the best one first. What decisions rest on is the same in all of them.
    pub versions: &'static [&'static str],
    /// The kind.
    pub kind: &'static str,
    /// The resource name in URLs.
    pub plural: &'static str,
    /// How much of each object is read.
    pub detail: Detail,
    /// What it is watched for.
    pub purpose: Purpose,
    /// Whether it is always there.
    pub presence: Presence,
    /// The field selector of the objects that are read; every one where there is none.
    pub only: Option<&'static str>,
}

/// The group of volume snapshots: custom resources of the CSI project.
const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
/// The group of storage classes.
const STORAGE: &str = "storage.k8s.io";
/// What the API server tells of itself.
const API_SERVER: &str = "metadata.namespace=default,metadata.name=kubernetes";
/// The one version of most kinds.
const V1: &[&str] = &["v1"];

const fn watched(group: &'static str, kind: &'static str, plural: &'static str) -> WatchedKind {
    WatchedKind {
        group,
        versions: V1,
        kind,
        plural,
        detail: Detail::Whole,
        purpose: Purpose::Decisions,
        presence: Presence::Required,
        only: None,
    }
}

const fn own(kind: &'static str, plural: &'static str) -> WatchedKind {
    WatchedKind { versions: &[VERSION], ..watched(GROUP, kind, plural) }
}

const fn by_metadata(kind: &'static str, plural: &'static str) -> WatchedKind {
    WatchedKind { detail: Detail::Metadata, ..watched("", kind, plural) }
}

const fn optional(
    group: &'static str,
    versions: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
) -> WatchedKind {
    WatchedKind { versions, presence: Presence::Optional, ..watched(group, kind, plural) }
}

/// The group of the Gateway API: custom resources of a project of its own.
const GATEWAY: &str = "gateway.networking.k8s.io";

const fn route(versions: &'static [&'static str], kind: &'static str, plural: &'static str) -> WatchedKind {
    WatchedKind { purpose: Purpose::Reports, ..optional(GATEWAY, versions, kind, plural) }
}

/// The group of the network policies of SIG Network that lie in no namespace.
const NETWORK_POLICY_API: &str = "policy.networking.k8s.io";

/// A network policy that is no part of Kubernetes. Who writes one is answered without those that exist.
const fn policy(
    group: &'static str,
    versions: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
) -> WatchedKind {
    WatchedKind { purpose: Purpose::Conditions, ..optional(group, versions, kind, plural) }
}

const fn one(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    selector: &'static str,
) -> WatchedKind {
    WatchedKind { only: Some(selector), ..watched(group, kind, plural) }
}

const fn workload(group: &'static str, kind: &'static str, plural: &'static str) -> WatchedKind {
    WatchedKind { purpose: Purpose::Reports, ..watched(group, kind, plural) }
}

/// Every kind that is watched.
pub const KINDS: &[WatchedKind] = &[
    own("BreakGlass", "breakglasses"),
    own("ClusterLocation", "clusterlocations"),
    own("CrossBorderTransfer", "crossbordertransfers"),
    own("DataClass", "dataclasses"),
    own("DestinationMapping", "destinationmappings"),
    own("Exporter", "exporters"),
    own("Jurisdiction", "jurisdictions"),
    own("LedgerEvent", "ledgerevents"),
    own("ResidencyPolicy", "residencypolicies"),
    own("TransferApproval", "transferapprovals"),
    watched("", "Namespace", "namespaces"),
    watched("", "Node", "nodes"),
    watched("", "Pod", "pods"),
    watched("", "PersistentVolumeClaim", "persistentvolumeclaims"),
    watched("", "PersistentVolume", "persistentvolumes"),
    watched(STORAGE, "StorageClass", "storageclasses"),
    // v1 since Kubernetes 1.34; v1beta1 before, where a feature gate switches it on.
    optional(STORAGE, &["v1", "v1beta1"], "VolumeAttributesClass", "volumeattributesclasses"),
    optional(SNAPSHOTS, V1, "VolumeSnapshot", "volumesnapshots"),
    // v1 since Kubernetes 1.33; v1beta1 in 1.31 and 1.32, where a feature gate switches it on.
    optional("networking.k8s.io", &["v1", "v1beta1"], "ServiceCIDR", "servicecidrs"),
    optional(SNAPSHOTS, V1, "VolumeSnapshotClass", "volumesnapshotclasses"),
    optional(SNAPSHOTS, V1, "VolumeSnapshotContent", "volumesnapshotcontents"),
    by_metadata("Secret", "secrets"),
    by_metadata("ConfigMap", "configmaps"),
    // Whole: the Secrets that it names are mounted by the kubelet for every pod of its.
    watched("", "ServiceAccount", "serviceaccounts"),
    // Whole: the names of hosts in other objects may mean one.
    watched("", "Service", "services"),
    WatchedKind { purpose: Purpose::Reports, ..watched("networking.k8s.io", "Ingress", "ingresses") },
    // What is not v1 in every release of the Gateway API has the same fields before.
    route(&["v1", "v1alpha3"], "BackendTLSPolicy", "backendtlspolicies"),
    route(V1, "Gateway", "gateways"),
    route(V1, "GRPCRoute", "grpcroutes"),
    route(V1, "HTTPRoute", "httproutes"),
    route(V1, "ListenerSet", "listenersets"),
    route(&["v1", "v1alpha2"], "TCPRoute", "tcproutes"),
    route(&["v1", "v1alpha3", "v1alpha2"], "TLSRoute", "tlsroutes"),
    route(&["v1", "v1alpha2"], "UDPRoute", "udproutes"),
    watched("networking.k8s.io", "NetworkPolicy", "networkpolicies"),
    policy(NETWORK_POLICY_API, &["v1alpha2"], "ClusterNetworkPolicy", "clusternetworkpolicies"),
    policy(NETWORK_POLICY_API, &["v1alpha1"], "AdminNetworkPolicy", "adminnetworkpolicies"),
    policy("cilium.io", &["v2"], "CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies"),
    // Calico shows what it keeps here as `projectcalico.org/v3` too, by a server of its own that may be away.
    policy("crd.projectcalico.org", V1, "GlobalNetworkPolicy", "globalnetworkpolicies"),
    policy("cilium.io", &["v2"], "CiliumNetworkPolicy", "ciliumnetworkpolicies"),
    policy("crd.antrea.io", &["v1beta1"], "NetworkPolicy", "networkpolicies"),
    policy("crd.projectcalico.org", V1, "NetworkPolicy", "networkpolicies"),
    policy("networking.gke.io", &["v1alpha1"], "FQDNNetworkPolicy", "fqdnnetworkpolicies"),
    policy("networking.k8s.aws", &["v1alpha1"], "ApplicationNetworkPolicy", "applicationnetworkpolicies"),
    // Where the API server is, which pods may always ask.
    one("discovery.k8s.io", "EndpointSlice", "endpointslices", API_SERVER),
    workload("apps", "Deployment", "deployments"),
    workload("apps", "StatefulSet", "statefulsets"),
    workload("apps", "DaemonSet", "daemonsets"),
    workload("apps", "ReplicaSet", "replicasets"),
    workload("", "ReplicationController", "replicationcontrollers"),
    workload("batch", "Job", "jobs"),
    workload("batch", "CronJob", "cronjobs"),
];

impl WatchedKind {
    /// The watched kind of this group and name.
    pub fn of(group: &str, kind: &str) -> Option<&'static Self> {
        KINDS.iter().find(|watched| watched.group == group && watched.kind == kind)
    }

    /// Whether objects of the kind stand for data at rest, onto which classes are stamped.
    pub fn holds_data(&self) -> bool {
        match self.group {
            "" => matches!(self.kind, "PersistentVolumeClaim" | "PersistentVolume"),
            SNAPSHOTS => matches!(self.kind, "VolumeSnapshot" | "VolumeSnapshotContent"),
            _ => false,
        }
    }

    /// Whether what objects hold may change with an object of the kind. Nodes, Services and NetworkPolicies hold
    /// nothing and workloads only make what does; most of them are written all the time.
    pub(super) fn bears_on_classes(&self) -> bool {
        self.purpose == Purpose::Decisions && !matches!(self.kind, "Node" | "NetworkPolicy" | "Service")
    }

    /// Whether objects of the kind make pods, and stand for them.
    pub(crate) fn makes_pods(&self) -> bool {
        self.purpose == Purpose::Reports && matches!(self.group, "" | "apps" | "batch")
    }

    /// Whether objects of the kind are kept to be judged as they stand, besides pods and what holds data: what makes pods, and
    /// what leads connections on. What network policies open is told with the namespaces where they do.
    pub(super) fn is_judged(&self) -> bool {
        self.purpose == Purpose::Reports || (self.group.is_empty() && self.kind == "Service")
    }

    /// Whether how transfers stand may change with an object of the kind.
    pub(super) fn bears_on_transfers(&self) -> bool {
        self.group == GROUP || (self.group.is_empty() && self.kind == "Namespace")
    }

    /// Its group and kind, by which it is told from every other.
    pub(super) fn group_and_kind(&self) -> (&'static str, &'static str) {
        (self.group, self.kind)
    }

    /// The best version of those that are read.
    pub fn version(&self) -> &'static str {
        self.versions.first().copied().unwrap_or_default()
    }

    /// `group/version` of the best version, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        self.api_version_in(self.version())
    }

    /// The same for a version that is served.
    pub(super) fn api_version_in(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// How clients address the kind in its best version.
    pub fn resource(&self) -> ApiResource {
        self.resource_in(self.version())
    }

    /// How clients address the kind in a version that is served.
    pub(super) fn resource_in(&self, version: &str) -> ApiResource {
        ApiResource {
            group: self.group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version_in(version),
            kind: self.kind.to_owned(),
            plural: self.plural.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bund_engine::snapshot::{CarrierKind, OwnKind, TransferKind};

    use super::*;

    #[test]
    fn every_kind_that_the_engine_knows_as_a_fact_is_watched() {
        let own = OwnKind::ALL.map(|kind| (GROUP, kind.as_str()));
        let transfers = TransferKind::ALL.map(|kind| (GROUP, kind.as_str()));
        let others = [
            ("", "Pod"),
            ("", "Node"),
            ("", "Namespace"),
            ("", "Service"),
            ("networking.k8s.io", "NetworkPolicy"),
            ("networking.k8s.io", "ServiceCIDR"),
            (STORAGE, "StorageClass"),
            (STORAGE, "VolumeAttributesClass"),
            (SNAPSHOTS, "VolumeSnapshotClass"),
        ];
        for (group, kind) in own.into_iter().chain(transfers).chain(others) {
            let watched = WatchedKind::of(group, kind).unwrap();
            assert_eq!(watched.purpose, Purpose::Decisions, "{kind}");
        }
        for carrier in CarrierKind::ALL {
            let of = |watched: &&WatchedKind| CarrierKind::of(watched.group, watched.kind) == Some(carrier);
            let watched: Vec<_> = KINDS.iter().filter(of).collect();
            assert_eq!(watched.len(), 1, "{}", carrier.as_str());
            assert_eq!(watched[0].purpose, Purpose::Decisions, "{}", carrier.as_str());
        }
    }

    #[test]
    fn no_two_kinds_have_one_name() {
        let of_another_network = |kind: &&WatchedKind| {
            kind.kind == "NetworkPolicy" && matches!(kind.group, "crd.antrea.io" | "crd.projectcalico.org")
        };
        let told: Vec<_> = KINDS.iter().filter(|kind| !of_another_network(kind)).collect();
        let names: std::collections::BTreeSet<_> = told.iter().map(|kind| kind.kind).collect();
        assert_eq!(names.len(), told.len(), "subjects are told apart by it");
        assert!(KINDS.iter().filter(of_another_network).all(|kind| !kind.is_judged()));
        let whole: std::collections::BTreeSet<_> = KINDS.iter().map(WatchedKind::group_and_kind).collect();
        assert_eq!(whole.len(), KINDS.len());
    }

    #[test]
    fn what_classes_are_stamped_onto_is_read_whole_for_its_annotations() {
        let stamped: Vec<_> = KINDS.iter().filter(|kind| kind.holds_data()).collect();
        let plurals: Vec<_> = stamped.iter().map(|kind| kind.plural).collect();
        let expected =
            ["persistentvolumeclaims", "persistentvolumes", "volumesnapshots", "volumesnapshotcontents"];
        assert_eq!(plurals, expected);
        assert!(stamped.iter().all(|kind| kind.detail == Detail::Whole));
    }

    #[test]
    fn what_secrets_and_configmaps_hold_is_never_read() {
        for kind in ["Secret", "ConfigMap"] {
            assert_eq!(WatchedKind::of("", kind).unwrap().detail, Detail::Metadata);
        }
    }
}
