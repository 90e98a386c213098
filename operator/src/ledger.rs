//! The record outside of the cluster, while we lead: a log that others can verify (`bund-ledger`).
//!
//! ```text
//! Configuration --store, key (client)--> bund_ledger::Log --Sequencer--> Ledger::append (whoever records)
//!                                             |--> History (pure), which whoever records asks when it begins
//! Keeper (client): opens, and again when it fails; makes a log on one day alone
//!     --anchor (client)--> object `Ledger`: the last checkpoint, which the store must have grown from
//!     --status (pure)----> its conditions, metrics
//! ```
//!
//! What is not in the ledger was not acknowledged: [`Ledger::append`] is done when the entry is durable.

mod anchor;
mod enforced;
mod history;
mod keep;
mod key;
mod status;
mod store;
#[cfg(test)]
pub(crate) mod testing;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use bund_ledger::{Appended, Created, Draft, Sequencer, Unrecorded};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::metrics::Metrics;

pub use enforced::{Concern, Enforced, Last, Lasting};
pub use history::{History, Past};
pub use keep::{Keeper, Kept};

/// How long an entry may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The record outside of the cluster, while we lead.
#[derive(Clone)]
pub struct Ledger {
    /// `None` where none is configured.
    state: Option<watch::Receiver<State>>,
    pending: Arc<watch::Sender<Option<u64>>>,
    metrics: Metrics,
}

/// Why nothing can be recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// None is configured.
    #[error("no ledger is configured")]
    NotConfigured,
    /// It is not open.
    #[error("the ledger is not open: {0}")]
    Shut(Arc<str>),
    /// It did not take the entry.
    #[error("the ledger did not take it")]
    Unrecorded(#[source] Unrecorded),
    /// It did not answer.
    #[error("the ledger did not answer in time")]
    Silent,
    /// We do not lead any more.
    #[error("another replica keeps the ledger now")]
    Over,
}

/// Whether the log is open.
#[derive(Clone)]
enum State {
    /// It is opened for the first time.
    Opening,
    /// It could not be opened, or had to be closed. It is tried again.
    Shut(Arc<str>),
    Open {
        sequencer: Sequencer,
        history: Arc<History>,
    },
}

impl Ledger {
    /// Whether there is to be one. Where there is not, what the cluster holds is the only record.
    pub fn is_configured(&self) -> bool {
        self.state.is_some()
    }

    /// Records an event; done when it is durable. After an error it may be recorded all the same: recording it again is
    /// safe, because its id is in the log once.
    pub async fn append(&self, draft: Draft) -> Result<Appended, Unavailable> {
        let outcome = match timeout(PATIENCE, self.append_patiently(draft)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Unavailable::Silent),
        };
        match &outcome {
            Ok(Appended { created: Created::Now, .. }) => self.metrics.ledger().appended(),
            Ok(Appended { created: Created::Before, .. }) | Err(Unavailable::NotConfigured) => {}
            Err(_) => self.metrics.ledger().refused(),
        }
        outcome
    }

    async fn append_patiently(&self, draft: Draft) -> Result<Appended, Unavailable> {
        match self.opened().await? {
            State::Open { sequencer, history: _ } => {
                sequencer.append(draft).await.map_err(Unavailable::Unrecorded)
            }
            State::Shut(why) => Err(Unavailable::Shut(why)),
            State::Opening => Err(Unavailable::Silent),
        }
    }

    /// What the log told of transfers when it was opened last. Waits until it is open, or has failed to open once; `None`
    /// where it is not open.
    pub async fn history(&self) -> Option<Arc<History>> {
        match self.opened().await {
            Ok(State::Open { sequencer: _, history }) => Some(history),
            Ok(State::Opening | State::Shut(_)) | Err(_) => None,
        }
    }

    /// Done when the log was opened or shut since it was asked last.
    pub async fn changed(&mut self) {
        let gone = match &mut self.state {
            Some(state) => state.changed().await.is_err(),
            None => true,
        };
        if gone {
            std::future::pending::<()>().await;
        }
    }

    /// Says how many events of the cluster are not in the log.
    pub fn wait(&self, events: u64) {
        self.pending.send_if_modified(|pending| pending.replace(events) != Some(events));
    }

    async fn opened(&self) -> Result<State, Unavailable> {
        let mut state = self.state.clone().ok_or(Unavailable::NotConfigured)?;
        let opened = state.wait_for(|state| !matches!(state, State::Opening)).await;
        opened.map(|state| state.clone()).map_err(|_| Unavailable::Over)
    }
}
