//! The Kubernetes version, and what the cluster serves of what Bund can use.

use serde::Serialize;

use crate::inventory::{GroupKind, Inventory, Server, list, text};

/// The oldest supported version.
const OLDEST: (u32, u32) = (1, 31);

/// The version and what is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kubernetes {
    /// The API server's version; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it is supported: 1.31 and newer are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supported: Option<bool>,
    /// The versions of the kubelets, each once.
    pub kubelets: Vec<String>,
    /// What Bund can use.
    pub features: Vec<Feature>,
}

/// Something that Bund can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Feature {
    /// What it is.
    pub name: &'static str,
    /// Whether it is there.
    pub state: State,
    /// How that is known.
    pub how: String,
    /// What Bund uses it for.
    pub used_for: &'static str,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// It is.
    Available,
    /// It is not.
    Absent,
    /// Nobody could tell.
    NotKnown,
}

/// A kind by which a feature shows itself.
struct Sought {
    name: &'static str,
    group: &'static str,
    kind: &'static str,
    gate: Option<&'static str>,
    used_for: &'static str,
}

const fn sought(
    name: &'static str,
    group: &'static str,
    kind: &'static str,
    used_for: &'static str,
) -> Sought {
    Sought { name, group, kind, gate: None, used_for }
}

const SOUGHT: &[Sought] = &[
    Sought {
        gate: Some("ValidatingAdmissionPolicy"),
        ..sought(
            "ValidatingAdmissionPolicy",
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicy",
            "refusing class labels outside guarded namespaces, without a process of ours (needed)",
        )
    },
    Sought {
        gate: Some("MutatingAdmissionPolicy"),
        ..sought(
            "MutatingAdmissionPolicy",
            "admissionregistration.k8s.io",
            "MutatingAdmissionPolicy",
            "nothing yet; 1.36 serves it by itself",
        )
    },
    sought(
        "ClusterNetworkPolicy",
        "policy.networking.k8s.io",
        "ClusterNetworkPolicy",
        "egress rules that namespaces cannot loosen",
    ),
    sought("OpenReports", "openreports.io", "Report", "policy reports"),
    sought(
        "PolicyReport",
        "wgpolicyk8s.io",
        "PolicyReport",
        "policy reports, where OpenReports are not there",
    ),
    sought("VolumeSnapshot", "snapshot.storage.k8s.io", "VolumeSnapshot", "classes of snapshots"),
    sought(
        "cert-manager",
        "cert-manager.io",
        "Certificate",
        "the webhook's certificate, if you like; Bund makes its own",
    ),
    sought("ServiceMonitor", "monitoring.coreos.com", "ServiceMonitor", "metrics in the Prometheus operator"),
    sought("Bund", bund_crds::GROUP, "ResidencyPolicy", "this is Bund itself"),
];

/// The version and what is served.
pub fn kubernetes(inventory: &Inventory) -> Kubernetes {
    let version = inventory.server.as_ref().map(|server| server.version.clone());
    let nodes = inventory.of_kind("", "Node").map(|node| text(node, "/status/nodeInfo/kubeletVersion"));
    let mut kubelets: Vec<_> = nodes.filter(|version| !version.is_empty()).map(str::to_owned).collect();
    kubelets.sort();
    kubelets.dedup();
    Kubernetes {
        supported: version.as_deref().and_then(number).map(|version| version >= OLDEST),
        version,
        kubelets,
        features: SOUGHT.iter().map(|sought| feature(sought, inventory)).collect(),
    }
}

/// Major and minor of `v1.36.3-aliyun.1`.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix('v').unwrap_or(version).split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let digits = minor.find(|character: char| !character.is_ascii_digit()).unwrap_or(minor.len());
    Some((major, minor.get(..digits)?.parse().ok()?))
}

fn feature(sought: &Sought, inventory: &Inventory) -> Feature {
    let (state, how) = match &inventory.server {
        Some(server) => served(sought, server),
        None => defined(sought, inventory),
    };
    Feature { name: sought.name, state, how, used_for: sought.used_for }
}

fn served(sought: &Sought, server: &Server) -> (State, String) {
    let gate = |server: &Server| Some((sought.gate?, *server.gates.as_ref()?.get(sought.gate?)?));
    let told = match gate(server) {
        Some((name, on)) => format!("; feature gate {name} is {}", if on { "on" } else { "off" }),
        None if sought.gate.is_some() && server.gates.is_none() => {
            "; feature gates not known: no right to read /metrics".to_owned()
        }
        None => String::new(),
    };
    match server.served.get(&GroupKind::new(sought.group, sought.kind)) {
        Some(version) => {
            (State::Available, format!("discovery lists {}/{version} {}{told}", sought.group, sought.kind))
        }
        None => (State::Absent, format!("discovery lists no {} of {}{told}", sought.kind, sought.group)),
    }
}

/// Files tell only what a definition or an object among them shows.
fn defined(sought: &Sought, inventory: &Inventory) -> (State, String) {
    let mut definitions = inventory.of_kind("apiextensions.k8s.io", "CustomResourceDefinition");
    let defines = definitions.any(|definition| {
        text(definition, "/spec/group") == sought.group
            && text(definition, "/spec/names/kind") == sought.kind
            && list(definition, "/spec/versions").next().is_some()
    });
    if defines || inventory.of_kind(sought.group, sought.kind).next().is_some() {
        return (State::Available, format!("a {} or its definition is given", sought.kind));
    }
    (State::NotKnown, "files do not tell what an API server serves".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_clouds_are_read() {
        for (version, expected) in [
            ("v1.36.3", Some((1, 36))),
            ("v1.31.1-aliyun.1", Some((1, 31))),
            ("v1.30+", Some((1, 30))),
            ("1.32.0+k3s1", Some((1, 32))),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(number(version), expected, "{version}");
        }
    }
}
