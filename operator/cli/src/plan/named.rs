//! What the settings of pods name: Services by their names in the cluster, and hosts elsewhere. Settings are the
//! environment, commands and arguments, and the ConfigMaps that pods use.

use std::collections::BTreeMap;

use bund_engine::{
    address::Host,
    egress::NamespacePlan,
    subject::{NamedHost, Purpose},
};
use ipnet::IpNet;
use serde_json::Value;

use super::{
    Declared, Open, Workload,
    settings::{ConfigMaps, Setting, of_pods},
    told,
};
use crate::inventory::{Inventory, name_of, text};

/// What the pods of the plan's namespace name in their settings.
pub(super) fn declared(inventory: &Inventory, plan: &NamespacePlan, open: Open<'_>) -> Vec<Declared> {
    let services = inventory.of_kind("", "Service");
    let services: Services<'_> =
        services.map(|service| ((text(service, "/metadata/namespace"), name_of(service)), service)).collect();
    let maps = ConfigMaps::of(inventory, &plan.namespace, open.snapshot);
    let mut found = Vec::new();
    for from in open.within(&plan.namespace) {
        let of_pods_itself = from.subject.shapes.iter().flat_map(|shape| &shape.network.hosts);
        found.extend(of_pods_itself.filter_map(|named| host(from, named, &named.field.to_string(), open)));
        for setting in of_pods(from, inventory) {
            found.extend(services_named(from, &setting, &services, open));
        }
        for map in maps.used_by(from) {
            found.extend(map.hosts().filter_map(|(named, field)| host(from, named, &field, open)));
            for setting in map.settings() {
                found.extend(services_named(from, &setting, &services, open));
            }
        }
    }
    found
}

/// By namespace and name.
type Services<'k> = BTreeMap<(&'k str, &'k str), &'k Value>;

/// A host elsewhere, as the engine finds it.
fn host(from: &Workload<'_>, named: &NamedHost, field: &str, open: Open<'_>) -> Option<Declared> {
    let called = match named.purpose {
        Purpose::Mention | Purpose::Proxy | Purpose::HostAlias | Purpose::Resolver => true,
        // The node calls it, which no network policy stops.
        Purpose::Probe | Purpose::SearchDomain => false,
    };
    let elsewhere = match &named.host {
        Ok(Host::Name(name)) => {
            name.contains('.') && in_cluster(name).is_none() && name.as_ref() != "localhost"
        }
        Ok(Host::Address(address)) => !address.is_loopback(),
        Err(_) => true,
    };
    let outcome = || match &named.host {
        Ok(Host::Address(address)) => open.network(from, IpNet::from(*address)),
        Ok(Host::Name(_)) => Err("network policies know addresses alone".to_owned()),
        Err(untold) => Err(untold.to_string()),
    };
    (called && elsewhere).then(|| told(from, named.text.to_string(), field, outcome()))
}

/// The Services that a setting names.
fn services_named(
    from: &Workload<'_>,
    setting: &Setting<'_>,
    services: &Services<'_>,
    open: Open<'_>,
) -> Vec<Declared> {
    let named = services_in(setting.text, from.namespace, services).into_iter();
    let declared = named.map(|(namespace, name)| {
        let place = if namespace == from.namespace { name.clone() } else { format!("{name} in {namespace}") };
        let outcome = service(from, services.get(&(namespace.as_str(), name.as_str())), &namespace, open);
        told(from, format!("Service {place}"), &setting.field, outcome)
    });
    declared.collect()
}

/// What becomes of a Service that is named: it stays open if all that stand behind it do.
fn service(
    from: &Workload<'_>,
    service: Option<&&Value>,
    namespace: &str,
    open: Open<'_>,
) -> Result<String, String> {
    let Some(service) = service else { return Err("no such Service is known".to_owned()) };
    if text(service, "/spec/type") == "ExternalName" {
        return Err(format!(
            "it leads to {}, and network policies know addresses alone",
            text(service, "/spec/externalName")
        ));
    }
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    let Some(selector) = selector.filter(|selector| !selector.is_empty()) else {
        return Err("it selects no pods, so nobody can tell from here where it leads".to_owned());
    };
    let behind = open.workloads.iter().filter(|to| {
        let selected = |(key, value): (&String, &Value)| to.labels.get(key) == value.as_str();
        to.namespace == namespace && selector.iter().all(selected)
    });
    let outcomes: Vec<_> = behind.map(|to| open.pods(from, to)).collect();
    let cut = outcomes.iter().find(|outcome| outcome.is_err());
    cut.or(outcomes.first()).cloned().unwrap_or_else(|| Err("no pod that it selects is known".to_owned()))
}

/// The Services that a text names: in a URL, in front of a port, by a name that only the cluster knows, or alone.
fn services_in(setting: &str, own: &str, services: &Services<'_>) -> Vec<(String, String)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let mut found = Vec::new();
    let mut rest = setting;
    while let Some(start) = rest.find(is_name) {
        let (before, from) = rest.split_at_checked(start).unwrap_or_default();
        let length = from.find(|c| !is_name(c)).unwrap_or(from.len());
        let (word, after) = from.split_at_checked(length).unwrap_or_default();
        let digit = |text: &str| {
            text.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()))
        };
        let is_called =
            before.ends_with("//") || before.ends_with('@') || digit(after) || word == setting.trim();
        let qualified = in_cluster(word);
        let named = qualified.clone().or_else(|| short(word, own).filter(|_| is_called));
        let known = |(namespace, name): &(String, String)| {
            services.contains_key(&(namespace.as_str(), name.as_str()))
        };
        // A name of the cluster's own domain is one even if nobody knows it.
        found.extend(named.filter(|named| qualified.is_some() || known(named)));
        rest = after;
    }
    found
}

/// `name.namespace.svc`, with or without the cluster's domain.
fn in_cluster(word: &str) -> Option<(String, String)> {
    let mut parts = word.trim_end_matches('.').split('.');
    let (name, namespace) = (parts.next()?, parts.next()?);
    (parts.next()? == "svc").then(|| (namespace.to_owned(), name.to_owned()))
}

/// `name`, or `name.namespace`.
fn short(word: &str, own: &str) -> Option<(String, String)> {
    match word.split_once('.') {
        None => Some((own.to_owned(), word.to_owned())),
        Some((name, namespace)) if !namespace.contains('.') => Some((namespace.to_owned(), name.to_owned())),
        Some(_) => None,
    }
}
