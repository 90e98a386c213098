//! How a log comes to be, and how it is opened again: everything is read, what was derived is repaired, and what cannot be
//! true is refused. Nothing starts anew in silence.

use std::collections::HashSet;
use std::sync::Arc;

use bund_crds::Moment;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tlog_tiles::Hash;

use super::error::{Error, damaged};
use super::shard::{Ids, Shard};
use super::{Log, Loss, Manifest, Parent, paths};
use crate::anchor::Anchor;
use crate::checkpoint::SignedCheckpoint;
use crate::key::{Keys, VerifierKey};
use crate::name::ShardName;
use crate::store::{Store, probe};

/// As many commits as are read ahead.
const AHEAD: usize = 32;

/// What is needed to open a log.
#[derive(Clone)]
pub struct Opening {
    /// Where it is kept.
    pub store: Arc<dyn Store>,
    /// The keys that sign its checkpoints.
    pub keys: Keys,
    /// Who writes, as entries name it.
    pub by: String,
    /// Memory of checkpoints outside of the store.
    pub anchors: Vec<Arc<dyn Anchor>>,
}

/// What is shown the lines of the entries that are read.
pub type Seen<'s> = &'s mut (dyn FnMut(&[u8]) + Send);

/// A checkpoint that the shard must have grown from.
struct Remembered {
    by: String,
    checkpoint: SignedCheckpoint,
}

/// A log that was read, and what stands against opening it.
struct Found {
    log: Log,
    /// Every checkpoint that is remembered and counts.
    remembered: Vec<Remembered>,
    stopped: Option<Error>,
}

/// A shard that was read, and what became of it.
struct Read {
    shard: Shard,
    /// The roots that it had at the sizes that were asked for.
    roots: Vec<(u64, Hash)>,
    /// Why not all of it could be read.
    stopped: Option<Error>,
}

impl Log {
    /// Makes a log where there is none, in the store or in the memory of an anchor.
    pub async fn init(opening: Opening, now: Timestamp) -> Result<Self, Error> {
        probe(&*opening.store).await?;
        if !shards(&*opening.store).await?.is_empty() {
            return Err(Error::Present(opening.store.place()));
        }
        for anchor in &opening.anchors {
            if anchor.recall().await?.is_some() {
                return Err(Error::Present(anchor.name()));
            }
        }
        let name = ShardName::of_year(now.to_zoned(TimeZone::UTC).year());
        let mut log = Self::empty(opening, name, Moment::of(now))?;
        log.begin(name, None, Moment::of(now)).await?;
        log.publish().await?;
        Ok(log)
    }

    /// Opens a log: reads every commit of the current shard and of the one before, compares them with everything that
    /// remembers a checkpoint, and writes again what was derived from them and is missing.
    pub async fn open(opening: Opening) -> Result<Self, Error> {
        Self::open_seeing(opening, &mut |_| {}).await
    }

    /// Opens a log as [`Self::open`] does, and shows `seen` the line of every entry that it reads, in their order.
    pub async fn open_seeing(opening: Opening, seen: Seen<'_>) -> Result<Self, Error> {
        probe(&*opening.store).await?;
        let Found { log, stopped, .. } = Self::read(opening, seen).await?;
        match stopped {
            Some(stopped) => Err(stopped),
            None => log.ready().await,
        }
    }

    /// Goes on after a loss that somebody accepts: a new shard begins, whose first entries say what was lost and why. Fails
    /// where nothing is lost. What is left of the old shard stays as it is.
    pub async fn accept_loss(opening: Opening, why: &str, now: Timestamp) -> Result<Self, Error> {
        probe(&*opening.store).await?;
        let Found { mut log, remembered, stopped } = Self::read(opening.clone(), &mut |_| {}).await?;
        if stopped.is_none() {
            return Err(Error::Present(log.store.place()));
        }
        let left = log.size();
        let newest =
            remembered.into_iter().max_by_key(|it| (opening.shard_of(&it.checkpoint), it.checkpoint.size));
        let lost = match newest {
            Some(it) => it.checkpoint,
            None => SignedCheckpoint::sign(
                &log.shard.manifest.origin,
                left,
                log.shard.chain.tree.root(),
                &log.keys,
            )?,
        };
        let year = now.to_zoned(TimeZone::UTC).year();
        let latest = opening.shard_of(&lost).map_or(log.shard.name, |of| of.max(log.shard.name));
        let next = if year > latest.year() { ShardName::of_year(year) } else { latest.after_loss() };
        let accepted = Some(Loss { left, why: why.to_owned() });
        let parent = Parent { checkpoint: lost.text, loss: accepted, origin: lost.origin };
        log.begin(next, Some(parent), Moment::of(now).max(log.shard.last)).await?;
        log.publish().await?;
        Ok(log)
    }

