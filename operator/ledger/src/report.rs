//! The report that people read: one HTML file that needs nothing else, obeys nothing that stands in an entry, and prints.
//!
//! It is a function of the entries, of manifests and checkpoints, and of the language, and reads no clock: whoever verifies an
//! export makes it again and compares the bytes.

mod bounded;
mod describe;
mod enforcement;
mod language;
mod markup;
mod page;
mod transfer;

use bund_crds::Moment;
use bund_crds::ledger_event::{LedgerEventSpec, RecordedObject};

pub use language::Language;

use crate::checkpoint::SignedCheckpoint;
use crate::entry::Entry;
use crate::event::{Event, Kept};
use crate::key::VerifierKey;
use crate::log::Manifest;
use crate::name::{LogName, ShardName};
use bounded::Bounded;
use enforcement::Enforcements;
use transfer::Transfers;

/// As many rows as the longest table has.
const MOST: usize = 5000;

/// A report in the making: give it each shard with its entries, in their order.
///
/// What it keeps in mind grows with transfers and with what was enforced where, not with entries.
#[derive(Clone, Debug)]
pub struct Report {
    language: Language,
    name: LogName,
    shards: Vec<Part>,
    entries: u64,
    times: Option<(Moment, Moment)>,
    transfers: Transfers,
    weakened: Bounded<Weakened>,
    enforcements: Enforcements,
    documents: Bounded<(Place, Kept)>,
    notes: Bounded<Note>,
    remarks: Vec<Remark>,
    rows: Bounded<Row>,
}

/// A shard, and how much of it is told of.
#[derive(Clone, Debug)]
struct Part {
    name: ShardName,
    manifest: Manifest,
    checkpoint: SignedCheckpoint,
    /// The keys that signed so far.
    keys: Vec<String>,
    given: u64,
}

impl Part {
    /// The keys that signed the checkpoint, as far as they are known. Whoever wrote a manifest named its keys; here they have the
    /// name of the shard, so that a command with one in it is no other command.
    fn signers(&self) -> Vec<String> {
        let origin = self.manifest.name.origin(self.name);
        let keys = self.keys.iter().filter_map(|key| VerifierKey::read(key).ok()?.of_shard(&origin).ok());
        let signed = |key: &VerifierKey| {
            SignedCheckpoint::open(&self.checkpoint.text, &origin, std::slice::from_ref(key)).is_ok()
        };
        keys.filter(signed).map(|key| key.as_str().to_owned()).collect()
    }

    fn is_whole(&self) -> bool {
        self.given == self.checkpoint.size
    }
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    shard: ShardName,
    index: u64,
    /// Whether the appendix lists it.
    is_listed: bool,
}

/// Something that protects less than before.
#[derive(Clone, Debug)]
struct Weakened {
    place: Place,
    event: String,
    spec: LedgerEventSpec,
}

/// What somebody noted.
#[derive(Clone, Debug)]
struct Note {
    place: Place,
    at: Moment,
    by: String,
    text: String,
    about: Option<String>,
}

/// What readers should look at first.
#[derive(Clone, Debug)]
enum Remark {
    Loss { shard: ShardName, left: u64, why: String },
    Keys { shard: ShardName },
    Dropped { shard: ShardName },
}

/// A row of the appendix.
#[derive(Clone, Debug)]
struct Row {
    place: Place,
    at: Moment,
    event: String,
    text: String,
    by: String,
}

impl Report {
    /// A report of a log, so far about nothing.
    pub fn new(name: LogName, language: Language) -> Self {
        Self {
            language,
            name,
            shards: Vec::new(),
            entries: 0,
            times: None,
            transfers: Transfers::default(),
            weakened: Bounded::new(MOST),
            enforcements: Enforcements::default(),
            documents: Bounded::new(MOST),
            notes: Bounded::new(MOST),
            remarks: Vec::new(),
            rows: Bounded::new(MOST),
        }
    }

    /// The entries that follow are of this shard.
    pub fn shard(&mut self, name: ShardName, manifest: &Manifest, checkpoint: &SignedCheckpoint) {
        let (manifest, checkpoint, keys) = (manifest.clone(), checkpoint.clone(), manifest.keys.clone());
        self.shards.push(Part { name, manifest, checkpoint, keys, given: 0 });
    }

    /// The next entry of the shard. Entries that are left out are counted as hashes only.
    pub fn entry(&mut self, index: u64, entry: &Entry) {
        let Some(part) = self.shards.last_mut() else { return };
        part.given += 1;
        let place = Place { shard: part.name, index, is_listed: self.rows.has_room() };
        self.entries += 1;
        self.times = Some((self.times.map_or(entry.at, |(first, _)| first), entry.at));
        self.rows.push(Row {
            place,
            at: entry.at,
            event: describe::code(&entry.event),
            text: describe::text(&entry.event, self.language),
            by: entry.by.clone(),
        });
        self.event(place, entry);
    }

    fn event(&mut self, place: Place, entry: &Entry) {
        let shard = place.shard;
        match &entry.event {
            Event::LossAccepted { lost: _, left, why } => {
                self.remarks.push(Remark::Loss { shard, left: *left, why: why.clone() });
            }
            Event::KeyRotated { keys, .. } => {
                self.remarks.push(Remark::Keys { shard });
                if let Some(part) = self.shards.last_mut() {
                    let new = keys.iter().filter(|key| !part.keys.contains(key)).cloned();
                    let new: Vec<_> = new.collect();
                    part.keys.extend(new);
                }
            }
            Event::ShardDropped { shard, .. } => self.remarks.push(Remark::Dropped { shard: *shard }),
            Event::Recorded { spec, .. } if spec.transfer.is_some() => self.transfers.take(place, spec),
            Event::Recorded { spec, .. } => {
                let event = describe::code(&entry.event);
                self.weakened.push(Weakened { place, event, spec: (**spec).clone() });
            }
            Event::Enforced(enforcement) => self.enforcements.take(enforcement),
            Event::Document(kept) => self.documents.push((place, kept.clone())),
            Event::Noted { text, about } => self.notes.push(Note {
                place,
                at: entry.at,
                by: entry.by.clone(),
                text: text.clone(),
                about: about.clone(),
            }),
            Event::LogOpened { .. } | Event::LogClosed { .. } => {}
        }
    }

    /// The page.
    pub fn html(&self) -> String {
        page::render(self)
    }
}

/// The kind, namespace and name of an object, in one.
fn object(object: &RecordedObject) -> String {
    let RecordedObject { kind, namespace, name, by: _ } = object;
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}
