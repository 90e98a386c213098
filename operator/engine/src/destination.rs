//! Places that objects of other kinds name, and where they are.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{
    JurisdictionName, ProviderName,
    destination_mapping::{DestinationType, MappedDestination},
};
use serde_json::Value;

use crate::{FieldPath, snapshot::World, subject::Reader};

/// A place that an object names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    /// The field that names it.
    pub field: FieldPath,
    /// What the text is.
    pub kind: DestinationType,
    /// The text.
    pub text: Box<str>,
    /// The provider whose region it is, where the mapping says so.
    pub provider: Option<ProviderName>,
}

/// Reads the destination at `at`: a text, or a list of texts.
pub(crate) fn read(
    reader: &mut Reader,
    mapped: &MappedDestination,
    at: &FieldPath,
    value: &Value,
    found: &mut Vec<Destination>,
) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => found.push(Destination {
            field: at.clone(),
            kind: mapped.kind,
            text: text.as_str().into(),
            provider: mapped.provider.clone(),
        }),
        Value::Array(elements) if elements.iter().all(Value::is_string) => {
            for (index, element) in elements.iter().enumerate() {
                read(reader, mapped, &at.index(index), element, found);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            reader.note(at.clone(), "a string or a list of strings");
        }
    }
}

/// Whether the destination is certain to be inside the jurisdiction. What is not certain is outside.
pub fn is_inside(destination: &Destination, jurisdiction: &JurisdictionName, world: &World) -> bool {
    let Some(table) = world.jurisdiction(jurisdiction) else { return false };
    match destination.kind {
        DestinationType::Region => table.lists_region(&destination.text, destination.provider.as_ref()),
        DestinationType::Host | DestinationType::Registry => {
            host_inside(&destination.text, jurisdiction, world)
        }
        DestinationType::Url => url_inside(&destination.text, jurisdiction, world),
        DestinationType::Cidr => {
            let address = || destination.text.parse::<core::net::IpAddr>().ok().map(ipnet::IpNet::from);
            let network = destination.text.parse::<ipnet::IpNet>().ok().or_else(address);
            network.is_some_and(|network| world.network_inside(&network, jurisdiction))
        }
        // A bucket's name tells no place.
        DestinationType::Bucket => false,
    }
}

/// Whether the host of a URL is certain to be inside.
pub(crate) fn url_inside(url: &str, jurisdiction: &JurisdictionName, world: &World) -> bool {
    host_of_url(url).is_some_and(|host| host_inside(&host, jurisdiction, world))
}

/// Whether a host or address, with or without a port, is certain to be inside.
pub(crate) fn host_inside(text: &str, jurisdiction: &JurisdictionName, world: &World) -> bool {
    let Some(host) = host_of(text) else { return false };
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<core::net::IpAddr>() {
        return world.network_inside(&ipnet::IpNet::from(address), jurisdiction);
    }
    let Some(host) = plain(host) else { return false };
    world.jurisdiction(jurisdiction).is_some_and(|table| {
        table.host_suffixes().any(|suffix| {
            host == suffix
                || host.strip_suffix(suffix).is_some_and(|labels| labels.ends_with('.') && labels.len() > 1)
        })
    })
}

/// The host that a text of this kind names, by its whole name in lower case.
pub(crate) fn named_host(kind: DestinationType, text: &str) -> Option<String> {
    match kind {
        DestinationType::Host | DestinationType::Registry => plain(host_of(text)?),
        DestinationType::Url => plain(host_of(&host_of_url(text)?)?),
        DestinationType::Region | DestinationType::Cidr | DestinationType::Bucket => None,
    }
}

/// The host or address of `host[:port][/path]`.
fn host_of(text: &str) -> Option<&str> {
    without_port(text.split_once('/').map_or(text, |(authority, _)| authority))
}

/// A host name in lower case, without the dot of the root.
fn plain(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    plain.then_some(host)
}

/// The host of `host[:port]`. `None` where the text has another form, user information above all.
fn without_port(authority: &str) -> Option<&str> {
    if authority.contains(['@', '\\', '?', '#', '%', ' ']) {
        return None;
    }
    if authority.starts_with('[') {
        let (address, port) = authority.split_once(']')?;
        return (port.is_empty() || port.starts_with(':')).then_some(address);
    }
    match authority.rsplit_once(':') {
        // More than one colon without brackets is an IPv6 address.
        Some((host, _)) if host.contains(':') => Some(authority),
        Some((host, port)) => port.bytes().all(|b| b.is_ascii_digit()).then_some(host),
        None => Some(authority),
    }
}

fn host_of_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let sound = !scheme.is_empty()
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // Readers differ on a backslash: for some it ends the host, for others it belongs to the user's name.
    rest.get(..end).filter(|_| sound && !url.contains('\\')).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_without_its_port_and_never_around_tricks() {
        assert_eq!(without_port("a.example.cn:443"), Some("a.example.cn"));
        assert_eq!(without_port("a.example.cn@evil.example"), None);
        assert_eq!(without_port("fd00::1"), Some("fd00::1"));
        assert_eq!(without_port("[fd00::1]:443"), Some("[fd00::1"));
        assert_eq!(host_of_url("https://a.example.cn\\@evil.example/x"), None);
        assert_eq!(host_of_url("https://a.example.cn:443/x?y"), Some("a.example.cn:443".to_string()));
        assert_eq!(host_of_url("no-scheme.example.cn"), None);
    }
}
