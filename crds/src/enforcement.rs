//! Modes and aspects: how a verdict is enforced, and where.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to a finding. Applied after the verdict, so that an audit sees the truth.
/// Ordered from mild to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Mode {
    /// Recorded in the API server's audit log and in reports; the request passes in silence.
    Audit,
    /// The request passes and whoever sent it reads a warning.
    Warn,
    /// The request is refused.
    Deny,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audit => "Audit",
            Self::Warn => "Warn",
            Self::Deny => "Deny",
        })
    }
}

/// A field of enforcement that has a mode of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Aspect {
    /// Where pods run.
    Placement,
    /// Where volumes, snapshots and copies lie.
    Storage,
    /// Services, routes and gateways that forward.
    Network,
    /// Connections and declared destinations that lead out.
    Egress,
    /// exec, attach, port-forward and proxies into pods.
    Connect,
    /// What looks wrong without being certain.
    Hints,
    /// Encryption at rest and in transit.
    Safeguards,
    /// Public hosts and their filings.
    Exposure,
}

impl Aspect {
    /// Every aspect, in order.
    pub const ALL: [Self; 8] = [
        Self::Placement,
        Self::Storage,
        Self::Network,
        Self::Egress,
        Self::Connect,
        Self::Hints,
        Self::Safeguards,
        Self::Exposure,
    ];

    /// The mode where a policy names none: hints are shown, everything else is only recorded.
    pub fn default_mode(self) -> Mode {
        match self {
            Self::Hints => Mode::Warn,
            Self::Placement
            | Self::Storage
            | Self::Network
            | Self::Egress
            | Self::Connect
            | Self::Safeguards
            | Self::Exposure => Mode::Audit,
        }
    }

    /// The field name in [`Enforcement`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placement => "placement",
            Self::Storage => "storage",
            Self::Network => "network",
            Self::Egress => "egress",
            Self::Connect => "connect",
            Self::Hints => "hints",
            Self::Safeguards => "safeguards",
            Self::Exposure => "exposure",
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A mode per aspect. An aspect that is left out is `Audit`; `hints` is `Warn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Enforcement {
    /// Where pods run: node names, affinity, bindings, templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub placement: Option<Mode>,
    /// Where volumes, snapshots and copies lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub storage: Option<Mode>,
    /// Services, routes and gateways that forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub network: Option<Mode>,
    /// Connections and declared destinations that lead out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub egress: Option<Mode>,
    /// exec, attach, port-forward and proxies into pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub connect: Option<Mode>,
    /// What looks wrong without being certain: fields we do not know, class names nobody declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub hints: Option<Mode>,
    /// Encryption at rest and in transit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub safeguards: Option<Mode>,
    /// Public hosts and their filings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub exposure: Option<Mode>,
}

impl Enforcement {
    /// The mode named for `aspect`, if one is.
    pub fn mode(&self, aspect: Aspect) -> Option<Mode> {
        let Self { placement, storage, network, egress, connect, hints, safeguards, exposure } = self;
        match aspect {
            Aspect::Placement => *placement,
            Aspect::Storage => *storage,
            Aspect::Network => *network,
            Aspect::Egress => *egress,
            Aspect::Connect => *connect,
            Aspect::Hints => *hints,
            Aspect::Safeguards => *safeguards,
            Aspect::Exposure => *exposure,
        }
    }
}
