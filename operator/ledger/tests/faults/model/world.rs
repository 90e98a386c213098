//! A store in memory whose calls fail in every way that stores do: before and after doing what was asked, late, and
//! without being durable.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bund_ledger::{Created, Store, StoreError};
use bytes::Bytes;
use tokio::sync::Notify;

use super::dice::Dice;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does what was asked, and says so.
    Done,
    /// It fails, and nothing happens.
    Refused,
    /// It happens, is durable, and the answer is lost.
    Unanswered,
    /// It happens, and fails before it is durable.
    Unsynced,
    /// It fails, and happens later.
    Late,
}

impl Fate {
    /// Every way to fail.
    pub const FAILURES: [Self; 4] = [Self::Refused, Self::Unanswered, Self::Unsynced, Self::Late];
}

/// What decides what becomes of calls.
#[derive(Clone, Debug)]
pub enum Fates {
    /// All do what was asked.
    Kind,
    /// So many percent fail, by chance.
    Random { percent: u64 },
    /// The call of this number, counted from now, fails so.
    One { call: u64, fate: Fate },
}

/// A directory, or with `durable` a bucket, where what is there is durable.
#[derive(Debug)]
pub struct World {
    durable: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    fates: Fates,
    /// As many calls as were made since the fates were set.
    calls: u64,
    /// What readers see.
    seen: BTreeMap<String, Bytes>,
    /// What is there after a loss of power.
    disk: BTreeMap<String, Bytes>,
    late: Vec<Change>,
    /// Every checkpoint that anybody tried to write.
    signed: BTreeSet<String>,
}

#[derive(Clone, Debug)]
enum Change {
    Create(String, Bytes),
    Put(String, Bytes),
    Delete(String),
}

impl World {
    pub fn new(seed: u64, durable: bool) -> Arc<Self> {
        let state = State {
            dice: Dice::new(seed),
            fates: Fates::Kind,
            calls: 0,
            seen: BTreeMap::new(),
            disk: BTreeMap::new(),
            late: Vec::new(),
            signed: BTreeSet::new(),
        };
        Arc::new(Self { durable, state: Mutex::new(state) })
    }

    pub fn set(&self, fates: Fates) {
        let mut state = self.state.lock().unwrap();
        state.calls = 0;
        state.fates = fates;
    }

    /// As many calls as were made since the fates were set.
    pub fn calls(&self) -> u64 {
        self.state.lock().unwrap().calls
    }

    pub fn signed(&self) -> BTreeSet<String> {
        self.state.lock().unwrap().signed.clone()
    }

    /// What is late happens now.
    pub fn settle(&self) {
        let mut state = self.state.lock().unwrap();
        for change in std::mem::take(&mut state.late) {
            state.apply(&change, true);
        }
    }

    /// What is not durable is there or is not, by chance; what is late never happens.
    pub fn lose_power(&self) {
        let mut state = self.state.lock().unwrap();
        state.late.clear();
        let paths: BTreeSet<String> = state.seen.keys().chain(state.disk.keys()).cloned().collect();
        for path in paths {
            if state.seen.get(&path) != state.disk.get(&path) && state.dice.happens(50) {
                state.sync(&path);
            }
        }
        state.seen = state.disk.clone();
    }

    /// A copy of everything, as a backup has it.
    pub fn backup(&self) -> BTreeMap<String, Bytes> {
        self.state.lock().unwrap().seen.clone()
    }

    pub fn restore(&self, backup: BTreeMap<String, Bytes>) {
        let mut state = self.state.lock().unwrap();
        state.late.clear();
        state.disk = backup.clone();
        state.seen = backup;
    }
}

impl State {
    fn fate(&mut self) -> Fate {
        self.calls += 1;
        match self.fates {
            Fates::One { call, fate } if call + 1 == self.calls => fate,
            Fates::Kind | Fates::One { .. } => Fate::Done,
            Fates::Random { percent } => {
                if !self.late.is_empty() && self.dice.happens(20) {
                    let index = usize::try_from(self.dice.below(self.late.len() as u64)).unwrap();
                    let change = self.late.remove(index);
                    self.apply(&change, true);
                }
                if self.dice.happens(percent) {
                    Fate::FAILURES[usize::try_from(self.dice.below(4)).unwrap()]
                } else {
                    Fate::Done
                }
            }
        }
    }

    /// Whether it changed something.
    fn apply(&mut self, change: &Change, durable: bool) -> bool {
        let (path, changed) = match change {
            Change::Create(path, bytes) => {
                let free = !self.seen.contains_key(path);
                if free {
                    self.seen.insert(path.clone(), bytes.clone());
                }
                (path, free)
            }
            Change::Put(path, bytes) => {
                self.seen.insert(path.clone(), bytes.clone());
                (path, true)
            }
            Change::Delete(path) => (path, self.seen.remove(path).is_some()),
        };
        if durable && changed {
            self.sync_folder(path);
        }
        changed
    }

