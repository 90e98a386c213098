//! Logs to try things on.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use async_trait::async_trait;
use bund_crds::Moment;
use bund_ledger::{
    Anchor, AnchorError, Directory, Draft, Entry, EntryId, Event, Keys, LARGEST, LogName, Opening, SecretKey,
    SignedCheckpoint, Store,
};
use jiff::Timestamp;

/// The shard that [`now`] is in.
pub(crate) const SHARD: &str = "2026";

/// Who writes to a log in a folder.
const BY: &str = "trial";

/// When everything happens.
pub(crate) fn now() -> Result<Timestamp> {
    Ok("2026-05-01T00:00:00Z".parse()?)
}

/// What every log here is called.
pub(crate) fn name() -> Result<LogName> {
    Ok("ledger.example.com/prod".parse()?)
}

/// A new key of the log.
pub(crate) fn key() -> Result<SecretKey> {
    Ok(SecretKey::generate(name()?))
}

/// What opens the log in a folder.
pub(crate) fn in_folder(folder: &Path, keys: Keys) -> Result<Opening> {
    Ok(opening(Arc::new(Directory::new(folder)?), keys, BY))
}

/// What opens the log in a store, for a writer that remembers nothing.
pub(crate) fn opening(store: Arc<dyn Store>, keys: Keys, by: &str) -> Opening {
    Opening { store, keys, by: by.to_owned(), anchors: Vec::new() }
}

/// A note with an id of its own.
pub(crate) fn draft(id: &str, text: &str) -> Result<Draft> {
    let event = Event::Noted { text: text.to_owned(), about: None };
    Ok(Draft { id: EntryId::new(id)?, event, retain_until: None })
}

/// Notes, one for each number.
pub(crate) fn drafts(numbers: std::ops::Range<u64>) -> Result<Vec<Draft>> {
    numbers.map(|number| draft(&format!("trial:{number}"), &format!("number {number}"))).collect()
}

/// A note whose entry, recorded in [`in_folder`], has the most bytes that an entry may have, and so many more.
pub(crate) fn largest(id: &str, beyond: usize) -> Result<Draft> {
    let least = Entry::of(draft(id, "")?, Moment::of(now()?), BY).line()?.len();
    draft(id, &"x".repeat(LARGEST - least + beyond))
}

/// Writes the verifier key of the shard to a file.
pub(crate) fn write_key(key: &SecretKey, to: &Path) -> Result<()> {
    Ok(std::fs::write(to, key.verifier(Some(SHARD.parse()?)).as_str())?)
}

/// An anchor that keeps every checkpoint that a writer ever published.
#[derive(Debug, Default)]
pub(crate) struct Collector(Mutex<Vec<SignedCheckpoint>>);

impl Collector {
    /// All of them, in the order in which they were published.
    pub(crate) fn all(&self) -> Vec<SignedCheckpoint> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Anchor for Collector {
    fn name(&self) -> String {
        "the trial".to_owned()
    }

    async fn recall(&self) -> Result<Option<String>, AnchorError> {
        Ok(self.all().pop().map(|last| last.text))
    }

    async fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), AnchorError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(checkpoint.clone());
        Ok(())
    }
}
