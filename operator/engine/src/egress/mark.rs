//! The labels by which network policies tell pods apart.
//!
//! A mark names a set of classes. Two sets never have one mark: whatever could be read as another set's text is written as
//! a digest.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{
    Mode, Uid,
    cross_border_transfer::{Destination, Place},
    labels::{EGRESS_HOLDS, EGRESS_PREFIX, EGRESS_TRANSFER_PREFIX},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Holds,
    closing::{Closing, classes_of, is_alike},
};
use crate::{
    Classification, HeldClass, Snapshot, Subject, Timestamp,
    cover::{in_effect, sources_of},
    hexadecimal::hexadecimal,
    snapshot::{DEFAULT_NAMESPACE, TransferFacts},
};

/// The mark of a pod that holds nothing that must not leave.
const NOTHING: &str = "nothing";
/// How the digest of a set begins.
const DIGEST: &str = "sha256-";
/// How many hexadecimal digits of a digest tell sets apart.
const DIGITS: usize = 40;
/// The longest value of a label.
const LONGEST: usize = 63;

impl Holds {
    /// The value of the label [`EGRESS_HOLDS`]: the names of the classes in order, joined by dots, where that fits and can
    /// be read in one way only; otherwise a digest of them.
    pub fn label(&self) -> String {
        if self.0.is_empty() {
            return NOTHING.to_owned();
        }
        let names: Vec<&str> = self.0.iter().map(HeldClass::as_str).collect();
        let text = names.join(".");
        let plain = names.iter().all(|name| !name.contains('.') && is_label_value(name));
        if plain && text.len() <= LONGEST && text != NOTHING && !text.starts_with(DIGEST) {
            return text;
        }
        // No name of a label has a slash.
        format!("{DIGEST}{}", digest(&names.join("/")))
    }

    /// Whether pods that hold `other` may receive what pods with this set send.
    pub(super) fn is_held_by(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }
}

/// The first digits of a SHA-256.
pub(super) fn digest(text: &str) -> String {
    hexadecimal(Sha256::digest(text.as_bytes()).iter().take(DIGITS / 2))
}

/// Whether a text may be the value of a label, and is not empty.
fn is_label_value(text: &str) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    bytes.len() <= LONGEST && ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(inner)
}

/// The key of the label that marks the sources of the transfer with this uid.
pub fn transfer_mark(uid: &Uid) -> String {
    transfer_key(uid.as_str())
}

pub(super) fn transfer_key(uid: &str) -> String {
    if uid.len() <= LONGEST {
        format!("{EGRESS_TRANSFER_PREFIX}{uid}")
    } else {
        format!("{EGRESS_TRANSFER_PREFIX}{DIGEST}{}", digest(uid))
    }
}

/// Whether a label is one that Bund alone writes.
pub(crate) fn is_mark(key: &str) -> bool {
    [EGRESS_PREFIX, EGRESS_TRANSFER_PREFIX].iter().any(|prefix| key.starts_with(prefix))
}

/// What a pod holds that must not leave by network; `None` where its namespace is not closed.
pub fn holds(pod: &Subject, snapshot: &Snapshot) -> Option<Holds> {
    holds_of(pod, &classes_of(pod, namespace_of(pod), snapshot), snapshot)
}

/// Tells the marks of many pods at one moment. Asked in order of namespace it looks at each namespace once, not once for each
/// of its pods.
#[derive(Debug)]
pub struct Marker<'s> {
    snapshot: &'s Snapshot,
    now: Timestamp,
    here: Option<Here<'s>>,
}

/// What the pods of one namespace have in common.
#[derive(Debug)]
struct Here<'s> {
    namespace: &'s str,
    /// What may close it.
    closing: Option<Closing<'s>>,
    /// Whether something in it closes it, once that was asked for.
    closed: Option<bool>,
    transfers: Vec<(&'s TransferFacts, &'s Uid)>,
    /// The last pod and what it holds: those of one workload lie side by side.
    last: Option<(&'s Subject, Classification)>,
}

impl<'s> Marker<'s> {
    /// Marks as they are to be at `now`.
    pub fn new(snapshot: &'s Snapshot, now: Timestamp) -> Self {
        Self { snapshot, now, here: None }
    }

    /// The labels that a pod is to carry, those of Bund's own alone. None where its namespace is not closed.
    pub fn marks(&mut self, pod: &'s Subject) -> BTreeMap<String, String> {
        let (snapshot, namespace) = (self.snapshot, namespace_of(pod));
        let here = self.here.take().filter(|here| here.namespace == namespace);
        let here = self.here.insert(here.unwrap_or_else(|| Here::of(namespace, snapshot, self.now)));
        let Some(closing) = &here.closing else { return BTreeMap::new() };
        let last = here.last.take().filter(|(last, _)| is_alike(last, pod));
        let classes = last.map_or_else(|| classes_of(pod, namespace, snapshot), |(_, classes)| classes);
        let (_, classes) = here.last.insert((pod, classes));
        let holds = closing.holds(classes, Mode::Deny);
        // The pod itself closes its namespace, if nothing else does.
        if holds.0.is_empty() && !*here.closed.get_or_insert_with(|| closing.is_closed()) {
            return BTreeMap::new();
        }
        honest(&holds, covering(pod, classes, here.transfers.iter().copied(), snapshot))
    }
}

impl<'s> Here<'s> {
    fn of(namespace: &'s str, snapshot: &'s Snapshot, now: Timestamp) -> Self {
        let closing = Closing::in_namespace(namespace, snapshot);
        let transfers = open_transfers(namespace, snapshot, now).collect();
        Self { namespace, closing, closed: None, transfers, last: None }
    }
}

