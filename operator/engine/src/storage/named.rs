//! Whether the places that fields name are inside.

use alloc::{format, string::String, vec::Vec};

use super::{
    Named,
    parameters::PlaceKind,
    place::{Jurisdictions, Stored},
};
use crate::{
    FieldPath, Snapshot,
    cover::{FlowDestination, FlowPlace},
    decide::every_node_inside,
    destination,
    locate::{REGION_KEYS, ZONE_KEYS},
    subject::Labels,
};

pub(super) fn place_inside(place: &Named, inside: Jurisdictions<'_>, snapshot: &Snapshot) -> bool {
    let world = snapshot.world();
    let region = || {
        inside
            .iter()
            .filter_map(|name| world.jurisdiction(name))
            .any(|table| table.lists_region(&place.text, None) || table.node_values().contains(&place.text))
    };
    let zone = || zone_inside(&place.text, inside, snapshot);
    match place.kind {
        PlaceKind::Region => region(),
        PlaceKind::Zone => zone(),
        PlaceKind::RegionOrZone => region() || zone(),
        PlaceKind::Host if is_service(&place.text) => true,
        PlaceKind::Host => inside.iter().any(|name| destination::host_inside(&place.text, name, world)),
        PlaceKind::Url => inside.iter().any(|name| destination::url_inside(&place.text, name, world)),
    }
}

/// Whether a host is a Service of this cluster. Its network is the cluster's own.
fn is_service(host: &str) -> bool {
    let host = host.split_once(['/', ':']).map_or(host, |(host, _)| host);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let named = |labels: &[&str]| labels.iter().all(|label| !label.is_empty());
    match labels.as_slice() {
        [name @ .., "svc"] | [name @ .., "svc", "cluster", "local"] => name.len() >= 2 && named(name),
        _ => false,
    }
}

/// Whether a zone can only be one inside. Where every node is inside, zones may be called anything that no listed
/// provider contradicts.
fn zone_inside(zone: &str, inside: Jurisdictions<'_>, snapshot: &Snapshot) -> bool {
    let world = snapshot.world();
    let uniform = every_node_inside(inside, world);
    inside.iter().filter_map(|name| world.jurisdiction(name)).any(|table| {
        table.zone_inside(zone) || (uniform && table.places().any(|place| place.zone_agrees(zone)))
    })
}

fn told(place: &Named) -> String {
    format!("names {} in {}", place.text, place.field)
}

/// The first of `places` that is not inside, and with it where all of them are that are not.
pub(super) fn named_outside(places: &[Named], inside: Jurisdictions<'_>, snapshot: &Snapshot) -> Stored {
    let outside = || places.iter().filter(|place| !place_inside(place, inside, snapshot));
    outside().next().map_or(Stored::Inside, |first| {
        let all: FlowDestination =
            outside().map(|place| FlowPlace::Storage(place.kind, place.text.clone())).collect();
        Stored::outside(first.field.clone(), first.text.as_ref(), told(first), all)
    })
}

/// The places that a volume's labels name, as some drivers and old clouds write them.
pub(super) fn places_of_labels(labels: &Labels) -> Vec<Named> {
    let at = FieldPath::of("metadata.labels");
    let of = |keys: &'static [&'static str], kind| {
        let at = at.clone();
        keys.iter().filter_map(move |key| labels_entry(labels, key, kind, &at))
    };
    of(&REGION_KEYS, PlaceKind::Region).chain(of(&ZONE_KEYS, PlaceKind::Zone)).flatten().collect()
}

/// A label may list zones, with two underlines between them.
fn labels_entry(labels: &Labels, key: &str, kind: PlaceKind, at: &FieldPath) -> Option<Vec<Named>> {
    let value = labels.get(key)?;
    let texts = value.split("__").filter(|text| !text.is_empty());
    Some(texts.map(|text| Named { field: at.key(key), kind, text: text.into() }).collect())
}
