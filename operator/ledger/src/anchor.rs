//! Memory of checkpoints outside of the store: what shows that a store was put back.

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::checkpoint::SignedCheckpoint;
use crate::store::replace;

/// Remembers the last checkpoint of a log in another place than its store.
///
/// A witness that signs checkpoints, or an authority that stamps them with the time, is an anchor too.
#[async_trait]
pub trait Anchor: Send + Sync {
    /// What it is, for people.
    fn name(&self) -> String;

    /// The text of the last checkpoint that it was given, if it was given one.
    async fn recall(&self) -> Result<Option<String>, AnchorError>;

    /// Remembers a checkpoint. It never goes back: a checkpoint of a smaller tree of the same shard is not remembered.
    async fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), AnchorError>;
}

/// Why an anchor cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("the anchor {anchor} cannot be asked")]
pub struct AnchorError {
    /// The anchor.
    pub anchor: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// An anchor in a file.
#[derive(Clone, Debug)]
pub struct Pin {
    path: PathBuf,
}

impl Pin {
    /// The pin in the file `path`, which need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn failed(&self, source: io::Error) -> AnchorError {
        AnchorError { anchor: self.name(), source: source.into() }
    }
}

#[async_trait]
impl Anchor for Pin {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    async fn recall(&self) -> Result<Option<String>, AnchorError> {
        match tokio::fs::read_to_string(&self.path).await {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    async fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), AnchorError> {
        let known = self.recall().await?.and_then(|text| SignedCheckpoint::unverified(&text).ok());
        if known.is_some_and(|known| known.origin == checkpoint.origin && known.size > checkpoint.size) {
            return Ok(());
        }
        let (path, text) = (self.path.clone(), checkpoint.text.clone());
        let written = async {
            tokio::task::spawn_blocking(move || replace(&path, text.as_bytes()))
                .await
                .map_err(io::Error::other)?
        };
        written.await.map_err(|error| self.failed(error))
    }
}
