//! What a pod, or a template, says about the network: what it asks for that no network policy holds, whom it asks for
//! names, and which hosts it names.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use bund_crds::Escape;
use serde_json::Value;

use super::Reader;
use crate::{
    FieldPath,
    address::{Host, Unclear, is_whole, mention::mentions},
};

mod environment;
mod escape;
mod probe;
mod resolver;

/// What a pod says about the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodNetwork {
    /// What it asks for that escapes network policies, each with its field.
    pub escapes: Vec<(FieldPath, Escape)>,
    /// The field by which it asks the name servers of its node, if it does.
    pub node_resolver: Option<FieldPath>,
    /// Whether names of the cluster's Services lead to them, and nowhere else.
    pub service_names: ServiceNames,
    /// The namespaces in which it completes names, besides its own.
    pub completed_in: Vec<Box<str>>,
    /// The hosts that it names.
    pub hosts: Vec<NamedHost>,
}

/// What names of the cluster's Services lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceNames {
    /// To the Services.
    #[default]
    Resolve,
    /// To the Services, but one with a dot is asked for in the world before it is completed.
    WorldFirst,
    /// Wherever other name servers, or other domains in which names are completed, say.
    Unsure,
}

/// A host that an object names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHost {
    /// The field that names it.
    pub field: FieldPath,
    /// What it is named for.
    pub purpose: Purpose,
    /// What is told of it: never a user or a password.
    pub text: Box<str>,
    /// The host, where it can be told.
    pub host: Result<Host, Untold>,
    /// Whether the dot of the root stands behind its name: then it is asked for as it is, and never completed.
    pub is_whole: bool,
}

/// What a host is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The node calls it, for a probe or a hook.
    Probe,
    /// It is asked for names.
    Resolver,
    /// A name gets this address.
    HostAlias,
    /// Whatever the program sends goes through it.
    Proxy,
    /// Names are completed in it.
    SearchDomain,
    /// Nobody knows: it was found in a text.
    Mention,
}

/// Why the host that is meant is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// Readers of the text differ.
    #[error("{0}")]
    Unclear(Unclear),
    /// It stands where it is not read.
    #[error("its value comes from elsewhere, which is not read; write it in the pod")]
    Elsewhere,
    /// It is put together from what is not known.
    #[error("it is put together from variables that are not known; write it as one text")]
    Variable,
}

impl NamedHost {
    /// The host of `text`, as `host`, `host:port` or a URL.
    fn of(field: FieldPath, purpose: Purpose, text: &str) -> Self {
        let host = Host::of(text).map_err(Untold::Unclear);
        let told = match &host {
            Ok(host) => alloc::format!("{host}").into(),
            Err(_) => crate::address::mention::without_secrets(text).into(),
        };
        Self { field, purpose, text: told, host, is_whole: is_whole(text) }
    }
}

/// Every container of a pod spec, with its field.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Reads what the pod spec at `at` says about the network, and its metadata, which are at `beside`.
pub(super) fn pod_network(
    reader: &mut Reader,
    spec: &Value,
    at: &FieldPath,
    (metadata, beside): (&Value, &FieldPath),
) -> Arc<PodNetwork> {
    let mut network = PodNetwork::default();
    escape::of_metadata(reader, metadata, beside, &mut network.escapes);
    escape::of_pod(reader, spec, at, &mut network.escapes);
    resolver::read(reader, spec, at, &mut network);
    let sees = escape::Sees::read(reader, spec, at);
    for list in CONTAINERS {
        let list_at = at.key(list);
        for (index, container) in reader.list(spec, at, list).iter().enumerate() {
            let at = list_at.index(index);
            escape::of_container(reader, container, &at, sees, &mut network.escapes);
            probe::read(reader, container, &at, &mut network.hosts);
            environment::read(reader, container, &at, &mut network.hosts);
        }
    }
    Arc::new(network)
}

/// The hosts that a ConfigMap mentions in its data.
pub(super) fn in_config_map(object: &Value) -> Vec<NamedHost> {
    let at = FieldPath::of("data");
    let data = object.get("data").and_then(Value::as_object).into_iter().flatten();
    let mut hosts = Vec::new();
    for (key, text) in data.filter_map(|(key, value)| Some((key, value.as_str()?))) {
        mentioned(text, &|| at.key(key), &mut hosts);
    }
    hosts
}

/// Most hosts that are told of what one object mentions. Whoever writes it decides how many there would be.
const MAX_MENTIONED: usize = 64;

/// Adds the hosts that a text mentions.
fn mentioned(text: &str, at: &dyn Fn() -> FieldPath, hosts: &mut Vec<NamedHost>) {
    for mention in mentions(text) {
        let known = hosts.iter().filter(|named| named.purpose == Purpose::Mention).count();
        if known >= MAX_MENTIONED {
            return;
        }
        hosts.push(NamedHost {
            field: at(),
            purpose: Purpose::Mention,
            text: mention.text,
            host: mention.host.map_err(Untold::Unclear),
            is_whole: mention.is_whole,
        });
    }
}

#[cfg(test)]
mod tests;
