//! What names places inside one jurisdiction, for the providers that count in this cluster.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use bund_crds::{
    Cidr, JurisdictionName, JurisdictionSpec, LabelKey, ProviderName,
    jurisdiction::{Provider, ProviderIdForm, ZoneForm},
};

use super::hosts::Hosts;

/// The names of places inside one jurisdiction.
#[derive(Clone, Debug)]
pub struct Table {
    /// The jurisdiction.
    pub name: JurisdictionName,
    /// The label with which an administrator declares a node inside.
    pub trusted_label: Option<LabelKey>,
    /// What node labels may say inside: region ids and codes.
    node_values: BTreeSet<Box<str>>,
    /// The providers that count for nodes of this cluster.
    providers: Vec<Provider>,
    /// Every provider of the jurisdiction: a destination may lie in a cloud that this cluster does not run on.
    all_providers: Vec<Provider>,
    /// Every scheme of a `providerID` that some provider of the jurisdiction writes.
    schemes: BTreeSet<Box<str>>,
    networks: Vec<Cidr>,
    hosts: Hosts,
}

/// A provider and one of its regions: a place at which a node may claim to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'t> {
    pub(crate) provider: &'t Provider,
    pub(crate) region: &'t str,
}

impl Table {
    /// Builds the table from a jurisdiction, for `providers`; for all of them where none are named.
    pub(super) fn of(name: &JurisdictionName, spec: &JurisdictionSpec, providers: &[ProviderName]) -> Self {
        let counted: Vec<Provider> = spec
            .providers
            .iter()
            .filter(|provider| providers.is_empty() || providers.contains(&provider.name))
            .cloned()
            .collect();
        let node_values = counted
            .iter()
            .flat_map(|p| p.regions.iter().chain(p.node_label_codes.iter().map(|code| &code.code)))
            .map(|value| value.as_str().into())
            .collect();
        let schemes = spec
            .providers
            .iter()
            .flat_map(|p| &p.provider_id_schemes)
            .map(|scheme| scheme.as_str().into())
            .collect();
        Self {
            name: name.clone(),
            trusted_label: spec.trusted_node_label().cloned(),
            node_values,
            providers: counted,
            all_providers: spec.providers.clone(),
            schemes,
            networks: spec.networks.clone(),
            hosts: Hosts::of(spec),
        }
    }

    /// What a node's region label may say inside, in order.
    pub fn node_values(&self) -> &BTreeSet<Box<str>> {
        &self.node_values
    }

    /// Whether a region lies inside: one of `provider`, or, where none is named, of those that this cluster
    /// runs on.
    pub fn lists_region(&self, region: &str, provider: Option<&ProviderName>) -> bool {
        let lists = |p: &Provider| p.regions.iter().any(|listed| listed.as_str() == region);
        match provider {
            Some(name) => self.all_providers.iter().any(|p| p.name == *name && lists(p)),
            None => self.providers.iter().any(lists),
        }
    }

    /// Whether a host of this name, in the one spelling of [`Host`](crate::address::Host), is inside.
    pub(crate) fn lists_host(&self, host: &str) -> bool {
        self.hosts.hold(host)
    }

    /// Public networks inside.
    pub(crate) fn networks(&self) -> &[Cidr] {
        &self.networks
    }

    /// Whether some provider of the jurisdiction writes this scheme.
    pub(crate) fn knows_scheme(&self, scheme: &str) -> bool {
        self.schemes.contains(scheme)
    }

    /// Whether some provider here writes `<region>.<machine>`.
    pub(crate) fn has_dotted_ids(&self) -> bool {
        self.providers.iter().any(|p| p.provider_id_form == ProviderIdForm::RegionDotMachine)
    }

    /// Every place inside.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place<'_>> {
        self.providers.iter().flat_map(|provider| {
            provider.regions.iter().map(move |region| Place { provider, region: region.as_str() })
        })
    }

    /// Whether a node's zone label, said honestly, can only be said inside.
    pub(crate) fn zone_inside(&self, zone: &str) -> bool {
        self.places().any(|place| place.zone_tells(zone))
    }

    /// What is known of a provider, whether or not it has regions inside.
    pub(crate) fn provider(&self, name: &ProviderName) -> Option<&Provider> {
        self.all_providers.iter().find(|provider| provider.name == *name)
    }

    /// The providers that count for nodes of this cluster.
    pub(crate) fn providers(&self) -> &[Provider] {
        &self.providers
    }
}

impl<'t> Place<'t> {
    /// What a node in this place may carry as its region.
    pub(crate) fn region_names(self) -> impl Iterator<Item = &'t str> {
        let codes = self.provider.node_label_codes.iter();
        let own = codes.filter(move |code| code.region.as_str() == self.region);
        core::iter::once(self.region).chain(own.map(|code| code.code.as_str()))
    }

    /// Whether a node in this place may carry `value` as its region.
    pub(crate) fn region_agrees(self, value: &str) -> bool {
        self.region_names().any(|name| name == value)
    }

    /// Whether a node in this place may carry `zone` as its zone. A number says nothing.
    pub(crate) fn zone_agrees(self, zone: &str) -> bool {
        if is_number(zone) {
            return true;
        }
        let Some(rest) = zone.strip_prefix(self.region) else {
            return self.provider.zone_form == ZoneForm::Opaque;
        };
        match self.provider.zone_form {
            ZoneForm::Opaque => true,
            // Alibaba Cloud leaves the dash out where the region ends in a digit: `ap-southeast-1a`.
            ZoneForm::RegionDashLetter if self.region.ends_with(|c: char| c.is_ascii_digit()) => {
                is_letter(rest.strip_prefix('-').unwrap_or(rest))
            }
            ZoneForm::RegionDashLetter => rest.strip_prefix('-').is_some_and(is_letter),
            ZoneForm::RegionLetter => is_letter(rest),
            ZoneForm::RegionDashNumber => rest.strip_prefix('-').is_some_and(is_number),
        }
    }

    /// Whether `zone`, said honestly at this provider, can only be said in this place.
    pub(crate) fn zone_tells(self, zone: &str) -> bool {
        !is_number(zone) && self.provider.zone_form != ZoneForm::Opaque && self.zone_agrees(zone)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_letter(text: &str) -> bool {
    matches!(text.as_bytes(), [b] if b.is_ascii_lowercase())
}
