//! How entries come into a log.

use std::collections::HashSet;

use bund_crds::Moment;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::Error;
use super::{Log, Loss, Manifest, Parent, paths};
use crate::entry::{Draft, Entry, EntryId};
use crate::event::Event;
use crate::key::Keys;
use crate::name::ShardName;
use crate::store::Created;
use crate::tree::Tiles;

/// As many entries as come in at once.
const BATCH: usize = 256;
/// As many bytes as come in at once, about.
const BATCH_BYTES: usize = 1 << 20;
/// How often a commit is tried while others write, or while the store fails.
const TRIES: usize = 8;

/// Where an event is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The shard.
    pub shard: ShardName,
    /// The index of its entry.
    pub index: u64,
    /// Whether it was there before.
    pub created: Created,
}

/// Ids and lines of entries that are to come in at once.
type Batch = (Vec<EntryId>, Vec<Bytes>);

/// What became of a commit.
enum Slot {
    Ours,
    Theirs,
}

impl Log {
    /// Records events, in this order, and is done when they are durable: where each is. An event whose id is there already
    /// is not written again. After an error it is not known which were recorded; recording them again is safe.
    pub async fn append(&mut self, drafts: &[Draft], now: Timestamp) -> Result<Vec<Appended>, Error> {
        let mut created = HashSet::new();
        let mut lost = 0;
        loop {
            self.roll(now).await?;
            let Some((ids, lines)) = self.missing(drafts, now)? else {
                return Ok(self.found(drafts, &created));
            };
            if self.commit(lines).await? {
                created.extend(ids);
            } else {
                lost += 1;
            }
            if lost == TRIES {
                return Err(Error::Contended);
            }
        }
    }

    /// Signs with other keys from here on: those that signed until now and sign no more are retired. Whoever verifies must
    /// know one of the keys that sign; so let the old key sign beside the new one first, and retire it later.
    pub async fn rotate(&mut self, keys: Keys, now: Timestamp) -> Result<(), Error> {
        self.roll(now).await?;
        let after = verifiers(&keys, self.shard.name);
        let retired: Vec<_> = self.shard.keys.iter().filter(|key| !after.contains(key)).cloned().collect();
        let id = format!(
            "log:{}:keys:{}",
            self.shard.manifest.origin,
            crate::commit::hex(after.join(" ").as_bytes())
        );
        let id = EntryId::new(&format!("{id}:{}", self.size()))?;
        let event = Event::KeyRotated { keys: after, retired };
        self.append(&[Draft { id, event, retain_until: None }], now).await?;
        self.keys = keys;
        self.publish().await
    }

    /// The next batch of what is not there yet: ids and lines.
    fn missing(&self, drafts: &[Draft], now: Timestamp) -> Result<Option<Batch>, Error> {
        let at = Moment::of(now).max(self.shard.last);
        let (mut seen, mut ids, mut lines, mut bytes) = (HashSet::new(), Vec::new(), Vec::new(), 0);
        for draft in drafts {
            if self.ids.get(&draft.id).is_some() || !seen.insert(&draft.id) {
                continue;
            }
            let line = Entry::of(draft.clone(), at, &self.by).line()?;
            if lines.len() == BATCH || (bytes + line.len() > BATCH_BYTES && !lines.is_empty()) {
                break;
            }
            bytes += line.len();
            ids.push(draft.id.clone());
            lines.push(line);
        }
        Ok((!lines.is_empty()).then_some((ids, lines)))
    }

    fn found(&self, drafts: &[Draft], created: &HashSet<EntryId>) -> Vec<Appended> {
        let found = drafts.iter().filter_map(|draft| {
            let (shard, index) = self.ids.get(&draft.id)?;
            let created = if created.contains(&draft.id) { Created::Now } else { Created::Before };
            Some(Appended { shard, index, created })
        });
        found.collect()
    }

    /// Commits lines: whether it was us. Otherwise somebody else wrote, and was read.
    pub(super) async fn commit(&mut self, lines: Vec<Bytes>) -> Result<bool, Error> {
        self.check_store().await?;
        let mut full = Tiles::new();
        let path = paths::commit(self.shard.name, self.shard.chain.seq);
        let next = self.shard.chain.next(lines, &mut full);
        let (chain, commit) = next.map_err(|damage| super::error::damaged(&path, &damage))?;
        match self.fill(&path, &commit.bytes).await? {
            Slot::Ours => self.shard.accept(chain, commit, full, &mut self.ids).map(|()| true),
            Slot::Theirs => self.catch_up().await.map(|()| false),
        }
    }

