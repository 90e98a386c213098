//! The places to which an object would send data, as far as it names them.

use bund_crds::{HostName, ProviderName, RegionId, destination_mapping::DestinationType, labels};
use bund_engine::{
    Finding, Reason, Snapshot, Subject,
    snapshot::World,
    subject::{NodeTerm, PodShape},
};

/// A place, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// A region of a provider.
    Region(ProviderName, RegionId),
    /// A region; whose it is nobody said.
    RegionOf(String),
    /// A zone.
    Zone(String),
    /// A host.
    Host(HostName),
    /// Something else that a field names.
    Other(String),
}

/// Every place that the object names and that is not inside, in order, each once. None where it names none.
pub(super) fn places(subject: &Subject, sent: &[&Finding], snapshot: &Snapshot) -> Vec<Named> {
    let world = snapshot.world();
    let mut places: Vec<_> = subject.shapes.iter().flat_map(|shape| of_shape(shape, world)).collect();
    for finding in sent {
        let named = subject
            .destinations
            .iter()
            .find(|named| finding.reason == Reason::DestinationOutside && named.field == finding.field);
        places.extend(named.map(|named| of_field(named.kind, &named.text, named.provider.as_ref(), world)));
    }
    places.sort();
    places.dedup();
    places
}

/// The regions and zones that a pod asks for.
fn of_shape(shape: &PodShape, world: &World) -> Vec<Named> {
    let selected = shape.node_selector.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
    let terms = shape.required_terms.iter().flat_map(|terms| terms.iter());
    let all = selected.chain(terms.flat_map(asked));
    all.filter_map(|(key, value)| of_label(key, value, world)).collect()
}

/// What a term asks for by `In`, each key with each value.
fn asked(term: &NodeTerm) -> impl Iterator<Item = (&str, &str)> {
    term.labels.iter().flat_map(|requirement| {
        let values = match &requirement.operator {
            bund_engine::subject::Operator::In(values) => Some(values),
            _ => None,
        };
        values.into_iter().flatten().map(|value| (requirement.key.as_ref(), value.as_ref()))
    })
}

fn of_label(key: &str, value: &str, world: &World) -> Option<Named> {
    let location = world.location();
    if [labels::REGION, labels::LEGACY_REGION].contains(&key) || key == location.node_key.as_ref() {
        let is_inside = world.jurisdictions().any(|table| table.node_values().contains(value));
        return (!is_inside).then(|| region(value, None, world));
    }
    let is_zone = [labels::ZONE, labels::LEGACY_ZONE].contains(&key);
    is_zone.then(|| Named::Zone(value.to_owned()))
}

fn of_field(kind: DestinationType, text: &str, provider: Option<&ProviderName>, world: &World) -> Named {
    match kind {
        DestinationType::Region => region(text, provider, world),
        DestinationType::Host | DestinationType::Registry | DestinationType::Url => host(text),
        DestinationType::Cidr | DestinationType::Bucket => Named::Other(text.to_owned()),
    }
}

/// A region of the provider that is named, or of the only one on which the cluster runs.
fn region(text: &str, provider: Option<&ProviderName>, world: &World) -> Named {
    let only = match world.location().providers.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    match (provider.or(only), text.parse()) {
        (Some(provider), Ok(region)) => Named::Region(provider.clone(), region),
        (Some(_) | None, _) => Named::RegionOf(text.to_owned()),
    }
}

/// The host of a URL, of an image or of an address with a port.
fn host(text: &str) -> Named {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = authority.split_once(':').map_or(authority, |(name, _)| name);
    name.to_ascii_lowercase().parse().map_or_else(|_| Named::Other(text.to_owned()), Named::Host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_taken_from_what_holds_one() {
        let expected = || Named::Host("api.partner.example".parse().unwrap());
        for text in
            ["api.partner.example", "https://API.partner.example:443/v1?x", "api.partner.example/shop:1"]
        {
            assert_eq!(host(text), expected(), "{text}");
        }
        for text in ["https://user@api.partner.example", "", "two words"] {
            assert_eq!(host(text), Named::Other(text.to_owned()), "{text}");
        }
    }
}
