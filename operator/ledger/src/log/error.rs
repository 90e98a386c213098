//! Why a log cannot be opened or written.

use crate::anchor::AnchorError;
use crate::checkpoint::CheckpointError;
use crate::entry::Invalid;
use crate::key::InvalidKey;
use crate::store::{StoreError, Unfit};

/// Why a log cannot be opened or written. What was to be recorded is not known to be; recording it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store cannot hold a log.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Nothing is there.
    #[error("there is no ledger in {0}: `bund ledger init` makes one; if there was one, bring it back first")]
    Absent(String),
    /// Something is there already.
    #[error("{0} knows a ledger already: a new one beside it would hide it")]
    Present(String),
    /// What is there cannot be true.
    #[error("`{path}` is damaged: {why}; bring it back from a copy, or see `bund ledger recover`")]
    Damaged {
        /// The object.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store holds less than was there, or something else.
    #[error(
        "{remembered} remembers {size} entries of `{origin}`, and {found}: the store was put back or changed; bring it back \
         from a copy, or see `bund ledger recover`"
    )]
    Rollback {
        /// What remembers.
        remembered: String,
        /// The shard.
        origin: String,
        /// As many entries as it had.
        size: u64,
        /// What is there.
        found: String,
    },
    /// The keys are not those of the log.
    #[error(
        "the ledger is signed with other keys than the ones given: it names {expected}, given was {given}"
    )]
    OtherKeys {
        /// The keys that the log names.
        expected: String,
        /// The keys that were given.
        given: String,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// Something is no entry.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A checkpoint cannot be signed, or does not count.
    #[error("a checkpoint does not count")]
    Checkpoint(#[from] CheckpointError),
    /// An anchor cannot be asked.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// Others wrote every time.
    #[error("others write to the ledger all the time; try again")]
    Contended,
}

pub(super) fn damaged(path: &str, why: &impl ToString) -> Error {
    Error::Damaged { path: path.to_owned(), why: why.to_string() }
}
