//! Databases in files that others put in their place.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bund_engine::Timestamp;
use bund_engine::snapshot::DatabaseState;
use jiff::SignedDuration;

use crate::quorum::states;
use crate::{Database, Digest, Member, Quorum, file};

/// Where a database is, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its file.
    pub path: PathBuf,
    /// What it must be, byte by byte. Left out: any database.
    pub sha256: Option<Digest>,
    /// How old it may be.
    pub max_age: SignedDuration,
}

/// The latest of each of some databases. A file that is no good takes the place of none.
#[derive(Debug)]
pub struct Library {
    shelves: Vec<Shelf>,
    told: Option<Vec<DatabaseState>>,
}

/// One database and what is known of its file.
#[derive(Debug)]
struct Shelf {
    source: Source,
    /// The file that was read last, whether or not it was any good.
    seen: Option<Stamp>,
    member: Member,
}

/// What changes when a file is replaced, by a rename or by the change of a link on the way to it, and when it may be read
/// from now on. When it was written is no part of it: who copies files keeps that, and nobody can keep when it was put there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    file: (u64, u64),
    changed: (i64, i64),
    length: u64,
}

impl Library {
    /// Nothing is read yet.
    pub fn new(sources: Vec<Source>) -> Self {
        Self { shelves: sources.into_iter().map(Shelf::new).collect(), told: None }
    }

    /// Reads what changed since the last time. The databases, if anything is otherwise than it was then: a file, or
    /// whether it is too old.
    pub fn look(&mut self, now: Timestamp) -> Option<Arc<Quorum>> {
        // Each of them, whatever the others are.
        let changed = self.shelves.iter_mut().filter_map(|shelf| shelf.look(now).then_some(())).count() > 0;
        let members: Vec<_> = self.shelves.iter().map(|shelf| shelf.member.clone()).collect();
        let states = Some(states(&members, now));
        if !changed && states == self.told {
            return None;
        }
        self.told = states;
        Some(Arc::new(Quorum::of(&members, now)))
    }
}

impl Shelf {
    fn new(source: Source) -> Self {
        let name = source.path.file_name().unwrap_or_default().to_string_lossy();
        let member = Member { name: name.into(), max_age: source.max_age, database: None, trouble: None };
        Self { source, seen: None, member }
    }

    /// Whether anything changed.
    fn look(&mut self, now: Timestamp) -> bool {
        let Source { path, sha256, max_age: _ } = &self.source;
        let stamp = Stamp::of(path).ok();
        // What cannot even be looked at is tried again, for its reason.
        if stamp.is_some() && stamp == self.seen {
            return false;
        }
        let read = file::read(path, *sha256);
        if Stamp::of(path).ok() != stamp {
            // It changes right now: the next look will find it whole.
            self.seen = None;
            return false;
        }
        self.seen = stamp;
        match read {
            Ok(database) => self.take(database, now),
            Err(error) => self.keep(&error.to_string()),
        }
    }

    /// Takes a database in, unless it would be of no use and the one before it is.
    fn take(&mut self, database: Database, now: Timestamp) -> bool {
        let database = Some(Arc::new(database));
        let next = Member { database, trouble: None, ..self.member.clone() };
        match next.unusable(now) {
            Some(why) if self.member.unusable(now).is_none() => {
                self.keep(&format!("{}: {why}", self.source.path.display()))
            }
            Some(_) | None => {
                self.member = next;
                true
            }
        }
    }

    /// Leaves what is there, for this reason.
    fn keep(&mut self, trouble: &str) -> bool {
        let changed = self.member.trouble.as_deref() != Some(trouble);
        self.member.trouble = Some(trouble.into());
        changed
    }
}

impl Stamp {
    fn of(path: &Path) -> std::io::Result<Self> {
        let path = path.canonicalize()?;
        let metadata = path.metadata()?;
        Ok(Self {
            file: (metadata.dev(), metadata.ino()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            length: metadata.len(),
            path,
        })
    }
}
