//! How a shard goes whose time is over: the live shard says so first, then its objects are deleted.

use bund_crds::Moment;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::error::{Error, damaged};
use super::shard::{Ids, Shard};
use super::{Log, Manifest, paths};
use crate::checkpoint::SignedCheckpoint;
use crate::commit::Unchecked;
use crate::entry::{Draft, Entry, EntryId, Moments};
use crate::event::Event;
use crate::name::ShardName;
use crate::store::Store;

/// As many commits as are read ahead.
const AHEAD: usize = 32;

/// Why a shard stays.
#[derive(Debug, thiserror::Error)]
pub enum Kept {
    /// It is the one that entries come into, or the one before it, or there is no such shard.
    #[error("{0} stays: only shards before the last two can be dropped")]
    Needed(ShardName),
    /// The time of an entry is not over.
    #[error("{shard} stays: it holds an entry that must be kept until {until}")]
    Due {
        /// The shard.
        shard: ShardName,
        /// Until when the last of its entries must be kept.
        until: Moment,
    },
    /// The log cannot be read or written.
    #[error(transparent)]
    Log(#[from] Error),
}

impl Log {
    /// Until when the last entry of a shard had to be kept. Fails where the shard must stay, or where that cannot be told because
    /// it is damaged. `None` where it was dropped, and some of it is left.
    pub async fn droppable(&self, shard: ShardName, now: Timestamp) -> Result<Option<Moment>, Kept> {
        let shards = super::open::shards(&*self.store).await?;
        let later = shards.iter().filter(|other| **other > shard).count();
        if later < 2 || !shards.contains(&shard) || shard >= self.shard.name {
            return Err(Kept::Needed(shard));
        }
        if self.contains(&self.dropped(shard)?) {
            return Ok(None);
        }
        let until = self.end(shard).await?;
        if until >= Moment::of(now) { Err(Kept::Due { shard, until }) } else { Ok(Some(until)) }
    }

    /// Drops a shard of which every entry was kept for its time. Says so in the shard that entries come into, and then
    /// deletes it, with the documents that no other shard names. Doing it once more finishes what was not finished.
    pub async fn drop_shard(&mut self, shard: ShardName, now: Timestamp) -> Result<(), Kept> {
        let is_whole = self.droppable(shard, now).await?.is_some();
        let store = self.store.clone();
        // Where it was dropped before, some of the shard may be gone.
        let mut documents = documents(&*store, shard).await.unwrap_or_default();
        if is_whole {
            let checkpoint = self.last_checkpoint(shard).await?.text;
            let event = Event::ShardDropped { shard, checkpoint };
            let id = self.dropped(shard)?;
            self.append(&[Draft { id, event, retain_until: None }], now).await?;
            self.publish().await?;
        }
        for other in super::open::shards(&*store).await? {
            if other != shard && !documents.is_empty() {
                let named = self::documents(&*store, other).await?;
                documents.retain(|path| !named.contains(path));
            }
        }
        store.delete(&documents).await.map_err(Error::from)?;
        let objects = store.list(&shard.to_string()).await.map_err(Error::from)?;
        Ok(store.delete(&objects).await.map_err(Error::from)?)
    }

    fn dropped(&self, shard: ShardName) -> Result<EntryId, Error> {
        Ok(EntryId::new(&format!("log:{}:dropped", self.name().origin(shard)))?)
    }

    /// The last checkpoint of a shard: the one that the next shard goes on from.
    async fn last_checkpoint(&self, shard: ShardName) -> Result<SignedCheckpoint, Error> {
        let path = paths::checkpoint(shard);
        let bytes = needed(&*self.store, &path).await?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|error| damaged(&path, &error))?;
        SignedCheckpoint::unverified(&text).map_err(|error| damaged(&path, &super::chain(&error)))
    }

    /// Until when the last entry of a shard must be kept, after all of it was read and compared with its checkpoint: an entry
    /// that is missing or was changed does not say how long.
    async fn end(&self, shard: ShardName) -> Result<Moment, Error> {
        let path = paths::manifest(shard);
        let manifest = Manifest::read(&path, &needed(&*self.store, &path).await?, shard)?;
        let mut until = manifest.inception;
        let (mut read, mut ids) = (Shard::of_manifest(shard, manifest)?, Ids::default());
        loop {
            let path = paths::commit(shard, read.chain.seq);
            let Some(bytes) = self.store.get(&path).await? else { break };
            read.take(&bytes, &mut ids)?;
            read.unwritten.clear();
            for line in Unchecked::read(&bytes).map_err(|error| damaged(&path, &error))?.lines {
                let moments = Moments::read(&line).map_err(|error| damaged(&path, &super::chain(&error)))?;
                until = until.max(moments.retain_until);
            }
        }
        let checkpoint = self.last_checkpoint(shard).await?;
        let (size, root) = (read.chain.tree.size(), read.chain.tree.root());
        if (checkpoint.size, checkpoint.root) == (size, root) {
            return Ok(until);
        }
        Err(damaged(
            &paths::checkpoint(shard),
            &format!("it is not that of the {size} entries that are there"),
        ))
    }
}

async fn needed(store: &dyn Store, path: &str) -> Result<Bytes, Error> {
    store.get(path).await?.ok_or_else(|| damaged(path, &"it is missing"))
}

/// The paths of the documents that the entries of a shard name.
async fn documents(store: &dyn Store, shard: ShardName) -> Result<Vec<String>, Error> {
    let commits = store.list(&paths::commits(shard)).await?;
    let mut commits = stream::iter(&commits)
        .map(async |path| store.get(path).await.map(|bytes| (path, bytes)))
        .buffered(AHEAD);
    let mut documents = Vec::new();
    while let Some((path, bytes)) = commits.try_next().await? {
        let bytes = bytes.ok_or_else(|| damaged(path, &"it is missing"))?;
        for line in Unchecked::read(&bytes).map_err(|error| damaged(path, &error))?.lines {
            let entry = Entry::read(&line).map_err(|error| damaged(path, &super::chain(&error)))?;
            if let Event::Document(kept) = entry.event {
                documents.push(paths::blob(kept.sha256.as_str()));
            }
        }
    }
    Ok(documents)
}
