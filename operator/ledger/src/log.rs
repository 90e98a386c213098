//! A log that is open: entries come into it, and its state is published.

mod append;
mod document;
mod drop;
mod error;
mod manifest;
mod open;
pub mod paths;
mod publish;
mod shard;

use std::sync::Arc;

use crate::anchor::Anchor;
use crate::checkpoint::SignedCheckpoint;
use crate::key::Keys;
use crate::name::{LogName, ShardName};
use crate::store::Store;

pub use append::Appended;
pub use drop::Kept as KeptShard;
pub use error::Error;
pub use manifest::{Loss, Manifest, Parent};
pub use open::{Opening, Seen};

pub(crate) use append::chain;
pub(crate) use shard::short;

use shard::{Ids, Shard};

/// A log that is open for writing.
///
/// Two may be open on one store, in two processes: what orders entries is the store, which creates each commit once. Who
/// loses a race reads what the other wrote and goes on after it.
pub struct Log {
    store: Arc<dyn Store>,
    keys: Keys,
    by: String,
    anchors: Vec<Arc<dyn Anchor>>,
    /// The shard that entries come into.
    shard: Shard,
    /// Every id of this shard and of the one before.
    ids: Ids,
}

impl Log {
    /// Its name.
    pub fn name(&self) -> &LogName {
        self.keys.current.name()
    }

    /// The shard that entries come into.
    pub fn shard(&self) -> ShardName {
        self.shard.name
    }

    /// As many entries as the shard has, published or not.
    pub fn size(&self) -> u64 {
        self.shard.chain.tree.size()
    }

    /// The last checkpoint that was published.
    pub fn published(&self) -> Option<&SignedCheckpoint> {
        self.shard.published.as_ref()
    }

    /// Whether the store still holds what was committed last. One that was emptied or put back would take the next commit
    /// all the same, after nothing.
    pub async fn check_store(&self) -> Result<(), Error> {
        let Shard { name, chain, manifest, .. } = &self.shard;
        let last =
            chain.seq.checked_sub(1).map_or_else(|| paths::manifest(*name), |seq| paths::commit(*name, seq));
        let found = match self.store.get(&last).await? {
            Some(bytes) if chain.follows(&bytes) => return Ok(()),
            Some(_) => format!("another `{last}` is there"),
            None => format!("`{last}` is there no more"),
        };
        let (remembered, origin) = (self.by.clone(), manifest.origin.clone());
        Err(Error::Rollback { remembered, origin, size: self.size(), found })
    }

    /// Whether an event is in this shard or in the one before it.
    pub fn contains(&self, id: &crate::EntryId) -> bool {
        self.ids.get(id).is_some()
    }
}
