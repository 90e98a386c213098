//! Whether somebody else changed what we registered, and who. (pure)

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{DynamicObject, PartialObjectMeta};
use kube::runtime::watcher::Event;

use super::FIELD_MANAGER;

/// An object by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: &'static str,
    pub(super) name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name } = self;
        write!(f, "{kind} {name}")
    }
}

/// One state of an object, as far as its metadata tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    uid: String,
    /// Tells one state from another, nothing else.
    version: String,
    /// Grows with every change of what the object asks for.
    generation: i64,
}

impl State {
    pub(super) fn of(metadata: &ObjectMeta) -> Self {
        Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            version: metadata.resource_version.clone().unwrap_or_default(),
            generation: metadata.generation.unwrap_or_default(),
        }
    }
}

/// What became of an object in other hands than ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// It said something else than we had written.
    Changed,
    /// It was gone.
    Deleted,
}

impl Damage {
    /// As a word of a metric, of a log line or of the name of an event.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }

    /// What was done, and by which field manager where that can be known: `changed by field manager helm`.
    pub(crate) fn told(self, by: Option<&str>) -> String {
        match (self, by) {
            (Self::Changed, Some(manager)) => format!("{} by field manager {manager}", self.as_str()),
            (Self::Changed | Self::Deleted, _) => self.as_str().to_owned(),
        }
    }
}

/// A field manager in a log line.
pub(crate) fn manager(by: Option<&str>) -> &str {
    by.unwrap_or("not known; the audit log of the API server names who it was")
}

/// An object that is not as we left it, as far as can be seen before it is written again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Suspect {
    /// As it was seen; `None` where it was not there.
    seen: Option<State>,
    /// The field manager that wrote it last, if that was not us.
    by: Option<String>,
}

/// A damage that was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drift {
    pub(super) key: Key,
    pub(super) damage: Damage,
    /// The field manager that did it, where that can be known.
    pub(super) by: Option<String>,
}

/// What we wrote, and what we saw of it since.
#[derive(Debug, Default)]
pub(super) struct Registered {
    written: BTreeMap<Key, State>,
    suspects: BTreeMap<Key, Suspect>,
    /// Objects under our field manager that we have not written since we lead.
    strays: BTreeSet<Key>,
    /// Objects that a list has shown so far, while it is not over.
    listed: BTreeSet<Key>,
}

type Seen = Event<PartialObjectMeta<DynamicObject>>;

impl Registered {
    /// Takes in what the watch of objects of one kind shows: of `name`, or of every one.
    pub(super) fn see(&mut self, kind: &'static str, name: Option<&str>, event: &Seen) {
        let watched = |key: &Key| key.kind == kind && name.is_none_or(|name| key.name == name);
        match event {
            Event::Init => self.listed.retain(|key| !watched(key)),
            Event::InitApply(object) => {
                let key = key(kind, &object.metadata);
                self.look(key.clone(), &object.metadata);
                self.listed.insert(key);
            }
            Event::InitDone => {
                let gone = self.written.keys().filter(|key| watched(key) && !self.listed.contains(*key));
                for key in gone.cloned().collect::<Vec<_>>() {
                    self.suspects.insert(key, Suspect { seen: None, by: None });
                }
                self.listed.retain(|key| !watched(key));
            }
            Event::Apply(object) => self.look(key(kind, &object.metadata), &object.metadata),
            Event::Delete(object) => {
                let key = key(kind, &object.metadata);
                self.strays.remove(&key);
                if self.written.contains_key(&key) {
                    self.suspects.insert(key, Suspect { seen: None, by: None });
                }
            }
        }
    }

    fn look(&mut self, key: Key, metadata: &ObjectMeta) {
        let seen = State::of(metadata);
        match self.written.get(&key) {
            // An event that is older than our own last write tells nothing.
            Some(written) if seen == *written || is_older(&seen, written) => {}
            Some(_) => {
                self.suspects.insert(key, Suspect { seen: Some(seen), by: last_writer(metadata) });
            }
            None if is_ours(metadata) => {
                self.strays.insert(key);
            }
            None => {}
        }
    }

    /// Whether something is to be written or deleted again.
    pub(super) fn is_troubled(&self) -> bool {
        !self.suspects.is_empty() || !self.strays.is_empty()
    }

    /// Whether this object is to be written, although we want nothing else of it than before.
    pub(super) fn is_suspect(&self, key: &Key) -> bool {
        self.suspects.contains_key(key) || !self.written.contains_key(key)
    }

    /// Objects under our field manager that are none of `wanted`.
    pub(super) fn unwanted(&self, wanted: &BTreeSet<Key>) -> Vec<Key> {
        let known = self.written.keys().chain(&self.strays);
        let unwanted: BTreeSet<_> = known.filter(|key| !wanted.contains(key)).cloned().collect();
        unwanted.into_iter().collect()
    }

    /// Takes in that an object was written, and tells what had become of it before.
    pub(super) fn wrote(&mut self, key: Key, metadata: &ObjectMeta) -> Option<Drift> {
        let now = State::of(metadata);
        self.strays.remove(&key);
        let suspect = self.suspects.remove(&key);
        let before = self.written.insert(key.clone(), now.clone());
        let Suspect { seen, by } = suspect?;
        let before = before?;
        let damage = if before.uid != now.uid {
            Damage::Deleted
        } else if seen.is_some_and(|seen| seen.uid == now.uid && seen.generation < now.generation) {
            Damage::Changed
        } else {
            // Somebody added what is not ours, or wrote a status.
            return None;
        };
        Some(Drift { key, damage, by: by.filter(|_| damage == Damage::Changed) })
    }

    /// Takes in that an object was deleted by us.
    pub(super) fn removed(&mut self, key: &Key) {
        self.written.remove(key);
        self.suspects.remove(key);
        self.strays.remove(key);
    }
}

fn key(kind: &'static str, metadata: &ObjectMeta) -> Key {
    Key { kind, name: metadata.name.clone().unwrap_or_default() }
}

fn is_older(seen: &State, written: &State) -> bool {
    seen.uid == written.uid && seen.generation < written.generation
}

/// Whether we wrote the object, now or in an earlier life.
fn is_ours(metadata: &ObjectMeta) -> bool {
    metadata.managed_fields.iter().flatten().any(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER))
}

/// The field manager that wrote last what the object asks for, if that was not us.
fn last_writer(metadata: &ObjectMeta) -> Option<String> {
    let entries = metadata.managed_fields.iter().flatten();
    let others = entries.filter(|entry| {
        entry.subresource.is_none()
            && entry.manager.as_deref().is_some_and(|manager| manager != FIELD_MANAGER)
    });
    others.max_by_key(|entry| entry.time.as_ref().map(|time| time.0)).and_then(|entry| entry.manager.clone())
}

#[cfg(test)]
mod tests;
