//! The APIs in which reports can be written. (pure)

use kube::core::ApiResource;

/// An API of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportApi {
    /// `openreports.io`.
    OpenReports,
    /// `wgpolicyk8s.io`, from which the former came.
    PolicyReports,
}

/// Where the owner of a report lies, and so the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// In a namespace.
    Namespace,
    /// In none.
    Cluster,
}

impl Scope {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Namespace, Self::Cluster];

    /// The scope of what lies in `namespace`.
    pub(super) fn of(namespace: &str) -> Self {
        if namespace.is_empty() { Self::Cluster } else { Self::Namespace }
    }
}

impl ReportApi {
    /// Every API, the best one first.
    pub const ALL: [Self; 2] = [Self::OpenReports, Self::PolicyReports];

    /// Its group.
    pub fn group(self) -> &'static str {
        match self {
            Self::OpenReports => "openreports.io",
            Self::PolicyReports => "wgpolicyk8s.io",
        }
    }

    /// `group/version`.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::OpenReports => "openreports.io/v1alpha1",
            Self::PolicyReports => "wgpolicyk8s.io/v1alpha2",
        }
    }

    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::OpenReports => Self::PolicyReports,
            Self::PolicyReports => Self::OpenReports,
        }
    }

    /// The kind of a report, and the name of its resource.
    pub(super) fn kind(self, scope: Scope) -> (&'static str, &'static str) {
        match (self, scope) {
            (Self::OpenReports, Scope::Namespace) => ("Report", "reports"),
            (Self::OpenReports, Scope::Cluster) => ("ClusterReport", "clusterreports"),
            (Self::PolicyReports, Scope::Namespace) => ("PolicyReport", "policyreports"),
            (Self::PolicyReports, Scope::Cluster) => ("ClusterPolicyReport", "clusterpolicyreports"),
        }
    }

    /// How clients address reports.
    pub(super) fn resource(self, scope: Scope) -> ApiResource {
        let (kind, plural) = self.kind(scope);
        let (group, version) = self.api_version().split_once('/').unwrap_or_default();
        ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version().to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        }
    }
}
