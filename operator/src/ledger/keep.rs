//! Keeping the ledger open while we lead: opening it, again when it failed, and telling how it stands. (client)

use std::sync::Arc;
use std::time::Duration;

use bund_crds::{Date, Ledger as Object, LedgerStatus, Moment, ledger::NAME};
use bund_engine::Timestamp;
use bund_engine::transfer::beijing;
use bund_ledger::{Anchor as _, Error, Log, Opening, Sequencer, SignedCheckpoint, Standing, Store};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::anchor::InCluster;
use super::key::KeySecret;
use super::status::{Stands, body, status};
use super::store::store;
use super::trouble::Trouble;
use super::{History, Ledger, State};
use crate::backoff::backoff;
use crate::configuration::Ledger as Configured;
use crate::metrics::Metrics;

/// Who owns the conditions.
const FIELD_MANAGER: &str = "bund-ledger";
/// The longest wait between two tries to open it.
const LONGEST: Duration = Duration::from_secs(30);
/// After which time whoever waits for it to open waits no more.
const SLOW: Duration = Duration::from_secs(30);
/// How often what it tells is looked at, if nothing changes.
const LOOK: Duration = Duration::from_secs(5);
/// How long a write to the API server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a keeper needs to know.
#[derive(Clone)]
pub struct Kept {
    /// The ledger that is configured, if one is.
    pub configured: Option<Configured>,
    /// Our own namespace, in which the Secret with the key is.
    pub namespace: String,
    /// Who we are among the replicas: who recorded, as entries name it.
    pub identity: String,
}

/// Keeps the ledger open while we lead.
pub struct Keeper {
    client: Client,
    kept: Kept,
    metrics: Metrics,
    state: watch::Sender<State>,
    pending: watch::Receiver<Option<u64>>,
}

/// A log that is open, and what wrote it open.
struct Open {
    standing: watch::Receiver<Standing>,
    writing: JoinSet<()>,
    anchor: Arc<InCluster>,
}

impl Keeper {
    /// A keeper that has opened nothing yet, and the ledger that others record in.
    pub fn new(client: Client, kept: Kept, metrics: Metrics) -> (Self, Ledger) {
        let (state, opened) = watch::channel(State::Opening);
        let (told, pending) = watch::channel(None);
        let ledger = Ledger {
            state: kept.configured.is_some().then_some(opened),
            pending: Arc::new(told),
            metrics: metrics.clone(),
        };
        (Self { client, kept, metrics, state, pending }, ledger)
    }

    /// Keeps it open, for ever.
    pub async fn run(mut self) {
        self.metrics.ledger().configured(self.kept.configured.is_some());
        let Some(configured) = self.kept.configured.clone() else {
            self.tell_that_none_is_configured().await;
            return std::future::pending().await;
        };
        let mut failures = 0;
        loop {
            let trouble = match self.open_patiently(&configured).await {
                Ok(mut open) => {
                    let since = Instant::now();
                    let trouble = self.follow(&mut open).await;
                    // One that opens and fails again and again is not read without end.
                    if since.elapsed() > LONGEST {
                        failures = 0;
                    }
                    trouble
                }
                Err(trouble) => trouble,
            };
            failures += 1;
            self.shut(&trouble).await;
            sleep(backoff(failures, LONGEST)).await;
        }
    }

    /// Opens the log. Whoever waits for that does not wait for ever.
    async fn open_patiently(&self, configured: &Configured) -> Result<Open, Trouble> {
        let opening = self.open(configured);
        tokio::pin!(opening);
        if let Ok(opened) = timeout(SLOW, &mut opening).await {
            return opened;
        }
        self.shut(&Trouble::Slow).await;
        opening.await
    }

    async fn open(&self, configured: &Configured) -> Result<Open, Trouble> {
        let anchor = Arc::new(InCluster::new(self.client.clone(), configured.name.clone()));
        let remembers = anchor.object().await?.status.is_some_and(|status| status.checkpoint.is_some());
        let store = store(&configured.store).map_err(|error| Arc::new(Error::from(error)))?;
        let key = KeySecret::new(
            self.client.clone(),
            &self.kept.namespace,
            &configured.key_secret_name,
            configured.name.clone(),
        );
        let by = self.kept.identity.clone();
        let now = Timestamp::now();
        let is_empty = is_empty(&*store).await?;
        if is_empty && remembers {
            return Err(Trouble::Emptied { place: store.place() });
        }
        if is_empty && !is_inception(configured.inception, now) {
            return Err(Trouble::Log(Arc::new(Error::Absent(store.place()))));
        }
        let (log, history) = if is_empty {
            let keys = key.read_or_make().await?;
            let opening = Opening { store, keys, by, anchors: vec![anchor.clone()] };
            let log = Log::init(opening, now).await.map_err(Arc::new)?;
            info!(name = %log.name(), "a ledger was made, as ledger.inception says");
            (log, History::default())
        } else {
            let keys = key.read().await?;
            let opening = Opening { store, keys, by, anchors: vec![anchor.clone()] };
            read(opening).await.map_err(Arc::new)?
        };
        let (sequencer, run) = Sequencer::start(log, Timestamp::now);
        let mut writing = JoinSet::new();
        writing.spawn(async move { drop(run.await) });
        let standing = sequencer.standing();
        info!(name = %configured.name, size = standing.borrow().size, "the ledger is open");
        self.state.send_replace(State::Open { sequencer, history: Arc::new(history) });
        Ok(Open { standing, writing, anchor })
    }

