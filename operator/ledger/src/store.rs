//! Where a log is kept.

mod directory;
mod objects;
mod probe;

use async_trait::async_trait;
use bytes::Bytes;

pub use directory::Directory;
pub(crate) use directory::replace;
pub use objects::Objects;
pub use probe::{Unfit, probe};

/// Whether something was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there now, with these bytes, and is durable.
    Now,
    /// Something was there, and still is as it was.
    Before,
}

/// Why a store did not do what it was asked. What was asked may have happened nevertheless.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}`")]
pub struct StoreError {
    /// What was to be done.
    pub action: &'static str,
    /// The object.
    pub path: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// As many bytes as an object may have that is read. What a log writes is smaller; what is larger is not read into memory.
pub(crate) const LARGEST_OBJECT: u64 = 64 << 20;

/// An object that no log wrote.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it is larger than 64 MiB, and nothing that a ledger writes is")]
pub(crate) struct TooLarge;

/// Where a log is kept: objects by path. All that a log rests on is [`Store::create`].
#[async_trait]
pub trait Store: Send + Sync {
    /// Where it is, for people.
    fn place(&self) -> String;

    /// Makes ready for writing: refuses what cannot hold a log, and clears away what writers left that died.
    async fn prepare(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Creates an object where there is none. When it says so, the object is whole and durable; of two that create the
    /// same object one is told [`Created::Before`].
    async fn create(&self, path: &str, bytes: Bytes) -> Result<Created, StoreError>;

    /// Writes an object, whether or not there is one. Readers see the old or the new one.
    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), StoreError>;

    /// Reads an object.
    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// The paths of all objects below a path, in any order.
    async fn list(&self, below: &str) -> Result<Vec<String>, StoreError>;

    /// The names of what lies directly in a path, objects and folders; the empty path is the root.
    async fn names(&self, within: &str) -> Result<Vec<String>, StoreError>;

    /// Deletes objects; those that are not there are no error.
    async fn delete(&self, paths: &[String]) -> Result<(), StoreError>;

    /// Makes durable what is there under a path, where whoever created it was not told that it is.
    async fn persist(&self, path: &str) -> Result<(), StoreError>;
}

impl StoreError {
    pub(crate) fn new(
        action: &'static str,
        path: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { action, path: path.to_owned(), source: source.into() }
    }
}
