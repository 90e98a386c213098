//! Marking what classified data was written to, so that it holds its class when nothing else tells any more.
//!
//! Who writes may be gone tomorrow, and so may the claim of a volume or the source of a copy. So everything that
//! holds a class by what others are now gets the class as a label of its own, which stays.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::labels::DATA_CLASS_PREFIX;
use serde_json::{Value, json};

use crate::{
    Classification, FieldPath, HeldClass, Provenance, Snapshot, Subject,
    classify::{Classifier, Holder, PodId},
    snapshot::{CarrierFacts, CarrierId, CarrierKind, Enrolment},
    subject::Role,
};

/// What a carrier is to be marked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The carrier.
    pub carrier: CarrierId,
    /// Every class that we mark it with, those that it is marked with already included, with how it came there.
    pub classes: BTreeMap<HeldClass, String>,
}

/// Most characters that tell how a class came there.
const MARK_LENGTH: usize = 256;

/// Every carrier that lacks the label of a class that it holds, in order. Only volumes, claims and snapshots are
/// marked, and in namespaces only where they are guarded.
pub fn stamps(snapshot: &Snapshot) -> Vec<Stamp> {
    snapshot.carriers().filter_map(|(id, facts)| stamp(id, facts, snapshot)).collect()
}

/// The stamp that the carrier `id` lacks, if it is there and lacks one.
pub fn stamp_of(id: &CarrierId, snapshot: &Snapshot) -> Option<Stamp> {
    stamp(id, snapshot.carrier(id)?, snapshot)
}

fn stamp(id: &CarrierId, facts: &CarrierFacts, snapshot: &Snapshot) -> Option<Stamp> {
    if !is_to_be_marked(id, snapshot) {
        return None;
    }
    let namespace = id.namespace.as_deref();
    let held = Classifier::new(snapshot, namespace.unwrap_or_default())
        .of(Holder::Carrier(id.clone()))
        .carrier(id, facts);
    let missing = missing(&held, facts);
    if missing.is_empty() {
        return None;
    }
    let marked = facts.marked.iter().filter(|(class, _)| facts.labels.attach(class));
    let mut classes: BTreeMap<HeldClass, String> =
        marked.map(|(class, how)| (class.as_ref().into(), how.to_string())).collect();
    classes.extend(missing);
    Some(Stamp { carrier: id.clone(), classes })
}

/// What a carrier is to be marked with as it comes to be: nobody can take away what it is a copy of before it says what
/// it holds.
pub(crate) fn marks(
    subject: &Subject,
    classes: &Classification,
    snapshot: &Snapshot,
) -> BTreeMap<HeldClass, String> {
    let Role::Carrier(kind) = subject.role else { return BTreeMap::new() };
    match &subject.carrier {
        Some(facts) if is_to_be_marked(&CarrierId::of(kind, &subject.id), snapshot) => {
            missing(classes, facts)
        }
        Some(_) | None => BTreeMap::new(),
    }
}

/// The change that marks `object`, as a JSON patch (RFC 6902). It is the same however often it is applied.
pub fn json_patch(object: &Value, marks: &BTreeMap<HeldClass, String>) -> Value {
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let mut changes = Vec::new();
    for member in ["labels", "annotations"] {
        let mut entries = metadata.get(member).and_then(Value::as_object).cloned().unwrap_or_default();
        for (class, how) in marks {
            let text = if member == "labels" { "" } else { how.as_str() };
            entries.insert(format!("{DATA_CLASS_PREFIX}{class}"), text.into());
        }
        changes.push(json!({ "op": "add", "path": format!("/metadata/{member}"), "value": entries }));
    }
    Value::Array(changes)
}

/// The classes that are held and that no label says, with how they came.
fn missing(held: &Classification, facts: &CarrierFacts) -> BTreeMap<HeldClass, String> {
    held.iter()
        .filter(|(class, _)| !facts.labels.attach(class.as_str()) && is_label_name(class.as_str()))
        .map(|(class, ways)| (class.clone(), ways.first().map(told).unwrap_or_default()))
        .collect()
}

/// Whether a carrier is one that is marked: of cluster scope, or in a guarded namespace.
fn is_to_be_marked(id: &CarrierId, snapshot: &Snapshot) -> bool {
    let guarded = |name: &str| snapshot.enrolment(name) == Enrolment::Guarded;
    is_marked(id.kind) && id.namespace.as_deref().is_none_or(guarded)
}

/// Whether carriers of this kind are marked: those that data is written to.
fn is_marked(kind: CarrierKind) -> bool {
    match kind {
        CarrierKind::PersistentVolumeClaim
        | CarrierKind::PersistentVolume
        | CarrierKind::VolumeSnapshot
        | CarrierKind::VolumeSnapshotContent => true,
        CarrierKind::Secret | CarrierKind::ConfigMap | CarrierKind::ServiceAccount => false,
    }
}

/// A class came from a label's name, so it can be one; this keeps a mistake from failing the whole mark.
fn is_label_name(class: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !class.is_empty() && class.len() <= 63 && class.bytes().all(inner)
}

/// How a class came to a carrier, for whoever reads it when all else is gone.
fn told(way: &Provenance) -> String {
    let text = match way {
        Provenance::Carrier { path, field: _, mark } => {
            let hops: Vec<String> = path.iter().map(hop).collect();
            let marked = mark.as_ref().map(|mark| format!(" ({mark})")).unwrap_or_default();
            format!("{}{marked}", hops.join(", "))
        }
        Provenance::Label { field } if *field == FieldPath::root() => "label".to_string(),
        Provenance::Label { .. }
        | Provenance::Namespace { .. }
        | Provenance::Selector { .. }
        | Provenance::Enrolled { .. }
        | Provenance::Pod { .. } => way.to_string(),
    };
    text.chars().take(MARK_LENGTH).collect()
}

fn hop(holder: &Holder) -> String {
    match holder {
        Holder::Pod(PodId { namespace, name, .. }) => format!("written by Pod {namespace}/{name}"),
        Holder::Carrier(CarrierId { kind, namespace, name }) => {
            let namespace: Box<str> =
                namespace.as_ref().map(|namespace| format!("{namespace}/").into()).unwrap_or_default();
            format!("from {} {namespace}{name}", kind.as_str())
        }
    }
}
