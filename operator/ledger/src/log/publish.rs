//! How the state of a log comes to be known: tiles, then a signature over what they hold, then the anchors.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::append::{chain, verifiers};
use super::error::{Error, damaged};
use super::{Log, paths};
use crate::checkpoint::SignedCheckpoint;
use crate::store::{Created, StoreError};

/// As many tiles as are written at once.
const AT_ONCE: usize = 8;

impl Log {
    /// Publishes everything that is committed, if it is not published yet.
    ///
    /// Tiles come before the checkpoint that needs them. The checkpoint is kept under its size before it becomes the
    /// current one, so that whoever puts the current one back hides nothing.
    pub async fn publish(&mut self) -> Result<(), Error> {
        let (name, size) = (self.shard.name, self.shard.chain.tree.size());
        let is_published = |known: &SignedCheckpoint| known.size == size;
        if self.shard.published.as_ref().is_some_and(is_published) && self.shard.unwritten.is_empty() {
            return Ok(());
        }
        if size == 0 {
            // It has not begun.
            return Ok(());
        }
        self.check_keys()?;
        self.check_store().await?;
        let tiles: Vec<_> = self.shard.unwritten.iter().cloned().chain(self.shard.partial()).collect();
        self.write(&tiles).await?;
        let complete: Vec<_> = self.shard.unwritten.drain(..).map(|(path, _)| path).collect();
        let origin = &self.shard.manifest.origin;
        let signed = SignedCheckpoint::sign(origin, size, self.shard.chain.tree.root(), &self.keys)?;
        let text = Bytes::from(signed.text.clone());
        let path = paths::checkpoint_at(name, size);
        if self.store.create(&path, text.clone()).await? == Created::Before {
            self.is_same(&path, &signed).await?;
        }
        self.store.put(&paths::checkpoint(name), text).await?;
        self.shard.published = Some(signed);
        self.anchor().await;
        self.clear_partial(&complete).await;
        Ok(())
    }

    /// Whether the keys that we hold are those that the shard names.
    pub(super) fn check_keys(&self) -> Result<(), Error> {
        let (expected, given) = (&self.shard.keys, verifiers(&self.keys, self.shard.name));
        let same = expected.len() == given.len() && expected.iter().all(|key| given.contains(key));
        if same {
            return Ok(());
        }
        Err(Error::OtherKeys { expected: expected.join(", "), given: given.join(", ") })
    }

    /// Whether a checkpoint that others published at the same size is of the same tree: if it is not, somebody changed the
    /// store, and nothing is signed on top of that.
    async fn is_same(&self, path: &str, signed: &SignedCheckpoint) -> Result<(), Error> {
        let Some(bytes) = self.store.get(path).await? else { return Ok(()) };
        let found = std::str::from_utf8(&bytes).map_err(|error| damaged(path, &error))?;
        let found = SignedCheckpoint::unverified(found).map_err(|error| damaged(path, &error))?;
        if (&found.origin, found.size, found.root) == (&signed.origin, signed.size, signed.root) {
            return Ok(());
        }
        Err(Error::Rollback {
            remembered: path.to_owned(),
            origin: found.origin,
            size: found.size,
            found: "the store has other entries".to_owned(),
        })
    }

    /// Tells the anchors. One that does not answer is told of the next checkpoint.
    async fn anchor(&self) {
        let Some(published) = &self.shard.published else { return };
        for anchor in &self.anchors {
            if let Err(error) = anchor.remember(published).await {
                tracing::warn!(anchor = anchor.name(), error = chain(&error), "an anchor was not told");
            }
        }
    }

    async fn write(&self, tiles: &[(String, Bytes)]) -> Result<(), StoreError> {
        let name = self.shard.name;
        stream::iter(tiles)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, async |(path, bytes)| {
                self.store.put(&paths::tile(name, path), bytes.clone()).await
            })
            .await
    }

    /// Deletes the partial tiles of tiles that are full now. What is left over is only in the way.
    async fn clear_partial(&self, full: &[String]) {
        let name = self.shard.name;
        for path in full {
            let cleared = async {
                let partial = self.store.list(&paths::tile(name, &format!("{path}.p"))).await?;
                self.store.delete(&partial).await
            };
            if let Err(error) = cleared.await {
                tracing::debug!(error = chain(&error), "partial tiles are left over");
            }
        }
    }
}
