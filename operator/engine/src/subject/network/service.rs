//! Services.

use serde_json::Value;

use super::Found;
use crate::{FieldPath, forward::Towards};

/// Reads a Service: the name that it leads to, the addresses at which it takes connections besides its own.
pub(super) fn read(found: &mut Found<'_>, object: &Value) {
    let root = FieldPath::root();
    let (at, spec) = found.object(object, &root, "spec");
    let kind = found.reader.text(spec, &at, "type").unwrap_or_default();
    // Of another type it leads nowhere, and would be read when the type changes.
    if kind == "ExternalName" {
        found.host(spec, &at, "externalName");
    }
    if kind == "LoadBalancer" {
        found.host(spec, &at, "loadBalancerIP");
    }
    found.hosts(spec, &at, "externalIPs");
    let (at, status) = found.object(object, &root, "status");
    let (at, balancer) = found.object(status, &at, "loadBalancer");
    for (at, ingress) in found.entries(balancer, &at, "ingress") {
        if let Some(text) = found.reader.text(ingress, &at, "ip") {
            found.add(at.key("ip"), text, Towards::Given);
        }
        found.host(ingress, &at, "hostname");
    }
}
