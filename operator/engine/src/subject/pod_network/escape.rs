//! What a pod asks for that no network policy holds.

use alloc::vec::Vec;

use bund_crds::Escape;
use serde_json::Value;

use crate::{FieldPath, subject::Reader};

/// Capabilities with which a container can do whatever its node can: mount, load code into the kernel, reach memory.
const LIKE_PRIVILEGED: [&str; 4] = ["BPF", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"];

/// The capability by which a container takes over whatever processes it sees.
const TAKES_OVER: &str = "SYS_PTRACE";

/// Annotations by which a pod gets networks beside that of the cluster, or in its place: those of the Network Plumbing Working
/// Group's specification, and of Multus.
const OTHER_NETWORKS: [&str; 2] = ["k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"];

/// What the metadata of a pod ask for.
pub(super) fn of_metadata(
    reader: &mut Reader,
    metadata: &Value,
    at: &FieldPath,
    escapes: &mut Vec<(FieldPath, Escape)>,
) {
    let annotations = metadata.get("annotations").unwrap_or(&Value::Null);
    let at = at.key("annotations");
    for key in OTHER_NETWORKS {
        if reader.text(annotations, &at, key).is_some_and(|networks| !networks.trim().is_empty()) {
            escapes.push((at.key(key), Escape::OtherNetworks));
        }
    }
}

/// What the pod spec as a whole asks for.
pub(super) fn of_pod(
    reader: &mut Reader,
    spec: &Value,
    at: &FieldPath,
    escapes: &mut Vec<(FieldPath, Escape)>,
) {
    if reader.flag(spec, at, "hostNetwork") {
        escapes.push((at.key("hostNetwork"), Escape::HostNetwork));
    }
    host_process(reader, spec, at, escapes);
}

/// What processes a container sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sees {
    /// Those of its pod at most.
    Pod,
    /// Those of its node.
    Node,
}

impl Sees {
    /// What the containers of a pod spec see.
    pub(super) fn read(reader: &mut Reader, spec: &Value, at: &FieldPath) -> Self {
        if reader.flag(spec, at, "hostPID") { Self::Node } else { Self::Pod }
    }
}

/// What a container asks for.
pub(super) fn of_container(
    reader: &mut Reader,
    container: &Value,
    at: &FieldPath,
    sees: Sees,
    escapes: &mut Vec<(FieldPath, Escape)>,
) {
    host_ports(reader, container, at, escapes);
    host_process(reader, container, at, escapes);
    let Some(context) = reader.object_value(container, at, "securityContext") else { return };
    let at = at.key("securityContext");
    if reader.flag(context, &at, "privileged") {
        escapes.push((at.key("privileged"), Escape::Privileged));
    }
    let Some(capabilities) = reader.object_value(context, &at, "capabilities") else { return };
    let at = at.key("capabilities");
    for (index, added) in reader.list(capabilities, &at, "add").iter().enumerate() {
        if let Some(escape) = added.as_str().and_then(|name| of_capability(name, sees)) {
            escapes.push((at.key("add").index(index), escape));
        }
    }
}

/// Runtimes read the name of a capability in any case, with and without its prefix.
fn of_capability(name: &str, sees: Sees) -> Option<Escape> {
    let name = name.trim().to_ascii_uppercase();
    match name.strip_prefix("CAP_").unwrap_or(&name) {
        "ALL" | "NET_ADMIN" => Some(Escape::NetAdmin),
        "NET_RAW" => Some(Escape::NetRaw),
        TAKES_OVER if sees == Sees::Node => Some(Escape::Privileged),
        other => LIKE_PRIVILEGED.contains(&other).then_some(Escape::Privileged),
    }
}

/// The API server gives every port of a pod in its node's network the same number on the node, which says nothing more.
fn host_ports(
    reader: &mut Reader,
    container: &Value,
    at: &FieldPath,
    escapes: &mut Vec<(FieldPath, Escape)>,
) {
    if escapes.iter().any(|(_, escape)| *escape == Escape::HostNetwork) {
        return;
    }
    let ports_at = at.key("ports");
    for (index, port) in reader.list(container, at, "ports").iter().enumerate() {
        match port.get("hostPort") {
            None | Some(Value::Null) => {}
            Some(Value::Number(number)) if number.as_u64() == Some(0) => {}
            Some(_) => escapes.push((ports_at.index(index).key("hostPort"), Escape::HostPort)),
        }
    }
}

/// A Windows container that runs as a process of its node.
fn host_process(reader: &mut Reader, parent: &Value, at: &FieldPath, escapes: &mut Vec<(FieldPath, Escape)>) {
    let Some(context) = reader.object_value(parent, at, "securityContext") else { return };
    let at = at.key("securityContext");
    let Some(options) = reader.object_value(context, &at, "windowsOptions") else { return };
    let at = at.key("windowsOptions");
    if reader.flag(options, &at, "hostProcess") {
        let field = at.key("hostProcess");
        escapes.push((field.clone(), Escape::HostNetwork));
        escapes.push((field, Escape::Privileged));
    }
}