    /// Tells how it stands, until something goes wrong.
    async fn follow(&mut self, open: &mut Open) -> Trouble {
        loop {
            let standing = open.standing.borrow_and_update().clone();
            if let Some(failure) = standing.failure {
                return Trouble::Log(failure);
            }
            self.metrics.ledger().open(Some(standing.size));
            let pending = *self.pending.borrow_and_update();
            self.metrics.ledger().pending(pending);
            let remembered = self.tell(&Stands::Recording, pending).await;
            if let Some(published) = &standing.published {
                self.remind(&open.anchor, published, &remembered).await;
            }
            tokio::select! {
                changed = open.standing.changed() => if changed.is_err() { return Trouble::Ended },
                _ = open.writing.join_next() => return Trouble::Ended,
                changed = self.pending.changed() => if changed.is_err() { sleep(LOOK).await },
                () = sleep(LOOK) => {}
            }
        }
    }

    /// Tells the object of the last checkpoint where it does not say so: because it could not be told when that was
    /// published, was deleted, or was put back with etcd.
    async fn remind(&self, anchor: &InCluster, published: &SignedCheckpoint, remembered: &LedgerStatus) {
        if remembered.checkpoint.as_ref() == Some(&published.text) {
            if let Some(Moment(at)) = remembered.published_at {
                self.metrics.ledger().published(at);
            }
            return;
        }
        let error = match timeout(PATIENCE, anchor.remember(published)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => crate::chain(&error),
            Err(_) => "the API server did not answer in time".to_owned(),
        };
        warn!(error, "the last checkpoint could not be remembered; it is tried again");
    }

    /// Says that it takes no entries.
    async fn shut(&self, trouble: &Trouble) {
        let (reason, message) = (trouble.reason(), crate::chain(trouble));
        warn!(reason, error = message, "the ledger is not open; it is tried again");
        self.state.send_replace(State::Shut(message.as_str().into()));
        self.metrics.ledger().open(None);
        let pending = *self.pending.borrow();
        self.metrics.ledger().pending(pending);
        self.tell(&Stands::Not { reason, message }, pending).await;
    }

    async fn tell_that_none_is_configured(&self) {
        let message = "no ledger is configured: LedgerEvents are the only record".to_owned();
        self.tell(&Stands::Not { reason: "NotConfigured", message }, None).await;
    }

    /// Writes conditions, where the object is there and says otherwise; what its status is, as far as that is known.
    async fn tell(&self, stands: &Stands, pending: Option<u64>) -> LedgerStatus {
        let ledgers: Api<Object> = Api::all(self.client.clone());
        let told = async {
            let Some(object) = ledgers.get_opt(NAME).await? else { return Ok(None) };
            let Some(status) = status(&object, stands, pending, Timestamp::now()) else {
                return Ok(object.status);
            };
            let parameters = PatchParams::apply(FIELD_MANAGER).force();
            let written = ledgers.patch_status(NAME, &parameters, &Patch::Apply(body(&status))).await?;
            Ok(written.status)
        };
        let error = match timeout(PATIENCE, told).await {
            Ok(Ok(status)) => return status.unwrap_or_default(),
            Ok(Err(error)) => crate::chain::<kube::Error>(&error),
            Err(_) => "the API server did not answer in time".to_owned(),
        };
        warn!(error, "the status of the ledger could not be written; it is tried again");
        LedgerStatus::default()
    }
}

/// Whether no log is there.
async fn is_empty(store: &dyn Store) -> Result<bool, Trouble> {
    let names = store.names("").await.map_err(|error| Arc::new(Error::from(error)))?;
    Ok(!names.iter().any(|name| name.parse::<bund_ledger::ShardName>().is_ok()))
}

/// Whether this is the one day on which a log is made.
fn is_inception(day: Option<Date>, now: Timestamp) -> bool {
    day.is_some_and(|Date(day)| day == beijing::day(now))
}

/// Opens a log, and notes what it tells of transfers. Reading it is work for a task of its own.
async fn read(opening: Opening) -> Result<(Log, History), Error> {
    let mut reading = JoinSet::new();
    reading.spawn(async move {
        let mut history = History::default();
        let log = Log::open_seeing(opening, &mut |line| history.take(line)).await?;
        Ok((log, history))
    });
    match reading.join_next().await {
        Some(Ok(read)) => read,
        // It was stopped in the middle, because we are stopping.
        Some(Err(_)) | None => Err(Error::Contended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_inception_is_one_in_beijing() {
        let day = "2026-05-09".parse().unwrap();
        for (at, expected) in [
            ("2026-05-08T15:59:59Z", false),
            ("2026-05-08T16:00:00Z", true),
            ("2026-05-09T15:59:59Z", true),
            ("2026-05-09T16:00:00Z", false),
        ] {
            assert_eq!(is_inception(Some(day), at.parse().unwrap()), expected, "{at}");
        }
        assert!(!is_inception(None, "2026-05-09T00:00:00Z".parse().unwrap()));
    }
}
