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
}

/// A kind that is watched, in every namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedKind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version in which it is asked for.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The resource name in URLs.
    pub plural: &'static str,
    /// How much of each object is read.
    pub detail: Detail,
    /// What it is watched for.
    pub purpose: Purpose,
}

const fn watched(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> WatchedKind {
    WatchedKind { group, version, kind, plural, detail: Detail::Whole, purpose: Purpose::Decisions }
}

const fn own(kind: &'static str, plural: &'static str) -> WatchedKind {
    watched(GROUP, VERSION, kind, plural)
}

const fn by_metadata(kind: &'static str, plural: &'static str) -> WatchedKind {
    WatchedKind { detail: Detail::Metadata, ..watched("", "v1", kind, plural) }
}

const fn workload(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> WatchedKind {
    WatchedKind { purpose: Purpose::Reports, ..watched(group, version, kind, plural) }
}

/// Every kind that is watched.
pub const KINDS: &[WatchedKind] = &[
    own("BreakGlass", "breakglasses"),
    own("ClusterLocation", "clusterlocations"),
    own("DataClass", "dataclasses"),
    own("DestinationMapping", "destinationmappings"),
    own("Jurisdiction", "jurisdictions"),
    own("ResidencyPolicy", "residencypolicies"),
    watched("", "v1", "Namespace", "namespaces"),
    watched("", "v1", "Node", "nodes"),
    watched("", "v1", "Pod", "pods"),
    watched("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    watched("", "v1", "PersistentVolume", "persistentvolumes"),
    by_metadata("Secret", "secrets"),
    by_metadata("ConfigMap", "configmaps"),
    // Whole: the Secrets that it names are mounted by the kubelet for every pod of its.
    watched("", "v1", "ServiceAccount", "serviceaccounts"),
    workload("apps", "v1", "Deployment", "deployments"),
    workload("apps", "v1", "StatefulSet", "statefulsets"),
    workload("apps", "v1", "DaemonSet", "daemonsets"),
    workload("apps", "v1", "ReplicaSet", "replicasets"),
    workload("", "v1", "ReplicationController", "replicationcontrollers"),
    workload("batch", "v1", "Job", "jobs"),
    workload("batch", "v1", "CronJob", "cronjobs"),
];

impl WatchedKind {
    /// The watched kind of this group and name.
    pub fn of(group: &str, kind: &str) -> Option<&'static Self> {
        KINDS.iter().find(|watched| watched.group == group && watched.kind == kind)
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// How clients address the kind.
    pub fn resource(&self) -> ApiResource {
        ApiResource {
            group: self.group.to_owned(),
            version: self.version.to_owned(),
            api_version: self.api_version(),
            kind: self.kind.to_owned(),
            plural: self.plural.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bund_engine::snapshot::{CarrierKind, OwnKind};

    use super::*;

    #[test]
    fn every_kind_that_the_engine_knows_as_a_fact_is_watched() {
        let own = OwnKind::ALL.map(|kind| (GROUP, kind.as_str()));
        let carriers = CarrierKind::ALL.map(|kind| ("", kind.as_str()));
        for (group, kind) in
            own.into_iter().chain(carriers).chain([("", "Pod"), ("", "Node"), ("", "Namespace")])
        {
            let watched = WatchedKind::of(group, kind).unwrap();
            assert_eq!(watched.purpose, Purpose::Decisions, "{kind}");
        }
    }

    #[test]
    fn what_secrets_and_configmaps_hold_is_never_read() {
        for kind in ["Secret", "ConfigMap"] {
            assert_eq!(WatchedKind::of("", kind).unwrap().detail, Detail::Metadata);
        }
    }
}
