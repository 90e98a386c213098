//! Where findings say that data goes, and whether a transfer declares that place.

use alloc::{boxed::Box, collections::BTreeSet, string::ToString};

use bund_crds::{
    Cidr, HostName, ProviderName, RegionId,
    cross_border_transfer::{Destination, Place},
    destination_mapping::DestinationType,
};

use crate::{
    Snapshot,
    address::Host,
    destination,
    locate::{self, is_in_region},
    snapshot::World,
    storage::parameters::PlaceKind,
};

/// Where a finding says that data goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FlowDestination {
    /// Nobody can tell, so no transfer covers it.
    #[default]
    Untold,
    /// To places of which each counts; there is one at least.
    Told(BTreeSet<FlowPlace>),
}

/// A place that data goes to, as a finding names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowPlace {
    /// The node of this name.
    Node(Box<str>),
    /// Nodes whose label says that they are in this region. Each is judged by itself when a pod is bound to it.
    NodeRegion(Box<str>),
    /// Nodes whose label says that they are in this zone. Each is judged by itself when a pod is bound to it.
    NodeZone(Box<str>),
    /// A place in which something is stored.
    Storage(PlaceKind, Box<str>),
    /// A place that a mapped field names, with the provider whose region it is.
    Mapped(DestinationType, Box<str>, Option<ProviderName>),
    /// A host that is called by name, or by its address.
    Host(Host),
}

impl From<FlowPlace> for FlowDestination {
    fn from(place: FlowPlace) -> Self {
        Self::Told(BTreeSet::from([place]))
    }
}

impl FromIterator<FlowPlace> for FlowDestination {
    /// All of the places; where there are none nobody can tell.
    fn from_iter<I: IntoIterator<Item = FlowPlace>>(places: I) -> Self {
        let places: BTreeSet<_> = places.into_iter().collect();
        if places.is_empty() { Self::Untold } else { Self::Told(places) }
    }
}

impl FlowDestination {
    /// Both: what cannot be told of one cannot be told of both.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Told(mut places), Self::Told(more)) => {
                places.extend(more);
                Self::Told(places)
            }
            (Self::Untold, _) | (_, Self::Untold) => Self::Untold,
        }
    }

    /// Whether each place is certain to be one of those that a transfer lists.
    pub(super) fn is_within(&self, listed: &[Destination], snapshot: &Snapshot) -> bool {
        let listed = Listed { listed, world: snapshot.world() };
        match self {
            Self::Untold => false,
            Self::Told(places) => places.iter().all(|place| listed.hold(place, snapshot)),
        }
    }
}

/// The destinations of a transfer.
#[derive(Clone, Copy)]
struct Listed<'s> {
    listed: &'s [Destination],
    world: &'s World,
}

impl<'s> Listed<'s> {
    fn hold(self, place: &FlowPlace, snapshot: &Snapshot) -> bool {
        match place {
            FlowPlace::Node(name) => snapshot.node(name).is_some_and(|node| {
                self.regions().any(|(provider, region)| is_in_region(node, provider, region, self.world))
            }),
            FlowPlace::NodeRegion(text) => self.some_cloud(|provider| self.region(provider, text)),
            FlowPlace::NodeZone(text) => self.some_cloud(|provider| self.zone(provider, text)),
            FlowPlace::Storage(kind, text) => self.stored(*kind, text),
            FlowPlace::Mapped(kind, text, provider) => self.mapped(*kind, text, provider.as_ref()),
            // At which ports, the network policy of the transfer sees to.
            FlowPlace::Host(host) => self.host(DestinationType::Host, &host.to_string()),
        }
    }

    fn stored(self, kind: PlaceKind, text: &str) -> bool {
        match kind {
            PlaceKind::Region => self.every_cloud(|provider| self.region(provider, text)),
            PlaceKind::Zone => self.every_cloud(|provider| self.zone(provider, text)),
            PlaceKind::RegionOrZone => {
                self.every_cloud(|provider| self.region(provider, text) || self.zone(provider, text))
            }
            PlaceKind::Host => self.host(DestinationType::Host, text),
            PlaceKind::Url => self.host(DestinationType::Url, text),
        }
    }

    fn mapped(self, kind: DestinationType, text: &str, provider: Option<&ProviderName>) -> bool {
        match (kind, provider) {
            (DestinationType::Region, Some(provider)) => {
                self.regions().any(|(of, region)| of == provider && region.as_str() == text)
            }
            (DestinationType::Region, None) => self.stored(PlaceKind::Region, text),
            (DestinationType::Host | DestinationType::Registry | DestinationType::Url, _) => {
                self.host(kind, text)
            }
            // A network may reach further than one host, and a bucket's name tells no place.
            (DestinationType::Cidr | DestinationType::Bucket, _) => false,
        }
    }

    /// Whether the host that the text names is listed, by its whole name; an address also by a network that holds it.
    fn host(self, kind: DestinationType, text: &str) -> bool {
        let host = destination::host(kind, text);
        host.is_some_and(|host| self.lists(&host) || self.holds(&host))
    }

    /// Whether a host is listed by its whole name.
    fn lists(self, host: &Host) -> bool {
        self.hosts().any(|listed| Host::of(listed.as_str()).as_ref() == Ok(host))
    }

    /// Whether it is an address of a listed network. At which ports, the network policy of the transfer sees to.
    fn holds(self, host: &Host) -> bool {
        let Host::Address(address) = host else { return false };
        self.networks().any(|listed| listed.network().contains(address))
    }

    /// Whether a region label of `provider` can only mean a listed region.
    fn region(self, provider: &ProviderName, text: &str) -> bool {
        self.regions()
            .any(|(of, region)| of == provider && locate::names_region(provider, region, text, self.world))
    }

    /// Whether a zone of `provider` can only be one of a listed region.
    fn zone(self, provider: &ProviderName, text: &str) -> bool {
        self.regions()
            .any(|(of, region)| of == provider && locate::names_zone(provider, region, text, self.world))
    }

    /// Whether it holds for a cloud that this cluster runs on.
    fn some_cloud(self, holds: impl Fn(&ProviderName) -> bool) -> bool {
        self.world.location().providers.iter().any(holds)
    }

    /// Whether it holds for every cloud that this cluster runs on: the same name may mean a place at each.
    fn every_cloud(self, holds: impl Fn(&ProviderName) -> bool) -> bool {
        let clouds = &self.world.location().providers;
        !clouds.is_empty() && clouds.iter().all(holds)
    }

    fn regions(self) -> impl Iterator<Item = (&'s ProviderName, &'s RegionId)> {
        self.listed.iter().filter_map(|destination| match destination.place()? {
            Place::Region(provider, region) => Some((provider, region)),
            Place::Host(_) | Place::Network(..) => None,
        })
    }

    fn networks(self) -> impl Iterator<Item = &'s Cidr> {
        self.listed.iter().filter_map(|destination| match destination.place()? {
            Place::Network(network, _) => Some(network),
            Place::Region(..) | Place::Host(_) => None,
        })
    }

    fn hosts(self) -> impl Iterator<Item = &'s HostName> {
        self.listed.iter().filter_map(|destination| match destination.place()? {
            Place::Host(host) => Some(host),
            Place::Region(..) | Place::Network(..) => None,
        })
    }
}
