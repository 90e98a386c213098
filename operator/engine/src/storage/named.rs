//! Whether the places that fields name are inside.

use alloc::{format, string::String, vec::Vec};

use super::{
    Named,
    parameters::PlaceKind,
    place::{Jurisdictions, Stored},
};
use crate::{
    FieldPath, Location, Snapshot,
    address::{Host, Unclear},
    cover::{FlowDestination, FlowPlace},
    decide::every_node_inside,
    locate::{REGION_KEYS, ZONE_KEYS, first_inside, locate_host, locate_service, named_service},
    snapshot::{Leads, World},
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
        PlaceKind::Host | PlaceKind::Url => host_inside(place, inside, snapshot),
    }
}

fn host_location(place: &Named, inside: Jurisdictions<'_>, world: &World) -> Location {
    first_inside(inside.iter().map(|name| locate_host(host(place), name, world)))
}

fn host(place: &Named) -> Result<Host, Unclear> {
    if place.kind == PlaceKind::Url { Host::of_url(&place.text) } else { Host::of(&place.text) }
}

/// Whether a host is inside. The network of a Service of this cluster is the cluster's own, unless it is known to lead to
/// another name.
fn host_inside(place: &Named, inside: Jurisdictions<'_>, snapshot: &Snapshot) -> bool {
    let named = host(place);
    let service = named.as_ref().ok().and_then(Host::name).and_then(named_service);
    match service {
        Some((namespace, name)) => {
            let leads = snapshot.service(namespace, name).map(|service| &service.leads);
            !matches!(leads, Some(Leads::ToName(_)))
                || locate_service(namespace, name, inside, snapshot).is_inside()
        }
        None => host_location(place, inside, snapshot.world()).is_inside(),
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

/// What is told of a place that is not inside. Of an address, or of what may be read in two ways, also why: its text
/// alone does not show it.
fn told(place: &Named, inside: Jurisdictions<'_>, world: &World) -> String {
    let named = format!("names {} in {}", place.text, place.field);
    let is_host = matches!(place.kind, PlaceKind::Host | PlaceKind::Url);
    if !is_host || matches!(host(place), Ok(Host::Name(_))) {
        return named;
    }
    match host_location(place, inside, world) {
        Location::Unknown(why) => format!("{named} ({why})"),
        Location::Inside | Location::Outside(_) => named,
    }
}

/// The first of `places` that is not inside, and with it where all of them are that are not.
pub(super) fn named_outside(places: &[Named], inside: Jurisdictions<'_>, snapshot: &Snapshot) -> Stored {
    let outside = || places.iter().filter(|place| !place_inside(place, inside, snapshot));
    outside().next().map_or(Stored::Inside, |first| {
        let all: FlowDestination =
            outside().map(|place| FlowPlace::Storage(place.kind, place.text.clone())).collect();
        Stored::outside(first.field.clone(), first.text.as_ref(), told(first, inside, snapshot.world()), all)
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
