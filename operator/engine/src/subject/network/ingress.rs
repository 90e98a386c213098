//! Ingresses.

use alloc::vec::Vec;

use serde_json::Value;

use super::Found;
use crate::{FieldPath, forward::Towards};

/// Annotations by which a controller serves TLS though the Ingress has no `tls`.
const CERTIFICATES: [&str; 5] = [
    "alb.ingress.kubernetes.io/certificate-arn",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "kubernetes.io/elb.tls-certificate-ids",
    "networking.gke.io/managed-certificates",
    "traefik.ingress.kubernetes.io/router.tls",
];

/// Reads an Ingress: its backends, and the hosts that take connections without TLS. Services are in its own namespace.
pub(super) fn read(found: &mut Found<'_>, object: &Value) {
    let (at, spec) = found.object(object, &FieldPath::root(), "spec");
    // `backend` is what version v1beta1 calls it.
    for member in ["defaultBackend", "backend"] {
        backend(found, spec, &at, member);
    }
    for (at, rule) in found.entries(spec, &at, "rules") {
        let (at, http) = found.object(rule, &at, "http");
        for (at, path) in found.entries(http, &at, "paths") {
            backend(found, path, &at, "backend");
        }
    }
    plain_hosts(found, object, spec, &at);
}

/// A backend that is not a Service.
fn backend(found: &mut Found<'_>, parent: &Value, at: &FieldPath, member: &str) {
    let (at, backend) = found.object(parent, at, member);
    let (at, resource) = found.object(backend, &at, "resource");
    if resource.is_null() {
        return;
    }
    let group = found.reader.text(resource, &at, "apiGroup").unwrap_or_default();
    let kind = found.reader.text(resource, &at, "kind").unwrap_or_default();
    let name = found.reader.text(resource, &at, "name").unwrap_or_default();
    found.add(at, name, Towards::Object { group: group.into(), kind: kind.into() });
}

fn plain_hosts(found: &mut Found<'_>, object: &Value, spec: &Value, at: &FieldPath) {
    let annotations = object.get("metadata").and_then(|metadata| metadata.get("annotations"));
    let certified = |key: &str| annotations.is_some_and(|all| all.get(key).is_some());
    if CERTIFICATES.into_iter().any(certified) {
        return;
    }
    let mut covered: Vec<&str> = Vec::new();
    for (_, entry) in found.entries(spec, at, "tls") {
        let hosts = entry.get("hosts").and_then(Value::as_array);
        match hosts.filter(|hosts| !hosts.is_empty()) {
            Some(hosts) => covered.extend(hosts.iter().filter_map(Value::as_str)),
            // Without hosts it is for every one.
            None => return,
        }
    }
    for (at, rule) in found.entries(spec, at, "rules") {
        let host = found.reader.text(rule, &at, "host").unwrap_or("*");
        if !covered.iter().any(|covered| covers(covered, host)) {
            found.add(at.key("host"), host, Towards::Plain);
        }
    }
}

/// Whether TLS for `covered`, which may start with `*.`, is TLS for `host`.
fn covers(covered: &str, host: &str) -> bool {
    let below = covered.strip_prefix("*.").zip(host.split_once('.'));
    covered.eq_ignore_ascii_case(host)
        || below.is_some_and(|(domain, (_, rest))| domain.eq_ignore_ascii_case(rest))
}
