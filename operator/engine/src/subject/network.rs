//! What objects of the network say of where connections and requests go.

use alloc::vec::Vec;

use serde_json::Value;

use super::{NetworkKind, Reader};
use crate::{
    FieldPath,
    forward::{Forward, Towards},
};

mod annotations;
mod endpoints;
mod gateway;
mod ingress;
mod service;

/// The kinds whose fields are read here, and what each does.
const KINDS: [(&str, &str, NetworkKind); 13] = [
    ("", "Service", NetworkKind::Service),
    ("", "Endpoints", NetworkKind::Endpoints),
    ("discovery.k8s.io", "EndpointSlice", NetworkKind::Endpoints),
    ("extensions", "Ingress", NetworkKind::Route),
    ("networking.k8s.io", "Ingress", NetworkKind::Route),
    (GATEWAY, "BackendTLSPolicy", NetworkKind::Route),
    (GATEWAY, "Gateway", NetworkKind::Route),
    (GATEWAY, "GRPCRoute", NetworkKind::Route),
    (GATEWAY, "HTTPRoute", NetworkKind::Route),
    (GATEWAY, "ListenerSet", NetworkKind::Route),
    (GATEWAY, "TCPRoute", NetworkKind::Route),
    (GATEWAY, "TLSRoute", NetworkKind::Route),
    (GATEWAY, "UDPRoute", NetworkKind::Route),
];

/// The group of the Gateway API.
const GATEWAY: &str = "gateway.networking.k8s.io";

/// What objects of this kind do, if they are of the network and read here.
pub(super) fn kind_of(group: &str, kind: &str) -> Option<NetworkKind> {
    let known = KINDS.into_iter().find(|(of, name, _)| (*of, *name) == (group, kind));
    known.map(|(_, _, does)| does)
}

/// Everything that the object says of where it leads.
pub(super) fn forwards(reader: &mut Reader, object: &Value, kind: &str) -> Vec<Forward> {
    let mut found = Found { reader, forwards: Vec::new() };
    match kind {
        "Service" => service::read(&mut found, object),
        "Endpoints" => endpoints::read(&mut found, object),
        "EndpointSlice" => endpoints::read_slice(&mut found, object),
        "Ingress" => ingress::read(&mut found, object),
        _ => gateway::read(&mut found, object, kind),
    }
    annotations::read(&mut found, object, &FieldPath::root());
    found.forwards
}

/// What was found, and the reader that finds it.
struct Found<'r> {
    reader: &'r mut Reader,
    forwards: Vec<Forward>,
}

impl Found<'_> {
    fn add(&mut self, field: FieldPath, text: &str, to: Towards) {
        self.forwards.push(Forward { field, text: text.into(), to });
    }

    /// The member `name` of `parent`, if it is a text, leads to a host.
    fn host(&mut self, parent: &Value, at: &FieldPath, name: &str) {
        if let Some(text) = self.reader.text(parent, at, name) {
            self.add(at.key(name), text, Towards::Host);
        }
    }

    /// Every text in the list `name` of `parent` leads to a host.
    fn hosts(&mut self, parent: &Value, at: &FieldPath, name: &str) {
        let list = self.reader.list(parent, at, name);
        let at = at.key(name);
        for (index, entry) in list.iter().enumerate() {
            match entry.as_str() {
                Some(text) => self.add(at.index(index), text, Towards::Host),
                None => self.reader.note(at.index(index), "a string"),
            }
        }
    }

    /// The members of the list `name` of `parent`, each with its path.
    fn entries<'v>(
        &mut self,
        parent: &'v Value,
        at: &FieldPath,
        name: &str,
    ) -> impl Iterator<Item = (FieldPath, &'v Value)> + use<'v> {
        let list = self.reader.list(parent, at, name);
        let at = at.key(name);
        list.iter().enumerate().map(move |(index, entry)| (at.index(index), entry))
    }

    /// The member `name` of `parent` as an object with its path; `null` where it is absent.
    fn object<'v>(&mut self, parent: &'v Value, at: &FieldPath, name: &str) -> (FieldPath, &'v Value) {
        (at.key(name), self.reader.object_value(parent, at, name).unwrap_or(&Value::Null))
    }
}