    fn empty(opening: Opening, name: ShardName, at: Moment) -> Result<Self, Error> {
        let keys = super::append::verifiers(&opening.keys, name);
        let manifest = Manifest::new(opening.keys.current.name().clone(), name, keys, None, at);
        Ok(Self::of(opening, Shard::of_manifest(name, manifest)?, Ids::default()))
    }

    fn of(opening: Opening, shard: Shard, ids: Ids) -> Self {
        let Opening { store, keys, by, anchors } = opening;
        Self { store, keys, by, anchors, shard, ids }
    }

    /// Reads the current shard and the one before it, and compares them with what is remembered.
    async fn read(opening: Opening, seen: Seen<'_>) -> Result<Found, Error> {
        let (name, before) = current(&*opening.store).await?;
        let texts = remembered(&opening, name).await?;
        let read = texts.iter().filter_map(|(_, text)| SignedCheckpoint::unverified(text).ok());
        let sizes: Vec<_> = read.map(|checkpoint| checkpoint.size).collect();
        let mut trusted: Vec<VerifierKey> = opening.keys.all().map(|key| key.verifier(None)).collect();
        let mut ids = Ids::default();
        if let Some(before) = before {
            // Its ids and keys are wanted; whether it is whole, `verify` says.
            let Read { shard, stopped, .. } = read_shard(&opening, before, &[], &mut ids, seen).await?;
            trusted.extend(shard.trusted());
            if let Some(error @ Error::Store(_)) = stopped {
                return Err(error);
            }
        }
        let Read { shard, roots, stopped } = read_shard(&opening, name, &sizes, &mut ids, seen).await?;
        trusted.extend(shard.trusted());
        let mut found = Found { log: Self::of(opening.clone(), shard, ids), remembered: Vec::new(), stopped };
        if matches!(found.stopped, Some(Error::Store(_))) {
            // Nobody knows what is there.
            return found.stopped.map_or_else(|| Err(Error::Contended), Err);
        }
        for (by, text) in texts {
            match open_remembered(by, &text, &trusted) {
                Ok(it) => {
                    let compared = compare(&it, &opening, &found.log.shard, &roots);
                    found.stopped = found.stopped.or_else(|| compared.err());
                    found.remembered.push(it);
                }
                Err(error) => found.stopped = found.stopped.or(Some(error)),
            }
        }
        Ok(found)
    }

    /// Repairs and publishes what was read.
    async fn ready(mut self) -> Result<Self, Error> {
        self.check_keys()?;
        if self.shard.chain.seq > 0 {
            // Whoever wrote the last commit may have died before it was durable.
            self.store.persist(&paths::commit(self.shard.name, self.shard.chain.seq - 1)).await?;
        } else {
            self.begun().await?;
        }
        self.publish().await?;
        self.enter_next().await?;
        Ok(self)
    }
}

impl Opening {
    fn shard_of(&self, checkpoint: &SignedCheckpoint) -> Option<ShardName> {
        self.keys.current.name().shard_of(&checkpoint.origin)
    }
}

/// The shards of a store, in order.
pub(crate) async fn shards(store: &dyn Store) -> Result<Vec<ShardName>, Error> {
    let mut shards: Vec<ShardName> =
        store.names("").await?.iter().filter_map(|name| name.parse().ok()).collect();
    shards.sort_unstable();
    Ok(shards)
}

/// The shard that entries come into, and the one before it.
async fn current(store: &dyn Store) -> Result<(ShardName, Option<ShardName>), Error> {
    let mut shards = shards(store).await?;
    let name = shards.pop().ok_or_else(|| Error::Absent(store.place()))?;
    Ok((name, shards.pop()))
}

