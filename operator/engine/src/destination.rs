//! Places that objects of other kinds name, and where they are.

use alloc::{borrow::ToOwned, boxed::Box, collections::BTreeSet, string::ToString, vec::Vec};

use bund_crds::{
    JurisdictionName, ProviderName,
    destination_mapping::{DestinationType, MappedDestination},
};
use serde_json::Value;

use crate::{
    FieldPath, Location, Snapshot,
    address::{self, Host},
    locate::{first_inside, locate_called, locate_host, locate_network},
    snapshot::World,
    subject::Reader,
};

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

/// Where the destination is, as far as the jurisdiction is concerned. What is not certain is outside.
pub fn locate(destination: &Destination, jurisdiction: &JurisdictionName, world: &World) -> Location {
    let text = destination.text.as_ref();
    match destination.kind {
        DestinationType::Region => {
            let table = world.jurisdiction(jurisdiction);
            if table.is_some_and(|table| table.lists_region(text, destination.provider.as_ref())) {
                Location::Inside
            } else {
                Location::Outside(text.to_owned())
            }
        }
        DestinationType::Host | DestinationType::Registry => locate_host(Host::of(text), jurisdiction, world),
        DestinationType::Url => locate_host(Host::of_url(text), jurisdiction, world),
        DestinationType::Cidr => match address::network(text) {
            Ok(network) => locate_network(network, jurisdiction, world),
            Err(unclear) => Location::Unknown(unclear.to_string()),
        },
        DestinationType::Bucket => Location::Unknown("the name of a bucket tells no place".to_owned()),
    }
}

/// Where the destination that an object of `namespace` names is, as far as any of `jurisdictions` is concerned: inside if
/// it is inside one of them. The name of a Service of this cluster means that Service.
pub fn locate_in_any(
    destination: &Destination,
    namespace: &str,
    jurisdictions: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
) -> Location {
    let text = destination.text.as_ref();
    let called = |host| locate_called(&host, Some(namespace), jurisdictions, snapshot);
    match destination.kind {
        DestinationType::Host | DestinationType::Registry => called(Host::of(text)),
        DestinationType::Url => called(Host::of_url(text)),
        DestinationType::Region | DestinationType::Cidr | DestinationType::Bucket => {
            first_inside(jurisdictions.iter().map(|name| locate(destination, name, snapshot.world())))
        }
    }
}

/// The host that a text of this kind names.
pub(crate) fn host(kind: DestinationType, text: &str) -> Option<Host> {
    match kind {
        DestinationType::Host | DestinationType::Registry => Host::of(text).ok(),
        DestinationType::Url => Host::of_url(text).ok(),
        DestinationType::Region | DestinationType::Cidr | DestinationType::Bucket => None,
    }
}
