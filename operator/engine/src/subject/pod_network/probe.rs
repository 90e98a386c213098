//! Hosts that the node calls for a container: probes and hooks.

use alloc::vec::Vec;

use serde_json::Value;

use super::{NamedHost, Purpose};
use crate::{FieldPath, subject::Reader};

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
const HOOKS: [&str; 2] = ["postStart", "preStop"];

/// The hosts of every probe and hook of a container. `grpc` and `exec` have none.
pub(super) fn read(reader: &mut Reader, container: &Value, at: &FieldPath, hosts: &mut Vec<NamedHost>) {
    handlers(reader, container, at, &PROBES, hosts);
    if let Some(lifecycle) = reader.object_value(container, at, "lifecycle") {
        handlers(reader, lifecycle, &at.key("lifecycle"), &HOOKS, hosts);
    }
}

fn handlers(reader: &mut Reader, parent: &Value, at: &FieldPath, names: &[&str], hosts: &mut Vec<NamedHost>) {
    for name in names {
        let Some(handler) = reader.object_value(parent, at, name) else { continue };
        let at = at.key(name);
        for action in ["httpGet", "tcpSocket"] {
            let Some(called) = reader.object_value(handler, &at, action) else { continue };
            call(reader, called, &at.key(action), hosts);
        }
    }
}

/// Without a host the pod itself is called. With one, a header may ask what answers there for another host.
fn call(reader: &mut Reader, called: &Value, at: &FieldPath, hosts: &mut Vec<NamedHost>) {
    let Some(host) = reader.text(called, at, "host") else { return };
    hosts.push(NamedHost::of(at.key("host"), Purpose::Probe, host));
    let headers_at = at.key("httpHeaders");
    for (index, header) in reader.list(called, at, "httpHeaders").iter().enumerate() {
        let text = |member: &str| header.get(member).and_then(Value::as_str).unwrap_or_default();
        if text("name").eq_ignore_ascii_case("Host") && !text("value").is_empty() {
            let field = headers_at.index(index).key("value");
            hosts.push(NamedHost::of(field, Purpose::Probe, text("value")));
        }
    }
}
