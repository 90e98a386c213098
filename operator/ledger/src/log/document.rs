//! Documents beside a log, by their hash.

use bund_crds::Digest;
use bytes::Bytes;

use super::error::{Error, damaged};
use super::{Log, paths};
use crate::store::Created;

impl Log {
    /// Keeps the bytes of a document, and says what they are called. Record that after this: an entry never names a document
    /// that was not there.
    pub async fn keep(&self, bytes: Bytes) -> Result<Digest, Error> {
        let digest = crate::commit::hex(&bytes);
        let path = paths::blob(&digest);
        if self.store.create(&path, bytes.clone()).await? == Created::Before {
            if self.store.get(&path).await?.as_ref() != Some(&bytes) {
                // What was there was not what its name says.
                self.store.put(&path, bytes).await?;
            }
            self.store.persist(&path).await?;
        }
        digest.parse().map_err(|error| damaged(&path, &error))
    }
}
