//! Many callers, one log: what comes in while a commit is under way goes into the next one.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::checkpoint::SignedCheckpoint;
use crate::entry::Draft;
use crate::log::{Appended, Error, Log};
use crate::name::ShardName;

/// As many events as wait.
const QUEUE: usize = 4096;
/// As many events as are committed at once.
const BATCH: usize = 256;
/// How long entries may be committed and not published while others keep coming; and how long until it is tried again
/// after it failed.
const UNPUBLISHED: Duration = Duration::from_millis(500);
/// How long nothing must come before what is committed is published. Whoever waits for one answer before asking for the
/// next thing is not kept waiting for tiles and signatures as well.
const QUIET: Duration = Duration::from_millis(20);
/// How often it is looked whether the store is as it was left, while nothing comes.
const LOOK: Duration = Duration::from_secs(5);

/// What takes events from many callers, and answers each when its event is durable.
#[derive(Clone)]
pub struct Sequencer {
    queue: mpsc::Sender<Asked>,
    standing: watch::Receiver<Standing>,
}

/// How the log stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The shard that entries come into.
    pub shard: ShardName,
    /// As many entries as it has.
    pub size: u64,
    /// The last checkpoint that was published.
    pub published: Option<SignedCheckpoint>,
    /// What went wrong last. Gone as soon as something went well.
    pub failure: Option<Arc<Error>>,
}

/// Why an event is not known to be recorded. Recording it again is safe.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unrecorded {
    /// The log did not take it.
    #[error("the ledger did not take it")]
    Refused(#[source] Arc<Error>),
    /// The log is closed.
    #[error("the ledger is closed")]
    Closed,
}

struct Asked {
    draft: Draft,
    answer: oneshot::Sender<Result<Appended, Unrecorded>>,
}

impl Sequencer {
    /// Starts to write to `log`, with the time that `clock` tells. The task ends when every handle is gone, after
    /// everything is published.
    pub fn start(
        log: Log,
        clock: impl Fn() -> Timestamp + Send + 'static,
    ) -> (Self, impl Future<Output = Log> + Send) {
        let (queue, asked) = mpsc::channel(QUEUE);
        let (tell, standing) = watch::channel(Standing::of(&log, None));
        let run = Run { log, clock, tell };
        (Self { queue, standing }, run.run(asked))
    }

    /// Records an event, and is done when it is durable.
    pub async fn append(&self, draft: Draft) -> Result<Appended, Unrecorded> {
        // One that cannot be an entry must not keep others out.
        draft.check().map_err(|invalid| Unrecorded::Refused(Arc::new(invalid.into())))?;
        let (answer, answered) = oneshot::channel();
        self.queue.send(Asked { draft, answer }).await.map_err(|_| Unrecorded::Closed)?;
        answered.await.map_err(|_| Unrecorded::Closed)?
    }

    /// How the log stands, now and later.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }
}

impl Standing {
    fn of(log: &Log, failure: Option<Arc<Error>>) -> Self {
        Self { shard: log.shard(), size: log.size(), published: log.published().cloned(), failure }
    }
}

/// How many were received, or `None` where it is time for something else.
async fn receive(
    asked: &mut mpsc::Receiver<Asked>,
    batch: &mut Vec<Asked>,
    due: Option<Instant>,
) -> Option<usize> {
    let left = due.map(|due| due.saturating_duration_since(Instant::now()));
    // Even a queue that is never empty does not keep it from being published.
    if left.is_some_and(|left| left.is_zero()) {
        return None;
    }
    timeout(left.map_or(LOOK, |left| left.min(QUIET)), asked.recv_many(batch, BATCH)).await.ok()
}

struct Run<C> {
    log: Log,
    clock: C,
    tell: watch::Sender<Standing>,
}

impl<C: Fn() -> Timestamp> Run<C> {
    async fn run(mut self, mut asked: mpsc::Receiver<Asked>) -> Log {
        let mut batch = Vec::with_capacity(BATCH);
        // When what is not published must be.
        let mut due: Option<Instant> = None;
        loop {
            let failure = match receive(&mut asked, &mut batch, due).await {
                Some(0) => break,
                Some(_) => {
                    let failure = self.append(&mut batch).await;
                    if failure.is_none() {
                        due.get_or_insert_with(|| Instant::now() + UNPUBLISHED);
                    }
                    failure
                }
                None if due.is_some() => {
                    let failure = self.publish().await;
                    due = failure.is_some().then(|| Instant::now() + UNPUBLISHED);
                    failure
                }
                None => self.log.check_store().await.err().map(Arc::new),
            };
            self.tell.send_replace(Standing::of(&self.log, failure));
        }
        self.publish().await;
        self.log
    }

    /// Records a batch and answers: what went wrong with the log.
    async fn append(&mut self, batch: &mut Vec<Asked>) -> Option<Arc<Error>> {
        let (drafts, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|Asked { draft, answer }| (draft, answer)).unzip();
        match self.log.append(&drafts, (self.clock)()).await {
            Ok(appended) => {
                for (answer, appended) in answers.into_iter().zip(appended) {
                    // Whoever asked may have gone; the event is recorded.
                    let _ = answer.send(Ok(appended));
                }
                None
            }
            Err(Error::Invalid(_)) => self.append_each(drafts, answers).await,
            Err(error) => {
                let error = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(Unrecorded::Refused(error.clone())));
                }
                Some(error)
            }
        }
    }

    /// Records events one by one: one that can be no entry keeps no other out, and is no fault of the log.
    async fn append_each(
        &mut self,
        drafts: Vec<Draft>,
        answers: Vec<oneshot::Sender<Result<Appended, Unrecorded>>>,
    ) -> Option<Arc<Error>> {
        let mut failure = None;
        for (draft, answer) in drafts.iter().zip(answers) {
            let outcome = self.log.append(std::slice::from_ref(draft), (self.clock)()).await;
            let outcome = outcome.map_err(Arc::new).and_then(|appended| {
                // One was asked for; what is acknowledged is there.
                appended.first().copied().ok_or_else(|| Arc::new(Error::Contended))
            });
            if let Err(error) = &outcome
                && !matches!(**error, Error::Invalid(_))
            {
                failure = Some(error.clone());
            }
            let _ = answer.send(outcome.map_err(Unrecorded::Refused));
        }
        failure
    }

    async fn publish(&mut self) -> Option<Arc<Error>> {
        let error = self.log.publish().await.err()?;
        tracing::warn!(error = %error, "what is recorded could not be published; it is tried again");
        Some(Arc::new(error))
    }
}