/// What is remembered of checkpoints, and by what: the store itself, and the anchors.
async fn remembered(opening: &Opening, name: ShardName) -> Result<Vec<(String, String)>, Error> {
    let Opening { store, keys: _, by: _, anchors } = opening;
    let mut texts = Vec::new();
    for anchor in anchors {
        if let Some(text) = anchor.recall().await? {
            texts.push((anchor.name(), text));
        }
    }
    let largest = store.list(&paths::checkpoints(name)).await?.into_iter().max();
    for path in largest.into_iter().chain([paths::checkpoint(name)]) {
        if let Some(bytes) = store.get(&path).await? {
            texts.push((path, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(texts)
}

fn open_remembered(by: String, text: &str, trusted: &[VerifierKey]) -> Result<Remembered, Error> {
    let origin = SignedCheckpoint::unverified(text).map_err(|error| damaged(&by, &error))?.origin;
    let checkpoint = SignedCheckpoint::open(text, &origin, trusted)
        .map_err(|error| damaged(&by, &super::append::chain(&error)))?;
    Ok(Remembered { by, checkpoint })
}

/// Reads as much of a shard as can be read.
async fn read_shard(
    opening: &Opening,
    name: ShardName,
    sizes: &[u64],
    ids: &mut Ids,
    seen: Seen<'_>,
) -> Result<Read, Error> {
    let store = &*opening.store;
    let path = paths::manifest(name);
    let found = store.get(&path).await?;
    let manifest = found.ok_or_else(|| damaged(&path, &"it is missing"));
    let manifest = manifest.and_then(|bytes| Manifest::read(&path, &bytes, name));
    let manifest = match manifest {
        Ok(manifest) if manifest.name == *opening.keys.current.name() => manifest,
        Ok(manifest) => {
            return Err(Error::OtherKeys {
                expected: manifest.keys.join(", "),
                given: opening.keys.current.verifier(None).as_str().to_owned(),
            });
        }
        Err(error) => {
            let empty = Log::empty(opening.clone(), name, Moment::of(Timestamp::UNIX_EPOCH))?;
            return Ok(Read { shard: empty.shard, roots: Vec::new(), stopped: Some(error) });
        }
    };
    let mut shard = Shard::of_manifest(name, manifest)?;
    let mut roots = vec![(0, shard.chain.tree.root())];
    // What is there is not made again: nothing but what is missing is kept in memory.
    let below = format!("{name}/");
    let kept = store.list(&paths::tiles(name)).await?;
    let kept = kept.iter().filter_map(|path| path.strip_prefix(&below).map(str::to_owned)).collect();
    let stopped = replay(store, &mut shard, sizes, &mut roots, &kept, ids, seen).await.err();
    Ok(Read { shard, roots, stopped })
}

/// Takes every commit in. None may be missing before the last.
async fn replay(
    store: &dyn Store,
    shard: &mut Shard,
    sizes: &[u64],
    roots: &mut Vec<(u64, Hash)>,
    kept: &HashSet<String>,
    ids: &mut Ids,
    seen: Seen<'_>,
) -> Result<(), Error> {
    let mut paths = store.list(&paths::commits(shard.name)).await?;
    // What is left of files that were never whole has other names.
    paths.retain(|path| !path.contains('#'));
    paths.sort_unstable();
    for (seq, path) in (0..).zip(&paths) {
        let expected = paths::commit(shard.name, seq);
        if *path != expected {
            return Err(damaged(&expected, &"it is missing, and later ones are there"));
        }
    }
    let mut commits = stream::iter(paths)
        .map(|path| async move { store.get(&path).await.map(|bytes| (path, bytes)) })
        .buffered(AHEAD);
    while let Some((path, bytes)) = commits.try_next().await? {
        let bytes = bytes.ok_or_else(|| damaged(&path, &"it is missing"))?;
        shard.take(&bytes, ids)?;
        // The first line is the header, and after the last one there is nothing.
        bytes.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty()).for_each(&mut *seen);
        shard.unwritten.retain(|(path, _)| !kept.contains(path));
        let size = shard.chain.tree.size();
        if sizes.contains(&size) {
            roots.push((size, shard.chain.tree.root()));
        }
    }
    Ok(())
}

/// Whether a shard has grown from a checkpoint.
fn compare(it: &Remembered, opening: &Opening, shard: &Shard, roots: &[(u64, Hash)]) -> Result<(), Error> {
    let Remembered { by, checkpoint } = it;
    let refused = |found: String| Error::Rollback {
        remembered: by.clone(),
        origin: checkpoint.origin.clone(),
        size: checkpoint.size,
        found,
    };
    let of = opening.shard_of(checkpoint).ok_or_else(|| refused("that is another ledger".to_owned()))?;
    if of < shard.name || shard.lost.as_ref() == Some(&checkpoint.text) {
        // What came before this shard is what the shard says of it.
        return Ok(());
    }
    if of > shard.name {
        return Err(refused(format!("the store has nothing after {}", shard.name)));
    }
    let size = shard.chain.tree.size();
    match roots.iter().find(|(at, _)| *at == checkpoint.size) {
        Some((_, root)) if *root == checkpoint.root => Ok(()),
        None if size < checkpoint.size => Err(refused(format!("the store has {size}"))),
        Some(_) | None => Err(refused("the store has other entries".to_owned())),
    }
}
