//! The Gateway API.

use alloc::{borrow::ToOwned, vec::Vec};

use serde_json::Value;

use super::{Found, annotations};
use crate::{FieldPath, forward::Towards};

/// Filters that change a request or an answer, and send nothing anywhere.
const HARMLESS: [&str; 3] = ["CORS", "RequestHeaderModifier", "ResponseHeaderModifier"];
const OTHER_FILTER: &str = "this version of Bund does not know the filter";

/// Reads an object of the Gateway API.
pub(super) fn read(found: &mut Found<'_>, object: &Value, kind: &str) {
    let (at, spec) = found.object(object, &FieldPath::root(), "spec");
    match kind {
        "Gateway" => {
            addresses(found, spec, &at);
            let (at_infrastructure, infrastructure) = found.object(spec, &at, "infrastructure");
            // Implementations write these onto the Service that they make.
            annotations::read_map(found, infrastructure, &at_infrastructure);
            parameters(found, infrastructure, &at_infrastructure);
            plain_listeners(found, spec, &at);
        }
        "ListenerSet" => plain_listeners(found, spec, &at),
        "BackendTLSPolicy" => {
            let (at, validation) = found.object(spec, &at, "validation");
            found.host(validation, &at, "hostname");
        }
        _ => routes(found, spec, &at),
    }
}

/// Settings of the implementation for one Gateway, which may send logs and traces of requests elsewhere. A ConfigMap holds
/// changes to what the implementation makes, and that is judged.
fn parameters(found: &mut Found<'_>, infrastructure: &Value, at: &FieldPath) {
    let (at, settings) = found.object(infrastructure, at, "parametersRef");
    let kind = found.reader.text(settings, &at, "kind").unwrap_or_default();
    if !settings.is_null() && kind != "ConfigMap" {
        reference(found, settings, &at);
    }
}

fn routes(found: &mut Found<'_>, spec: &Value, at: &FieldPath) {
    for (at, rule) in found.entries(spec, at, "rules") {
        filters(found, rule, &at);
        for (at, backend) in found.entries(rule, &at, "backendRefs") {
            reference(found, backend, &at);
            filters(found, backend, &at);
        }
    }
}

fn filters(found: &mut Found<'_>, parent: &Value, at: &FieldPath) {
    for (at, filter) in found.entries(parent, at, "filters") {
        let kind = found.reader.text(filter, &at, "type").unwrap_or_default();
        match kind {
            "RequestMirror" | "ExternalAuth" => {
                let member = if kind == "RequestMirror" { "requestMirror" } else { "externalAuth" };
                let (at, settings) = found.object(filter, &at, member);
                let (at, backend) = found.object(settings, &at, "backendRef");
                reference(found, backend, &at);
            }
            "RequestRedirect" => {
                let (at, redirect) = found.object(filter, &at, "requestRedirect");
                found.host(redirect, &at, "hostname");
            }
            "URLRewrite" => {
                let (at, rewrite) = found.object(filter, &at, "urlRewrite");
                found.host(rewrite, &at, "hostname");
            }
            "ExtensionRef" => {
                let (at, extension) = found.object(filter, &at, "extensionRef");
                reference(found, extension, &at);
            }
            kind if HARMLESS.contains(&kind) => {}
            kind => found.add(at.key("type"), kind, Towards::Untold(OTHER_FILTER)),
        }
    }
}

/// A reference to what requests are sent to: a Service, where it says nothing else.
fn reference(found: &mut Found<'_>, reference: &Value, at: &FieldPath) {
    let kind = found.reader.text(reference, at, "kind").unwrap_or("Service");
    let group = found.reader.text(reference, at, "group").unwrap_or_default();
    let name = found.reader.text(reference, at, "name").unwrap_or_default();
    let namespace = found.reader.text(reference, at, "namespace");
    match (group, kind) {
        ("", "Service") => {
            let to = Towards::Service { namespace: namespace.map(Into::into), name: name.into() };
            // A Service of the route's own namespace is judged by itself.
            if namespace.is_some() {
                found.add(at.clone(), name, to);
            }
        }
        ("networking.istio.io", "Hostname") => found.add(at.key("name"), name, Towards::Host),
        _ => found.add(at.clone(), name, Towards::Object { group: group.into(), kind: kind.into() }),
    }
}

/// The addresses at which a Gateway takes connections. A named one may be anywhere.
fn addresses(found: &mut Found<'_>, spec: &Value, at: &FieldPath) {
    for (at, address) in found.entries(spec, at, "addresses") {
        let value = found.reader.text(address, &at, "value").unwrap_or_default();
        match found.reader.text(address, &at, "type").unwrap_or("IPAddress") {
            _ if value.is_empty() => {}
            "IPAddress" | "Hostname" => found.add(at.key("value"), value, Towards::Host),
            _ => found.add(at.key("value"), value, Towards::Untold("the name of an address tells no place")),
        }
    }
}

/// Listeners without TLS, unless another one of the object takes the same host with it: then the first may only redirect.
fn plain_listeners(found: &mut Found<'_>, spec: &Value, at: &FieldPath) {
    let host = |listener: &Value| listener.get("hostname").and_then(Value::as_str).unwrap_or("*").to_owned();
    let speaks =
        |listener: &Value, protocol: &str| listener.get("protocol").and_then(Value::as_str) == Some(protocol);
    let listeners: Vec<_> = found.entries(spec, at, "listeners").collect();
    let secure: Vec<_> = listeners
        .iter()
        .filter(|(_, listener)| speaks(listener, "HTTPS") || speaks(listener, "TLS"))
        .map(|(_, listener)| host(listener))
        .collect();
    for (at, listener) in listeners {
        let host = host(listener);
        if speaks(listener, "HTTP") && !secure.contains(&host) {
            found.add(at.key("protocol"), &host, Towards::Plain);
        }
    }
}
