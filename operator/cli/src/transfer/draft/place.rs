//! The places to which findings say that data goes, as a transfer writes them.

use bund_crds::{HostName, ProviderName, RegionId, destination_mapping::DestinationType, labels};
use bund_engine::{
    Finding, Snapshot,
    cover::{FlowDestination, FlowPlace},
    storage::parameters::PlaceKind,
};

/// A place, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// A region of a provider.
    Region(ProviderName, RegionId),
    /// A region; whose it is nobody said.
    RegionOf(String),
    /// Something in a region that nobody named: a zone, a node.
    WithinRegion(String),
    /// A host.
    Host(HostName),
    /// Something in which no host can be found.
    Other(String),
}

/// Every place, in order, each once. None where nobody can tell.
pub(super) fn places(sent: &[&Finding], snapshot: &Snapshot) -> Vec<Named> {
    let told = sent.iter().filter_map(|finding| match &finding.destination {
        FlowDestination::Told(places) => Some(places),
        FlowDestination::Untold => None,
    });
    let mut places: Vec<_> = told.flatten().map(|place| named(place, snapshot)).collect();
    places.sort();
    places.dedup();
    places
}

fn named(place: &FlowPlace, snapshot: &Snapshot) -> Named {
    match place {
        FlowPlace::Node(name) => node(name, snapshot),
        FlowPlace::NodeRegion(text) | FlowPlace::Storage(PlaceKind::Region, text) => {
            region(text, None, snapshot)
        }
        FlowPlace::NodeZone(text) | FlowPlace::Storage(PlaceKind::Zone | PlaceKind::RegionOrZone, text) => {
            Named::WithinRegion(format!("zone {text}"))
        }
        FlowPlace::Mapped(DestinationType::Region, text, provider) => {
            region(text, provider.as_ref(), snapshot)
        }
        FlowPlace::Storage(PlaceKind::Host | PlaceKind::Url, text)
        | FlowPlace::Mapped(
            DestinationType::Host | DestinationType::Registry | DestinationType::Url,
            text,
            _,
        ) => host(text),
        FlowPlace::Host(called) => {
            let text = called.to_string();
            called.name().and_then(|name| name.parse().ok()).map_or(Named::Other(text), Named::Host)
        }
        FlowPlace::Mapped(DestinationType::Cidr | DestinationType::Bucket, text, _) => {
            Named::Other(text.to_string())
        }
    }
}

/// The region that a node's label names.
fn node(name: &str, snapshot: &Snapshot) -> Named {
    let location = snapshot.world().location();
    let facts = snapshot.node(name);
    let label = |key: &str| facts.and_then(|facts| facts.labels.get(key));
    match label(&location.node_key).or_else(|| label(labels::REGION)) {
        Some(text) => region(text, None, snapshot),
        None => Named::WithinRegion(format!("node {name}")),
    }
}

/// A region of the provider that is named, or of the only one on which the cluster runs.
fn region(text: &str, provider: Option<&ProviderName>, snapshot: &Snapshot) -> Named {
    let only = match snapshot.world().location().providers.as_slice() {
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