    fn sync(&mut self, path: &str) {
        match self.seen.get(path) {
            Some(bytes) => self.disk.insert(path.to_owned(), bytes.clone()),
            None => self.disk.remove(path),
        };
    }

    /// A sync of a folder makes durable what was linked, renamed and deleted in it.
    fn sync_folder(&mut self, path: &str) {
        let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let within = folder(path);
        let paths: BTreeSet<String> = self.seen.keys().chain(self.disk.keys()).cloned().collect();
        for path in paths.iter().filter(|path| folder(path) == within) {
            self.sync(path);
        }
    }
}

/// The store as one process sees it. The process may die at a call.
#[derive(Clone, Debug)]
pub struct Process {
    world: Arc<World>,
    /// As many calls as it lives on.
    life: Arc<Mutex<Option<u64>>>,
    died: Arc<Notify>,
}

impl Process {
    pub fn new(world: &Arc<World>) -> Self {
        Self { world: world.clone(), life: Arc::default(), died: Arc::default() }
    }

    /// It dies at the call of this number, counted from now.
    pub fn live_for(&self, calls: Option<u64>) {
        *self.life.lock().unwrap() = calls;
    }

    /// Does something; `None` if the process died of it.
    pub async fn survive<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.died.notified() => None,
            done = work => Some(done),
        }
    }

    /// Counts a call. Others run before it, or between it and its answer.
    async fn call<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let (before, after) = {
            let dice = &mut self.world.state.lock().unwrap().dice;
            (dice.below(3), dice.below(3))
        };
        for _ in 0..before {
            tokio::task::yield_now().await;
        }
        let last = {
            let mut life = self.life.lock().unwrap();
            let last = *life == Some(0);
            *life = if last { None } else { life.map(|left| left - 1) };
            last
        };
        let done = work(&mut self.world.state.lock().unwrap());
        if last {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        for _ in 0..after {
            tokio::task::yield_now().await;
        }
        done
    }

    async fn change(&self, action: &'static str, change: Change) -> Result<bool, StoreError> {
        let durable = self.world.durable;
        self.call(move |state| {
            let (Change::Create(path, bytes) | Change::Put(path, bytes)) = &change else {
                return Ok(state.apply(&change, durable));
            };
            if path.contains("/checkpoint") {
                state.signed.insert(String::from_utf8(bytes.to_vec()).unwrap());
            }
            let failed = Err(failure(action, path));
            match state.fate() {
                Fate::Done => Ok(state.apply(&change, true)),
                Fate::Refused => failed,
                Fate::Unanswered => {
                    state.apply(&change, true);
                    failed
                }
                Fate::Unsynced => {
                    state.apply(&change, durable);
                    failed
                }
                Fate::Late => {
                    state.late.push(change);
                    failed
                }
            }
        })
        .await
    }

    async fn read<T>(
        &self,
        action: &'static str,
        path: &str,
        work: impl FnOnce(&mut State) -> T,
    ) -> Result<T, StoreError> {
        self.call(|state| match state.fate() {
            Fate::Done => Ok(work(state)),
            _ => Err(failure(action, path)),
        })
        .await
    }
}

fn failure(action: &'static str, path: &str) -> StoreError {
    StoreError { action, path: path.to_owned(), source: Box::new(io::Error::other("injected")) }
}

#[async_trait]
impl Store for Process {
    fn place(&self) -> String {
        "the model".to_owned()
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<Created, StoreError> {
        let created = self.change("create", Change::Create(path.to_owned(), bytes)).await?;
        Ok(if created { Created::Now } else { Created::Before })
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.change("write", Change::Put(path.to_owned(), bytes)).await.map(drop)
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.read("read", path, |state| state.seen.get(path).cloned()).await
    }

    async fn list(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let below = format!("{below}/");
        self.read("list", &below, |state| {
            state.seen.keys().filter(|path| path.starts_with(&below)).cloned().collect()
        })
        .await
    }

    async fn names(&self, within: &str) -> Result<Vec<String>, StoreError> {
        let below = if within.is_empty() { String::new() } else { format!("{within}/") };
        let name = |path: &String| Some(path.strip_prefix(&below)?.split('/').next()?.to_owned());
        let names = self.read("list", within, |state| state.seen.keys().filter_map(name).collect());
        Ok(names.await.map(|names: BTreeSet<String>| names.into_iter().collect())?)
    }

    async fn delete(&self, paths: &[String]) -> Result<(), StoreError> {
        for path in paths {
            self.change("delete", Change::Delete(path.clone())).await?;
        }
        Ok(())
    }

    async fn persist(&self, path: &str) -> Result<(), StoreError> {
        self.read("sync", path, |state| state.sync_folder(path)).await
    }
}
