//! What a node claims about its place, one claim at a time.

use alloc::vec::Vec;
use core::fmt;

use super::{NodeFacts, ProviderIdForm, Table, labels};
use crate::snapshot::Place;

/// Labels that name a region, besides the cluster's own node key.
pub const REGION_KEYS: [&str; 2] = [labels::REGION, labels::LEGACY_REGION];

/// Labels that name a zone: the well-known ones, and those that the CSI drivers of the clouds write.
pub const ZONE_KEYS: [&str; 6] = [
    labels::ZONE,
    labels::LEGACY_ZONE,
    "topology.diskplugin.csi.alibabacloud.com/zone",
    "topology.com.tencent.cloud.csi.cbs/zone",
    "topology.ebs.csi.aws.com/zone",
    "topology.disk.csi.azure.com/zone",
];

/// One claim of a node about its place.
#[derive(Clone, Debug)]
pub(super) enum Claim<'n> {
    /// A region label.
    Region { key: &'n str, value: &'n str },
    /// A zone label.
    Zone { key: &'n str, value: &'n str },
    /// The `providerID`.
    ProviderId(&'n str),
}

/// Every claim of a node, the strongest first: it is named when a later one contradicts.
pub(super) fn claims<'n>(node: &'n NodeFacts, node_key: &'n str) -> Vec<Claim<'n>> {
    let other_regions = REGION_KEYS.into_iter().filter(|key| *key != node_key);
    let regions = core::iter::once(node_key).chain(other_regions);
    let regions = regions.filter_map(|key| Some(Claim::Region { key, value: node.labels.get(key)? }));
    let zones = ZONE_KEYS.into_iter().filter(|key| *key != node_key);
    let zones = zones.filter_map(|key| Some(Claim::Zone { key, value: node.labels.get(key)? }));
    regions.chain(zones).chain(node.provider_id.as_deref().map(Claim::ProviderId)).collect()
}

impl Claim<'_> {
    /// Whether a node in `place` may make this claim.
    pub(super) fn agrees(&self, place: Place<'_>, table: &Table) -> bool {
        match self {
            Self::Region { value, .. } => place.region_agrees(value),
            // Some clouds leave an empty zone; it says nothing.
            Self::Zone { value, .. } => value.is_empty() || place.zone_agrees(value),
            Self::ProviderId(id) => provider_id_agrees(id, place, table),
        }
    }
}

fn provider_id_agrees(id: &str, place: Place<'_>, table: &Table) -> bool {
    let form = place.provider.provider_id_form;
    let Some((scheme, rest)) = id.split_once("://") else {
        // Without a scheme only `<region>.<machine>` is a form that some cloud writes.
        return match id.split_once('.') {
            Some((region, _)) if table.has_dotted_ids() => {
                form == ProviderIdForm::RegionDotMachine && place.region_agrees(region)
            }
            _ => place.provider.provider_id_schemes.is_empty() || form == ProviderIdForm::NoRegion,
        };
    };
    let own_schemes = &place.provider.provider_id_schemes;
    if !own_schemes.iter().any(|own| own == scheme) {
        // A scheme that no listed provider writes is that of a provider without known schemes, if of any.
        return own_schemes.is_empty() && !table.knows_scheme(scheme);
    }
    match form {
        ProviderIdForm::NoRegion => true,
        ProviderIdForm::Zone => {
            let zone = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
            place.zone_agrees(zone)
        }
        ProviderIdForm::RegionDotMachine => {
            rest.split_once('.').is_some_and(|(region, _)| place.region_agrees(region))
        }
    }
}

impl fmt::Display for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region { key, value } | Self::Zone { key, value } => write!(f, "label {key}={value}"),
            Self::ProviderId(id) => write!(f, "providerID `{id}`"),
        }
    }
}
