//! A ledger to test with.

use std::path::Path;
use std::sync::Arc;

use bund_engine::Timestamp;
use bund_ledger::{Directory, Keys, Log, LogName, Opening, SecretKey, Sequencer};
use tokio::sync::watch;

use super::{History, Ledger, State};
use crate::metrics::Metrics;

/// What opens a ledger that others hold.
pub(crate) struct Switch {
    state: watch::Sender<State>,
    key: SecretKey,
}

/// A ledger that is configured and not open.
pub(crate) fn shut() -> (Switch, Ledger) {
    let (state, opened) = watch::channel(State::Shut("somebody took it away".into()));
    let name: LogName = "ledger.example.com/test".parse().unwrap();
    let (pending, _) = watch::channel(None);
    let ledger = Ledger { state: Some(opened), pending: Arc::new(pending), metrics: Metrics::default() };
    (Switch { state, key: SecretKey::generate(name) }, ledger)
}

impl Switch {
    fn opening(&self, folder: &Path) -> Opening {
        let store = Arc::new(Directory::new(folder).unwrap());
        Opening { store, keys: Keys::of(self.key.clone()), by: "test".to_owned(), anchors: Vec::new() }
    }

    /// Opens it in a folder, where it is made if it is not there.
    pub(crate) async fn open(&self, folder: &Path) {
        let mut history = History::default();
        let log = match Log::open_seeing(self.opening(folder), &mut |line| history.take(line)).await {
            Ok(log) => log,
            Err(_) => Log::init(self.opening(folder), Timestamp::now()).await.unwrap(),
        };
        let (sequencer, run) = Sequencer::start(log, Timestamp::now);
        tokio::spawn(run);
        self.state.send_replace(State::Open { sequencer, history: Arc::new(history) });
    }
}
