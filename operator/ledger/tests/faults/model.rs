//! A log on a store in memory that fails in every way, and processes that die at every call.

mod dice;
mod random;
mod single;
mod world;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use bund_ledger::{
    Anchor, AnchorError, Draft, EntryId, Error, Event, Keys, Log, Opening, SecretKey, SignedCheckpoint,
};
use jiff::Timestamp;
use libtest_mimic::Trial;

use crate::history::History;
pub use dice::Dice;
use world::{Process, World};

pub fn trials() -> Vec<Trial> {
    single::trials().into_iter().chain(random::trials()).collect()
}

/// As often as something is tried that failed once.
const TRIES: usize = 12;

/// What a writer does.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// It records events, at this time.
    Append(std::ops::Range<u32>, Timestamp),
    Publish,
    /// It signs with the next key from here on.
    Rotate(Timestamp),
}

/// Everything that all writers share.
struct Model {
    world: Arc<World>,
    memory: Arc<Memory>,
    keys: &'static [SecretKey],
    history: Mutex<History>,
    /// The key that signs, as far as it is known.
    current: AtomicUsize,
    /// What was signed and is lost, which somebody accepted.
    forgiven: BTreeSet<String>,
}

/// A process that writes.
struct Writer {
    process: Process,
    by: &'static str,
    log: Option<Log>,
}

/// An anchor that lasts.
#[derive(Debug, Default)]
struct Memory(Mutex<Option<SignedCheckpoint>>);

#[async_trait]
impl Anchor for Memory {
    fn name(&self) -> String {
        "the memory".to_owned()
    }

    async fn recall(&self) -> Result<Option<String>, AnchorError> {
        Ok(self.0.lock().unwrap().as_ref().map(|known| known.text.clone()))
    }

    async fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), AnchorError> {
        let mut known = self.0.lock().unwrap();
        if !known.as_ref().is_some_and(|it| it.origin == checkpoint.origin && it.size > checkpoint.size) {
            *known = Some(checkpoint.clone());
        }
        Ok(())
    }
}

impl Model {
    fn new(seed: u64, durable: bool) -> Self {
        static KEYS: LazyLock<Vec<SecretKey>> = LazyLock::new(|| {
            let key = || SecretKey::generate("ledger.example.com/test".parse().unwrap());
            std::iter::repeat_with(key).take(8).collect()
        });
        Self {
            world: World::new(seed, durable),
            memory: Arc::default(),
            keys: &KEYS,
            history: Mutex::default(),
            current: AtomicUsize::new(0),
            forgiven: BTreeSet::new(),
        }
    }

    /// What was acknowledged and signed so far.
    fn history(&self) -> History {
        let signed = &self.world.signed() - &self.forgiven;
        let mut history = self.history.lock().unwrap().clone();
        history.signed = signed;
        history
    }

    fn writer(&self, by: &'static str) -> Writer {
        Writer { process: Process::new(&self.world), by, log: None }
    }

    fn opening(&self, writer: &Writer, key: usize) -> Opening {
        Opening {
            store: Arc::new(writer.process.clone()),
            keys: Keys::of(self.keys[key].clone()),
            by: writer.by.to_owned(),
            anchors: vec![self.memory.clone()],
        }
    }

    fn current(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Opens the log, with the next key where the one that is known is retired, or begins it.
    async fn open(&self, writer: &mut Writer, now: Timestamp) -> Result<(), Error> {
        if writer.log.is_some() {
            return Ok(());
        }
        let key = self.current();
        let log = match Log::open(self.opening(writer, key)).await {
            Err(Error::Absent(_)) => match Log::init(self.opening(writer, key), now).await {
                // Another writer was first.
                Err(Error::Present(_)) => Log::open(self.opening(writer, key)).await?,
                begun => begun?,
            },
            Err(Error::OtherKeys { .. }) if key + 1 < self.keys.len() => {
                let log = Log::open(self.opening(writer, key + 1)).await?;
                self.current.fetch_max(key + 1, Ordering::Relaxed);
                log
            }
            opened => opened?,
        };
        writer.log = Some(log);
        Ok(())
    }

    /// Takes a step, and notes what is acknowledged.
    async fn take(&self, writer: &mut Writer, step: &Step) -> Result<(), Error> {
        let (Step::Append(_, now) | Step::Rotate(now)) = step else {
            return match &mut writer.log {
                Some(log) => log.publish().await,
                None => Ok(()),
            };
        };
        self.open(writer, *now).await?;
        let Some(log) = &mut writer.log else { return Ok(()) };
        match step {
            Step::Append(numbers, _) => {
                let drafts: Vec<_> = numbers.clone().map(draft).collect();
                let appended = log.append(&drafts, *now).await?;
                assert_eq!(appended.len(), drafts.len());
                let mut history = self.history.lock().unwrap();
                for (draft, appended) in drafts.iter().zip(appended) {
                    history.acknowledge(&draft.id, (appended.shard, appended.index));
                }
            }
            Step::Rotate(_) => {
                let next = (self.current() + 1).min(self.keys.len() - 1);
                log.rotate(Keys::of(self.keys[next].clone()), *now).await?;
                self.current.fetch_max(next, Ordering::Relaxed);
            }
            Step::Publish => {}
        }
        Ok(())
    }

    /// Everything holds that must hold when the store does what it is asked: a new process opens the log, records and
    /// publishes, and what was acknowledged and signed is there.
    async fn holds(&self, last: Timestamp) -> Result<()> {
        self.world.set(world::Fates::Kind);
        self.world.settle();
        let mut writer = self.writer("judge");
        self.open(&mut writer, last).await.context("the log cannot be opened")?;
        self.take(&mut writer, &Step::Append(0..2, last)).await.context("nothing can be recorded")?;
        self.take(&mut writer, &Step::Publish).await.context("nothing can be published")?;
        let store = Process::new(&self.world);
        let shards = self.history().check(&store).await?;
        for (place, (name, shard)) in (1..).zip(&shards) {
            shard.is_published(&store, *name).await?;
            shard.begins_and_ends(place < shards.len())?;
            let origin = shard.manifest.origin.as_str();
            ensure!(
                place == 1 || shard.manifest.parent.is_some(),
                "{origin} does not know what was before it"
            );
        }
        Ok(())
    }
}

fn draft(number: u32) -> Draft {
    Draft {
        id: EntryId::new(&format!("test:{number}")).unwrap(),
        event: Event::Noted { text: format!("number {number}"), about: None },
        retain_until: None,
    }
}

/// Runs something that depends on nothing but its seeds.
fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}
