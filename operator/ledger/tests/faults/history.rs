//! What was acknowledged and what was signed, compared with what a store holds in the end.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use bund_ledger::{
    Entry, EntryId, Event, Header, LogName, Manifest, ShardName, SignedCheckpoint, Store, Tiles, Tree, paths,
};
use bytes::Bytes;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::{Digest as _, Sha256};
use tlog_tiles::{Hash, record_hash};

/// What callers were told, and what anybody can have seen.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Where the events are that somebody was told of.
    pub acknowledged: BTreeMap<EntryId, (ShardName, u64)>,
    /// The texts of all checkpoints that were ever signed.
    pub signed: BTreeSet<String>,
    contradictions: Vec<String>,
}

/// A shard, as another reads it who has nothing but the store.
pub struct ShardRead {
    pub manifest: Manifest,
    pub entries: Vec<Entry>,
    /// The root at every size.
    roots: Vec<Hash>,
    tiles: Tiles,
}

impl History {
    /// Notes what a caller was told. Nobody is told two things of one event.
    pub fn acknowledge(&mut self, id: &EntryId, place: (ShardName, u64)) {
        let told = *self.acknowledged.entry(id.clone()).or_insert(place);
        if told != place {
            self.contradictions.push(format!("{} was told to be at {told:?}, and at {place:?}", id.as_str()));
        }
    }

    /// Everything that was acknowledged is there, once, in its place; every checkpoint that was ever signed is a prefix of
    /// what is there; every tile and checkpoint that is needed to read it is there.
    pub async fn check(&self, store: &dyn Store) -> Result<BTreeMap<ShardName, ShardRead>> {
        ensure!(self.contradictions.is_empty(), "{:#?}", self.contradictions);
        let shards = read(store).await?;
        let mut places = BTreeMap::new();
        for (name, shard) in &shards {
            for (index, entry) in (0..).zip(&shard.entries) {
                let before = places.insert(entry.id.clone(), (*name, index));
                ensure!(before.is_none(), "{} is there twice: {name} {index}, {before:?}", entry.id.as_str());
            }
        }
        for (id, place) in &self.acknowledged {
            let found = places.get(id);
            ensure!(found == Some(place), "{} was told to be at {place:?}, and is at {found:?}", id.as_str());
        }
        for text in &self.signed {
            let checkpoint = SignedCheckpoint::unverified(text)?;
            let of = shards.values().find(|shard| shard.manifest.origin == checkpoint.origin);
            let shard = of.with_context(|| format!("no shard for what was signed: {text}"))?;
            let root = usize::try_from(checkpoint.size).ok().and_then(|size| shard.roots.get(size));
            ensure!(
                root == Some(&checkpoint.root),
                "what was signed is no prefix of {}: {text}",
                checkpoint.origin
            );
        }
        Ok(shards)
    }
}

/// Reads all that a store holds without the code that wrote it.
pub async fn read(store: &dyn Store) -> Result<BTreeMap<ShardName, ShardRead>> {
    let mut shards = BTreeMap::new();
    for name in store.names("").await? {
        if let Ok(shard) = name.parse() {
            shards.insert(shard, read_shard(store, shard).await.with_context(|| format!("shard {shard}"))?);
        }
    }
    let names: Vec<LogName> = shards.values().map(|shard: &ShardRead| shard.manifest.name.clone()).collect();
    ensure!(names.windows(2).all(|two| two[0] == two[1]), "shards of several logs: {names:?}");
    Ok(shards)
}

async fn read_shard(store: &dyn Store, name: ShardName) -> Result<ShardRead> {
    let manifest = get(store, &paths::manifest(name)).await?;
    let mut previous = hex(&manifest);
    let manifest = Manifest::read("log.json", &manifest, name)?;
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut shard =
        ShardRead { manifest, entries: Vec::new(), roots: vec![root(&other)], tiles: Tiles::new() };
    let (mut tree, mut bundle) = (Tree::default(), Vec::new());
    let mut commits = store.list(&paths::commits(name)).await?;
    commits.sort();
    for (seq, path) in (0..).zip(&commits) {
        ensure!(*path == paths::commit(name, seq), "{path} where commit {seq} should be");
        let bytes = get(store, path).await?;
        let mut lines = bytes.strip_suffix(b"\n").context("no end")?.split(|byte| *byte == b'\n');
        let header: Header = serde_json::from_slice(lines.next().context("empty")?)?;
        let before = (header.seq, header.size, header.root.clone(), header.previous.clone());
        let expected = (seq, other.len(), root(&other).to_string(), previous);
        ensure!(before == expected, "{path}: {before:?}, and {expected:?} follows");
        for line in lines {
            shard.entries.push(Entry::read(line)?);
            other.push(line.to_vec());
            tree.push(record_hash(line), &mut shard.tiles);
            shard.roots.push(root(&other));
            bundle.extend(u16::try_from(line.len())?.to_be_bytes());
            bundle.extend(line);
            if other.len().is_multiple_of(256) {
                let path = bund_ledger::tile_path("entries", other.len() / 256 - 1, 256);
                shard.tiles.push((path, std::mem::take(&mut bundle).into()));
            }
        }
        ensure!((header.new_size, header.new_root) == (other.len(), root(&other).to_string()), "{path}");
        previous = hex(&bytes);
    }
    if !bundle.is_empty() {
        let width = usize::try_from(other.len() % 256)?;
        shard.tiles.push((bund_ledger::tile_path("entries", other.len() / 256, width), bundle.into()));
    }
    shard.tiles.extend(tree.partial());
    Ok(shard)
}

impl ShardRead {
    /// Everything that is committed is published: the tiles, and the checkpoint. The current checkpoint may be an older
    /// one, where a late answer put it back; whoever reads looks for the largest.
    pub async fn is_published(&self, store: &dyn Store, name: ShardName) -> Result<()> {
        let size = self.entries.len() as u64;
        for (path, expected) in &self.tiles {
            let found = get(store, &paths::tile(name, path)).await?;
            ensure!(found == *expected, "{name}/{path} is not what follows from the commits");
        }
        for path in [paths::checkpoint(name), paths::checkpoint_at(name, size)] {
            let text = String::from_utf8(get(store, &path).await?.to_vec())?;
            let checkpoint = SignedCheckpoint::unverified(&text)?;
            ensure!(checkpoint.origin == self.manifest.origin, "{path} is of {}", checkpoint.origin);
        }
        Ok(())
    }

    /// The log's own entries are where they must be.
    pub fn begins_and_ends(&self, closed: bool) -> Result<()> {
        for (index, entry) in self.entries.iter().enumerate() {
            let first = matches!(entry.event, Event::LogOpened { .. });
            let last = matches!(entry.event, Event::LogClosed { .. });
            if first != (index == 0) || last != (closed && index + 1 == self.entries.len()) {
                bail!("{}: entry {index} is {:?}", self.manifest.origin, entry.event);
            }
        }
        ensure!(self.entries.windows(2).all(|two| two[0].at <= two[1].at), "time goes back");
        ensure!(!self.entries.is_empty(), "{} is empty", self.manifest.origin);
        Ok(())
    }
}

async fn get(store: &dyn Store, path: &str) -> Result<Bytes> {
    store.get(path).await?.with_context(|| format!("{path} is missing"))
}

fn root(tree: &MemoryBackedTree<Sha256, Vec<u8>>) -> Hash {
    let mut hash = Hash([0; 32]);
    hash.0.copy_from_slice(tree.root().as_bytes());
    hash
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}
