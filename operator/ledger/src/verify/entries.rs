//! The entries of a log, in their order: what each may say after those before it.

use std::collections::HashMap;

use bund_crds::Moment;
use bytes::Bytes;

pub(crate) use super::finding::entry_place as place;
use super::finding::{CHANGED, Findings, SAID, entry_place};
use super::report::{Finding, Severity};
use super::rules::Rules;
use crate::canonical::is_canonical;
use crate::entry::{Entry, EntryId};
use crate::event::{Event, Kept};
use crate::key::VerifierKey;
use crate::log::Manifest;
use crate::name::ShardName;

/// The keys that sign the checkpoints of a shard from an index on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Period {
    /// The first size of which the checkpoint is signed with these keys.
    pub(crate) from: u64,
    pub(crate) keys: Vec<VerifierKey>,
}

/// Entries that were lost, as somebody accepted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Loss {
    /// The last checkpoint of what was lost, as text.
    pub(crate) lost: String,
    pub(crate) left: u64,
    pub(crate) why: String,
}

/// A shard that was deleted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drop {
    pub(crate) shard: ShardName,
    pub(crate) checkpoint: String,
    pub(crate) at: Moment,
    pub(crate) place: String,
}

/// What the entries of one shard say about the log itself.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) name: ShardName,
    pub(crate) origin: String,
    /// The manifest that follows from the first entry.
    pub(crate) opened: Option<Manifest>,
    pub(crate) entries: u64,
    pub(crate) first: Option<Moment>,
    pub(crate) last: Option<Moment>,
    pub(crate) periods: Vec<Period>,
    pub(crate) next: Option<ShardName>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) drops: Vec<Drop>,
    pub(crate) documents: Vec<(u64, Kept)>,
    /// Until when the last of its entries must be kept.
    pub(crate) retain_until: Option<Moment>,
    pub(crate) findings: Findings,
}

impl Told {
    pub(crate) fn new(name: ShardName, origin: String) -> Self {
        Self {
            name,
            origin,
            opened: None,
            entries: 0,
            first: None,
            last: None,
            periods: Vec::new(),
            next: None,
            losses: Vec::new(),
            drops: Vec::new(),
            documents: Vec::new(),
            retain_until: None,
            findings: Findings::default(),
        }
    }

    /// Every key that the shard names, in the order in which they came.
    pub(crate) fn keys(&self) -> Vec<VerifierKey> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        for key in self.periods.iter().flat_map(|period| &period.keys) {
            if !keys.iter().any(|known| known.is_same_key(key)) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// The keys that sign a tree of this size.
    pub(crate) fn keys_at(&self, size: u64) -> &[VerifierKey] {
        let period = self.periods.iter().rfind(|period| period.from <= size);
        period.map_or(&[], |period| &period.keys)
    }
}

/// Reads the entries of a log in their order.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// The ids of this shard and of the one before it: in them an event is there once.
    ids: HashMap<[u8; 16], (ShardName, u64)>,
    has_begun: bool,
    pub(crate) rules: Rules,
}

/// What a line is, if it is an entry: read before anything is known about its place.
pub(crate) fn read(line: &Bytes) -> Result<Entry, String> {
    let entry = Entry::read(line).map_err(|error| chain(&error))?;
    if is_canonical(line) { Ok(entry) } else { Err("it is not written as RFC 8785 says".to_owned()) }
}

impl Entries {
    /// The next entry of a shard.
    pub(crate) fn take(&mut self, told: &mut Told, index: u64, entry: Result<Entry, String>) {
        let mut wrong = Vec::new();
        match entry {
            Ok(entry) => {
                self.order(told, index, &entry, &mut wrong);
                self.own(told, index, &entry, &mut wrong);
                wrong.extend(self.rules.check(&entry));
            }
            Err(why) => wrong.push((Severity::Tampered, why)),
        }
        told.entries += 1;
        for (severity, what) in wrong {
            let remedy = if severity == Severity::Warning { "look at it" } else { SAID };
            let finding = Finding::new(severity, entry_place(told.name, index), what, remedy);
            told.findings.add(finding.at(told.name, Some(index)));
        }
    }

    /// What follows is of the next shard.
    pub(crate) fn goes_on_after(&mut self, told: &Told) {
        self.ids.retain(|_, (of, _)| *of >= told.name);
        self.has_begun = true;
        self.rules.is_partial |= told.findings.has_tampered();
    }

