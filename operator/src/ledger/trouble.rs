//! Why the ledger takes no entries, as conditions tell it. (pure)

use std::sync::Arc;

use super::{anchor, key};

/// Why the ledger takes no entries.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The object that remembers its last checkpoint cannot be kept.
    #[error(transparent)]
    Object(#[from] anchor::Error),
    /// There are no keys.
    #[error(transparent)]
    Key(#[from] key::Error),
    /// The log does not open, or failed.
    #[error(transparent)]
    Log(#[from] Arc<bund_ledger::Error>),
    /// The store has nothing, and the object remembers something.
    #[error(
        "there is no ledger in {place}, and the object Ledger remembers one: the store was emptied or another one was put in \
         its place; bring it back from a copy, or see `bund ledger recover`"
    )]
    Emptied {
        /// Where the store is.
        place: String,
    },
    /// It takes long.
    #[error("it is still being opened")]
    Slow,
    /// The task that writes has ended.
    #[error("what writes to the ledger ended; it is opened again")]
    Ended,
}

impl Trouble {
    /// Why, as one word for machines.
    pub(super) fn reason(&self) -> &'static str {
        use bund_ledger::Error;
        match self {
            Self::Object(anchor::Error::Other { .. }) => "OtherLedger",
            Self::Object(anchor::Error::Api(_) | anchor::Error::Contended) => "AnchorUnavailable",
            Self::Key(key::Error::Absent(_)) => "KeyMissing",
            Self::Key(key::Error::Api(..)) => "KeyUnavailable",
            Self::Key(key::Error::Empty(_) | key::Error::Invalid(..) | key::Error::Other { .. }) => {
                "OtherKeys"
            }
            Self::Emptied { .. } => "RollbackDetected",
            Self::Slow => "Opening",
            Self::Ended => "StoreUnavailable",
            Self::Log(error) => match &**error {
                Error::Store(_) | Error::Contended => "StoreUnavailable",
                Error::Unfit(_) => "StoreUnfit",
                Error::Absent(_) => "NoLedger",
                Error::Present(_) => "LedgerPresent",
                Error::Rollback { .. } => "RollbackDetected",
                Error::OtherKeys { .. } | Error::Key(_) => "OtherKeys",
                Error::Anchor(_) => "AnchorUnavailable",
                Error::Damaged { .. } | Error::Checkpoint(_) | Error::Invalid(_) => "Damaged",
            },
        }
    }
}
