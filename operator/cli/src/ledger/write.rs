//! What changes a ledger: making it, appending, rotating keys, recovering, dropping.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use bund_crds::Moment;
use bund_engine::Timestamp;
use bund_ledger::{
    Anchor, Appended, Draft, EntryId, Error, Event, Kept, Keys, Log, Opening, Pin, SecretKey, ShardName,
    SignedCheckpoint,
};
use bytes::Bytes;
use rand_core::{OsRng, RngCore};

use super::place::Place;

/// Who writes where, and who remembers it.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Where the ledger is.
    pub place: Place,
    /// The keys that sign.
    pub keys: Keys,
    /// Who writes, as entries name it.
    pub by: String,
    /// Files that remember the last checkpoint.
    pub pins: Vec<PathBuf>,
}

/// A document to be kept.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is called.
    pub title: String,
    /// Its media type.
    pub media_type: String,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Where the entry is, if there is one.
    pub appended: Option<Appended>,
    /// The checkpoint under which everything stands.
    pub checkpoint: SignedCheckpoint,
    /// Pins that do not remember it.
    pub untold: Vec<String>,
}

impl Writer {
    /// Makes a ledger where there is none.
    pub async fn init(&self, now: Timestamp) -> Result<Written> {
        let log = Log::init(self.opening()?, now).await?;
        self.written(&log, None).await
    }

    /// Records an event, once.
    pub async fn append(&self, id: &EntryId, event: Event, now: Timestamp) -> Result<Written> {
        let log = Log::open(self.opening()?).await?;
        self.record(log, id.clone(), event, now).await
    }

    /// Keeps a document, and records that.
    pub async fn keep(
        &self,
        id: Option<EntryId>,
        document: Document,
        about: Option<String>,
        now: Timestamp,
    ) -> Result<Written> {
        let Document { bytes, title, media_type } = document;
        let log = Log::open(self.opening()?).await?;
        let size = bytes.len() as u64;
        let sha256 = log.keep(bytes).await?;
        // The same document about the same thing is one event.
        let id = match id {
            Some(id) => id,
            None => EntryId::new(&format!("document:{sha256}:{}", about.as_deref().unwrap_or("-")))
                .context("--about must be printable ASCII without spaces, or give an --id")?,
        };
        self.record(log, id, Event::Document(Kept { sha256, size, title, media_type, about }), now).await
    }

    async fn record(&self, mut log: Log, id: EntryId, event: Event, now: Timestamp) -> Result<Written> {
        let appended = log.append(&[Draft { id, event, retain_until: None }], now).await?;
        log.publish().await?;
        self.written(&log, appended.first().copied()).await
    }

    /// Signs with other keys from here on.
    pub async fn rotate(&self, keys: Keys, now: Timestamp) -> Result<Written> {
        let mut log = Log::open(self.opening()?).await?;
        log.rotate(keys, now).await?;
        self.written(&log, None).await
    }

    /// Opens the ledger, which repairs what is derived, and publishes what was not published.
    pub async fn repair(&self) -> Result<Written> {
        let log = Log::open(self.opening()?).await?;
        self.written(&log, None).await
    }

    /// Goes on after a loss.
    pub async fn accept_loss(&self, why: &str, now: Timestamp) -> Result<Written> {
        match Log::accept_loss(self.opening()?, why, now).await {
            Ok(log) => self.written(&log, None).await,
            Err(Error::Present(_)) => {
                bail!("nothing is lost: the ledger in {} opens; leave --accept-loss out", self.place)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Until when a shard had to be kept; where `delete` says so, deletes it.
    pub async fn drop_shard(
        &self,
        shard: ShardName,
        delete: bool,
        now: Timestamp,
    ) -> Result<(Option<Moment>, Written)> {
        let mut log = Log::open(self.opening()?).await?;
        let until = log.droppable(shard, now).await?;
        if delete {
            log.drop_shard(shard, now).await?;
            self.place.clear(shard)?;
        }
        let written = self.written(&log, None).await?;
        Ok((until, written))
    }

    fn opening(&self) -> Result<Opening> {
        let store = self.place.store()?;
        let anchors = self.pins.iter().map(|pin| Arc::new(Pin::new(pin)) as _).collect();
        Ok(Opening { store, keys: self.keys.clone(), by: self.by.clone(), anchors })
    }

    async fn written(&self, log: &Log, appended: Option<Appended>) -> Result<Written> {
        let checkpoint = log.published().context("nothing is published")?.clone();
        let mut untold = Vec::new();
        for path in &self.pins {
            let pin = Pin::new(path);
            // The log goes on without an anchor that does not answer. Whoever asked for this one must know.
            if pin.recall().await?.as_ref() != Some(&checkpoint.text) {
                untold.push(pin.name());
            }
        }
        Ok(Written { appended, checkpoint, untold })
    }
}

/// An id for something that is noted once and has no name.
pub fn new_id() -> String {
    format!("noted:{:016x}{:016x}", OsRng.next_u64(), OsRng.next_u64())
}

/// The keys that sign after a rotation: the new one, if there is one, and those that go on beside it.
pub fn rotated(now: &Keys, new: Option<SecretKey>, retire: bool) -> Keys {
    let same = |one: &SecretKey, other: &SecretKey| one.verifier(None) == other.verifier(None);
    let current = new.unwrap_or_else(|| now.current.clone());
    let beside =
        if retire { Vec::new() } else { now.all().filter(|key| !same(key, &current)).cloned().collect() };
    Keys { current, beside }
}
