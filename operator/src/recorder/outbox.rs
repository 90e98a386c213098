//! What is recorded as soon as the ledger takes it. (client)

use std::time::Duration;

use bund_ledger::{Draft, Invalid};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::warn;

use crate::ledger::Ledger;

/// How long something that must be done waits until it is on record.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes what is to be recorded. What the ledger does not take now is recorded as soon as it does, and nothing waits for it
/// meanwhile.
#[derive(Clone)]
pub struct Outbox {
    ledger: Ledger,
    waiting: mpsc::UnboundedSender<Draft>,
}

impl Outbox {
    /// An outbox for `ledger`, and what waits in it.
    pub fn new(ledger: Ledger) -> (Self, mpsc::UnboundedReceiver<Draft>) {
        let (waiting, left) = mpsc::unbounded_channel();
        (Self { ledger, waiting }, left)
    }

    /// Records what is about to be done, before it is done where that does not take long.
    pub(crate) async fn before(&self, drafts: impl IntoIterator<Item = Result<Draft, Invalid>>) {
        for draft in self.valid(drafts) {
            let taken = timeout(PATIENCE, self.ledger.append(draft.clone())).await;
            if !matches!(taken, Ok(Ok(_))) {
                self.wait(draft);
            }
        }
    }

    /// Records what was done, and does not wait for it.
    pub(crate) fn after(&self, drafts: impl IntoIterator<Item = Result<Draft, Invalid>>) {
        self.valid(drafts).for_each(|draft| self.wait(draft));
    }

    /// What can be recorded; nothing where there is no ledger.
    fn valid(&self, drafts: impl IntoIterator<Item = Result<Draft, Invalid>>) -> impl Iterator<Item = Draft> {
        let is_configured = self.ledger.is_configured();
        drafts.into_iter().take_while(move |_| is_configured).filter_map(|draft| {
            draft
                .inspect_err(|error| warn!(error = crate::chain(error), "this can be no entry of the ledger"))
                .ok()
        })
    }

    fn wait(&self, draft: Draft) {
        // It fails where we do not lead any more.
        let _ = self.waiting.send(draft);
    }
}