fn holds_of(pod: &Subject, classes: &Classification, snapshot: &Snapshot) -> Option<Holds> {
    let closing = Closing::in_namespace(namespace_of(pod), snapshot)?;
    let holds = closing.holds(classes, Mode::Deny);
    // The pod itself closes its namespace, if nothing else does.
    (!holds.0.is_empty() || closing.is_closed()).then_some(holds)
}

fn namespace_of(pod: &Subject) -> &str {
    pod.id.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
}

/// The labels that one pod is to carry, as [`Marker`] tells them of many.
pub fn marks(pod: &Subject, snapshot: &Snapshot, now: Timestamp) -> BTreeMap<String, String> {
    Marker::new(snapshot, now).marks(pod)
}

/// Of the labels that a pod which holds `classes` is to carry those that it does not.
pub(crate) fn marks_to_write(
    pod: &Subject,
    classes: &Classification,
    snapshot: &Snapshot,
    now: Timestamp,
) -> BTreeMap<String, String> {
    if holds_of(pod, classes, snapshot).is_none() {
        return BTreeMap::new();
    }
    let mut marks = honest_marks(pod, classes, snapshot, now);
    marks.retain(|key, value| pod.labels.get(key) != Some(value.as_str()));
    marks
}

/// The change that labels `pod`, as a JSON patch (RFC 6902). It is the same however often it is applied.
pub fn json_patch(pod: &Value, labels: &BTreeMap<String, String>) -> Value {
    let known = pod.get("metadata").and_then(|metadata| metadata.get("labels")).and_then(Value::as_object);
    let mut all = known.cloned().unwrap_or_default();
    all.extend(labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))));
    json!([{ "op": "add", "path": "/metadata/labels", "value": all }])
}

/// What marks may say of a pod that holds `classes`, whether or not its namespace is closed at the moment.
pub(crate) fn honest_marks(
    pod: &Subject,
    classes: &Classification,
    snapshot: &Snapshot,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let namespace = namespace_of(pod);
    let Some(closing) = Closing::in_namespace(namespace, snapshot) else { return BTreeMap::new() };
    let open = open_transfers(namespace, snapshot, now);
    honest(&closing.holds(classes, Mode::Deny), covering(pod, classes, open, snapshot))
}

fn honest<'s>(holds: &Holds, transfers: impl Iterator<Item = &'s Uid>) -> BTreeMap<String, String> {
    let mut marks = BTreeMap::from([(EGRESS_HOLDS.to_owned(), holds.label())]);
    marks.extend(transfers.map(|uid| (transfer_mark(uid), String::new())));
    marks
}

/// The uids of the transfers in effect whose networks are open to a pod, or to those that will be made of a template.
pub fn transfers_of<'s>(subject: &Subject, snapshot: &'s Snapshot, now: Timestamp) -> Vec<&'s Uid> {
    let namespace = namespace_of(subject);
    let classes = classes_of(subject, namespace, snapshot);
    covering(subject, &classes, open_transfers(namespace, snapshot, now), snapshot).collect()
}

/// Of the transfers that are `open` those that cover a subject: as everywhere, all of what it holds, or nothing.
fn covering<'a, 's: 'a>(
    subject: &'a Subject,
    classes: &'a Classification,
    open: impl Iterator<Item = (&'s TransferFacts, &'s Uid)> + 'a,
    snapshot: &'s Snapshot,
) -> impl Iterator<Item = &'s Uid> + 'a {
    let declares = move |transfer: &TransferFacts| {
        let listed = &transfer.spec.data_classes;
        classes.keys().all(|class| listed.iter().any(|listed| listed.as_str() == class.as_str()))
    };
    open.filter(move |(transfer, _)| {
        declares(transfer) && !sources_of(subject, transfer, snapshot).is_empty()
    })
    .map(|(_, uid)| uid)
}

/// Whether a mark tells of fewer classes than the pod holds, in plain words: so it is where something that holds more
/// was added to the pod after it was marked.
pub(crate) fn claims_less(
    key: &str,
    value: &str,
    pod: &Subject,
    classes: &Classification,
    snapshot: &Snapshot,
) -> bool {
    let Some(closing) = Closing::in_namespace(namespace_of(pod), snapshot) else { return false };
    let Holds(held) = closing.holds(classes, Mode::Deny);
    key == EGRESS_HOLDS && (value == NOTHING || value.split('.').all(|name| held.contains(name)))
}

/// The transfers of a namespace that are in effect and name networks, with their uids.
pub(super) fn open_transfers<'s>(
    namespace: &str,
    snapshot: &'s Snapshot,
    now: Timestamp,
) -> impl Iterator<Item = (&'s TransferFacts, &'s Uid)> {
    let here = snapshot.transfers().transfers_in(namespace);
    here.filter(move |transfer| names_network(transfer) && in_effect(transfer, snapshot, now).is_some())
        .filter_map(|transfer| Some((transfer, transfer.uid.as_ref()?)))
}

fn names_network(transfer: &TransferFacts) -> bool {
    let mut places = transfer.spec.destinations.iter().filter_map(Destination::place);
    places.any(|place| matches!(place, Place::Network(..)))
}

/// A name for an object that holds `text`: as it is where it may be part of a name, otherwise its digest.
pub(super) fn in_name(text: &str) -> Box<str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let part = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-');
    if text.len() <= LONGEST && text.bytes().all(plain) && text.split('.').all(part) {
        text.into()
    } else {
        format!("{DIGEST}{}", digest(text)).into()
    }
}

impl core::fmt::Display for Holds {
    /// As a list for people.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(if names.is_empty() { NOTHING } else { "" })?;
        f.write_str(&names.join(", "))
    }
}