    /// Puts a commit into its slot. An answer that did not come says nothing: the same bytes are tried in the same slot
    /// until somebody says what is there.
    async fn fill(&self, path: &str, bytes: &Bytes) -> Result<Slot, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.store.create(path, bytes.clone()).await {
                Ok(Created::Now) => return Ok(Slot::Ours),
                Ok(Created::Before) => break,
                Err(error) if tries == TRIES / 2 => return Err(error.into()),
                Err(error) => tracing::warn!(error = %chain(&error), path, "a commit is tried again"),
            }
        }
        if self.store.get(path).await?.as_ref() != Some(bytes) {
            return Ok(Slot::Theirs);
        }
        self.store.persist(path).await?;
        Ok(Slot::Ours)
    }

    /// Reads what others wrote. They may have died before it was durable, so nobody is told of it, and nothing that holds
    /// it is signed, before it is.
    pub(super) async fn catch_up(&mut self) -> Result<(), Error> {
        loop {
            let path = paths::commit(self.shard.name, self.shard.chain.seq);
            match self.store.get(&path).await? {
                Some(bytes) => {
                    self.store.persist(&path).await?;
                    self.shard.take(&bytes, &mut self.ids)?;
                }
                None => return self.enter_next().await,
            }
        }
    }

    /// Closes the shard when its year is over, and opens the next one.
    async fn roll(&mut self, now: Timestamp) -> Result<(), Error> {
        self.begun().await?;
        let year = now.to_zoned(TimeZone::UTC).year();
        if year <= self.shard.name.year() {
            return self.enter_next().await;
        }
        let next = ShardName::of_year(year);
        let id = EntryId::new(&format!("log:{}:closed", self.shard.manifest.origin))?;
        let draft = Draft { id, event: Event::LogClosed { next }, retain_until: None };
        while self.shard.name < next && self.shard.next.is_none() {
            let Some((_, lines)) = self.missing(std::slice::from_ref(&draft), now)? else { break };
            self.commit(lines).await?;
        }
        self.enter_next().await
    }

    /// Goes on in the next shard, where this one is closed.
    pub(super) async fn enter_next(&mut self) -> Result<(), Error> {
        let Some(next) = self.shard.next else { return Ok(()) };
        self.publish().await?;
        let Some(last) = self.shard.published.clone() else { return Ok(()) };
        let parent = Parent { checkpoint: last.text, loss: None, origin: last.origin };
        self.begin(next, Some(parent), self.shard.last).await?;
        self.publish().await
    }

    /// Begins a shard, or goes on where somebody else began it.
    pub(super) async fn begin(
        &mut self,
        name: ShardName,
        parent: Option<Parent>,
        inception: Moment,
    ) -> Result<(), Error> {
        let keys = verifiers(&self.keys, name);
        let manifest = Manifest::new(self.name().clone(), name, keys, parent, inception);
        let path = paths::manifest(name);
        if self.store.create(&path, manifest.bytes()?).await? == Created::Before {
            self.store.persist(&path).await?;
        }
        let found = self.store.get(&path).await?.ok_or_else(|| Error::Absent(self.store.place()))?;
        let manifest = Manifest::read(&path, &found, name)?;
        self.ids.forget_before(self.shard.name);
        self.shard = super::Shard::of_manifest(name, manifest)?;
        Box::pin(self.catch_up()).await?;
        self.begun().await
    }

    /// Writes what a shard begins with, where that is not there yet.
    pub(super) async fn begun(&mut self) -> Result<(), Error> {
        while self.shard.chain.seq == 0 {
            let drafts = beginning(&self.shard.manifest)?;
            let Some((_, lines)) = self.missing(&drafts, self.shard.last.0)? else { break };
            Box::pin(self.commit(lines)).await?;
        }
        Ok(())
    }
}

/// What a shard begins with: that it does, and what was lost before it.
fn beginning(manifest: &Manifest) -> Result<Vec<Draft>, Error> {
    let Manifest { inception: _, keys, name: _, origin, parent, v: _ } = manifest;
    let draft = |what: &str, event| {
        let id = EntryId::new(&format!("log:{origin}:{what}"))?;
        Ok::<_, Error>(Draft { id, event, retain_until: None })
    };
    let checkpoint = parent.as_ref().map(|parent| parent.checkpoint.clone());
    let mut drafts = vec![draft(
        "opened",
        Event::LogOpened { origin: origin.clone(), keys: keys.clone(), parent: checkpoint },
    )?];
    if let Some(Parent { checkpoint, loss: Some(Loss { left, why }), origin: _ }) = parent {
        let event = Event::LossAccepted { lost: checkpoint.clone(), left: *left, why: why.clone() };
        drafts.push(draft("loss", event)?);
    }
    Ok(drafts)
}

pub(super) fn verifiers(keys: &Keys, shard: ShardName) -> Vec<String> {
    keys.verifiers(shard).into_iter().map(|key| key.as_str().to_owned()).collect()
}

/// An error with everything that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
