//! The kinds of policies that are written, and how one is told from another. (pure)

use std::fmt;

use kube::core::ApiResource;

/// A kind of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `NetworkPolicy`, which every cluster serves.
    Network,
    /// `ClusterNetworkPolicy`, where somebody installed it.
    Cluster,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Network, Self::Cluster];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Network => "NetworkPolicy",
            Self::Cluster => "ClusterNetworkPolicy",
        }
    }

    pub(super) fn api_version(self) -> &'static str {
        match self {
            Self::Network => "networking.k8s.io/v1",
            Self::Cluster => "policy.networking.k8s.io/v1alpha2",
        }
    }

    /// How clients address it.
    pub(super) fn resource(self) -> ApiResource {
        let (group, version) = self.api_version().split_once('/').unwrap_or_default();
        let plural = match self {
            Self::Network => "networkpolicies",
            Self::Cluster => "clusternetworkpolicies",
        };
        ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version().to_owned(),
            kind: self.as_str().to_owned(),
            plural: plural.to_owned(),
        }
    }
}

/// One policy among all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The namespace that it is for.
    pub(super) namespace: Box<str>,
    pub(super) kind: Kind,
    pub(super) name: Box<str>,
}

impl Key {
    /// A policy in a namespace.
    pub(super) fn network(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), kind: Kind::Network, name: name.into() }
    }

    /// The policy for a namespace that lies in none.
    pub(super) fn cluster(namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            kind: Kind::Cluster,
            name: format!("{}-{namespace}", super::CLOSES).into(),
        }
    }

    /// Whether it closes its namespace; the others open something.
    pub(super) fn closes(&self) -> bool {
        match self.kind {
            Kind::Network => self.name.as_ref() == super::CLOSES,
            Kind::Cluster => true,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, kind, name } = self;
        match kind {
            Kind::Network => write!(f, "{} {namespace}/{name}", kind.as_str()),
            Kind::Cluster => write!(f, "{} {name}", kind.as_str()),
        }
    }
}