    fn order(&mut self, told: &mut Told, index: u64, entry: &Entry, wrong: &mut Vec<(Severity, String)>) {
        let mut tampered = |what: String| wrong.push((Severity::Tampered, what));
        let Entry { at, by: _, event, id, retain_until, v: _ } = entry;
        if let Some(last) = told.last.filter(|last| last > at) {
            tampered(format!("it was recorded at {at}, and one before it at {last}"));
        }
        if told.next.is_some() {
            tampered("it comes after the entry that closes the shard".to_owned());
        }
        if *retain_until < entry.least_retained() {
            tampered(format!("it is to be kept until {retain_until}, which is sooner than its kind must be"));
        }
        if let Some((shard, before)) = self.ids.insert(short(id), (told.name, index)) {
            tampered(format!("its id {} is there already, at index {before} of {shard}", id.as_str()));
        }
        if (index == 0) != matches!(event, Event::LogOpened { .. }) {
            tampered("the first entry of a shard opens it, and no other does".to_owned());
        }
        told.first.get_or_insert(*at);
        told.last = Some(*at);
        told.retain_until = told.retain_until.max(Some(*retain_until));
    }

    /// What the log says about itself.
    fn own(&mut self, told: &mut Told, index: u64, entry: &Entry, wrong: &mut Vec<(Severity, String)>) {
        let mut tampered = |what: String| wrong.push((Severity::Tampered, what));
        match &entry.event {
            Event::LogOpened { origin, keys, parent } => {
                if *origin != told.origin {
                    tampered(format!("it opens `{origin}`, and this is `{}`", told.origin));
                }
                told.opened = Manifest::opened(entry.at, origin, keys, parent.as_deref(), told.name);
                if told.opened.is_none() {
                    tampered("it does not open a shard: its origin or its parent cannot be read".to_owned());
                }
                // What a shard that is not here says, nobody can judge.
                self.rules.is_partial |= parent.is_some() && !self.has_begun;
                period(told, 0, keys, &mut tampered);
            }
            Event::KeyRotated { keys, retired } => {
                let before = told.keys_at(index);
                let gone = before.iter().map(|key| key.as_str().to_owned()).filter(|key| !keys.contains(key));
                if !gone.eq(retired.iter().cloned()) {
                    tampered("it does not retire the keys that sign no more".to_owned());
                }
                period(told, index + 1, keys, &mut tampered);
            }
            Event::LogClosed { next } => {
                if *next <= told.name {
                    tampered(format!("it names {next} as the shard that goes on"));
                }
                told.next = Some(*next);
            }
            Event::LossAccepted { lost, left, why } => {
                self.rules.is_partial = true;
                let opened = told.opened.as_mut().filter(|_| index == 1);
                if !opened.is_some_and(|manifest| manifest.accept_loss(lost, *left, why)) {
                    tampered("it is not what the shard begins with".to_owned());
                }
                told.losses.push(Loss { lost: lost.clone(), left: *left, why: why.clone() });
            }
            Event::ShardDropped { shard, checkpoint } => told.drops.push(Drop {
                shard: *shard,
                checkpoint: checkpoint.clone(),
                at: entry.at,
                place: entry_place(told.name, index),
            }),
            Event::Document(kept) => told.documents.push((index, kept.clone())),
            Event::Recorded { .. } | Event::Enforced(_) | Event::Noted { .. } => {}
        }
    }
}

/// Notes which keys sign from a size on.
fn period(told: &mut Told, from: u64, keys: &[String], tampered: &mut impl FnMut(String)) {
    let read: Vec<_> = keys.iter().filter_map(|key| VerifierKey::read(key).ok()).collect();
    if read.is_empty() || read.len() != keys.len() || read.iter().any(|key| key.name() != told.origin) {
        tampered("it names a key that is none of this shard".to_owned());
    }
    told.periods.push(Period { from, keys: read });
}

/// Compares the manifest of a shard with its first entry.
pub(crate) fn compare_manifest(told: &mut Told, path: &str, found: Option<&[u8]>) {
    let expected = told.opened.as_ref().and_then(|manifest| manifest.bytes().ok());
    match (found, expected) {
        (Some(found), Some(expected)) if found == expected => {}
        (None, _) => told.findings.tampered(path, "it is missing", CHANGED),
        (Some(_), None) => {}
        (Some(_), Some(_)) => {
            told.findings.tampered(path, "it does not say what the first entry of the shard says", CHANGED);
        }
    }
}

fn short(id: &EntryId) -> [u8; 16] {
    crate::log::short(id)
}

/// An error with everything that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    crate::log::chain(error)
}
