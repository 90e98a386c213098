//! Whom a pod asks for names, and which names it answers itself.

use alloc::boxed::Box;
use core::net::IpAddr;

use serde_json::Value;

use super::{NamedHost, PodNetwork, Purpose, ServiceNames};
use crate::{FieldPath, address::Host, subject::Reader};

/// Reads `dnsPolicy`, `dnsConfig` and `hostAliases`.
pub(super) fn read(reader: &mut Reader, spec: &Value, at: &FieldPath, network: &mut PodNetwork) {
    let in_node_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    let policy = reader.text(spec, at, "dnsPolicy").unwrap_or("ClusterFirst");
    network.node_resolver = match policy {
        "ClusterFirstWithHostNet" | "None" => None,
        "ClusterFirst" if !in_node_network => None,
        // In its node's network a pod asks whom its node asks, unless it says `ClusterFirstWithHostNet`.
        _ => Some(at.key("dnsPolicy")),
    };
    if network.node_resolver.is_some() {
        network.service_names = ServiceNames::Unsure;
    }
    // What kubelets write for names of the cluster, and what resolvers take where nobody writes it.
    let mut dots = if policy == "None" { 1 } else { 5 };
    if let Some(config) = reader.object_value(spec, at, "dnsConfig") {
        dns_config(reader, config, &at.key("dnsConfig"), network);
        dots = options(reader, config, &at.key("dnsConfig")).unwrap_or(dots);
    }
    if dots <= 1 && network.service_names == ServiceNames::Resolve {
        network.service_names = ServiceNames::WorldFirst;
    }
    // Whom it asks instead knows Services only where it is the cache of the cluster's names on each node.
    if policy == "None" && !network.hosts.iter().all(is_link_local) {
        network.service_names = ServiceNames::Unsure;
    }
    host_aliases(reader, spec, at, network);
}

fn is_link_local(named: &NamedHost) -> bool {
    named.purpose != Purpose::Resolver
        || matches!(named.host, Ok(Host::Address(IpAddr::V4(address))) if address.is_link_local())
}

fn dns_config(reader: &mut Reader, config: &Value, at: &FieldPath, network: &mut PodNetwork) {
    for (purpose, member) in [(Purpose::Resolver, "nameservers"), (Purpose::SearchDomain, "searches")] {
        let list_at = at.key(member);
        for (index, entry) in reader.list(config, at, member).iter().enumerate() {
            let field = list_at.index(index);
            let Some(text) = entry.as_str() else {
                reader.note(field, "a string");
                continue;
            };
            if purpose == Purpose::SearchDomain && is_of_services(text) {
                network.completed_in.extend(namespace_of(text));
                continue;
            }
            if purpose == Purpose::SearchDomain {
                network.service_names = ServiceNames::Unsure;
            }
            network.hosts.push(NamedHost::of(field, purpose, text));
        }
    }
}

/// Whether names are completed to names of Services. Below `pod.cluster.local` any address has a name.
fn is_of_services(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let below = domain.strip_suffix("svc.cluster.local");
    domain == "cluster.local" || below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The namespace in whose Services a domain completes names, if in those of one: `shop.svc.cluster.local`.
fn namespace_of(domain: &str) -> Option<Box<str>> {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let rest = domain.strip_suffix(".svc.cluster.local")?;
    rest.rsplit('.').next().map(Box::from)
}

/// How many dots a name needs to be asked for as it is before it is completed, where an option says so. Kubelets copy
/// options as they are: one with a space or a line end in it would be any line of the resolver's file.
fn options(reader: &mut Reader, config: &Value, at: &FieldPath) -> Option<u32> {
    let mut dots = None;
    let list_at = at.key("options");
    for (index, option) in reader.list(config, at, "options").iter().enumerate() {
        let at = list_at.index(index);
        for member in ["name", "value"] {
            let text = reader.text(option, &at, member).unwrap_or_default();
            if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
                reader.note(at.key(member), "one word");
            }
        }
        let text = |member: &str| option.get(member).and_then(Value::as_str).unwrap_or_default();
        let (name, value) = text("name").split_once(':').unwrap_or((text("name"), text("value")));
        if name == "ndots" {
            // What cannot be read may be none at all.
            dots = Some(value.parse().unwrap_or_default());
        }
    }
    dots
}

fn host_aliases(reader: &mut Reader, spec: &Value, at: &FieldPath, network: &mut PodNetwork) {
    let aliases_at = at.key("hostAliases");
    for (index, alias) in reader.list(spec, at, "hostAliases").iter().enumerate() {
        let at = aliases_at.index(index);
        if let Some(address) = reader.text(alias, &at, "ip") {
            network.hosts.push(NamedHost::of(at.key("ip"), Purpose::HostAlias, address));
        }
    }
}
