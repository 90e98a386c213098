//! How proofs are made: from the tiles of a log, which are checked against its checkpoint on the way.

use std::cell::RefCell;
use std::collections::HashMap;

use bytes::Bytes;
use tlog_tiles::{Hash, Tile, TileHashReader, TileReader, prove_record, prove_tree};

use super::{LARGEST_TREE, Proof};
use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::entry::{EntryId, Moments};
use crate::log::paths;
use crate::name::ShardName;
use crate::read::{Bundle, WIDTH};
use crate::store::{Store, StoreError};
use crate::tree::tile_path;

/// The height of a tile: 256 hashes.
const HEIGHT: u8 = 8;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The checkpoint cannot be read.
    #[error("`{path}` cannot be read")]
    Checkpoint {
        /// The object.
        path: String,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// Something is not there.
    #[error("`{0}` is missing")]
    Missing(String),
    /// The log has no such entry.
    #[error("{shard} has {size} published entries, and no entry {index}")]
    Beyond {
        /// The shard.
        shard: ShardName,
        /// As many entries as its checkpoint covers.
        size: u64,
        /// The index that was asked for.
        index: u64,
    },
    /// What the log holds contradicts itself.
    #[error("{0} contradicts its checkpoint: see `bund ledger verify`")]
    Contradiction(ShardName),
}

/// A proof that the entry at `index` is in a shard, in the tree of its last checkpoint. It carries the entry.
pub async fn prove(store: &dyn Store, shard: ShardName, index: u64) -> Result<Proof, Unproven> {
    let checkpoint = published(store, shard).await?;
    let size = checkpoint.size;
    if index >= size {
        return Err(Unproven::Beyond { shard, size, index });
    }
    let path = over_tiles(store, shard, &checkpoint, |hashes| prove_record(size, index, hashes)).await?;
    let entry = entry(store, shard, size, index).await?;
    let proof = Proof { entry: Some(entry.clone()), index, path, checkpoint: checkpoint.text };
    proof.check(&entry).map_err(|_| Unproven::Contradiction(shard))?;
    Ok(proof)
}

/// A proof that the tree of the last checkpoint of a shard begins with the one that had `old` entries, and that checkpoint.
pub async fn prove_consistency(
    store: &dyn Store,
    shard: ShardName,
    old: u64,
) -> Result<(Vec<Hash>, SignedCheckpoint), Unproven> {
    let checkpoint = published(store, shard).await?;
    let size = checkpoint.size;
    if !(1..=size).contains(&old) {
        return Err(Unproven::Beyond { shard, size, index: old });
    }
    let path = over_tiles(store, shard, &checkpoint, |hashes| prove_tree(size, old, hashes)).await?;
    Ok((path, checkpoint))
}

/// Where the entry with an id is: the newest shard is looked at first.
pub async fn find(store: &dyn Store, id: &EntryId) -> Result<Option<(ShardName, u64)>, Unproven> {
    let names = store.names("").await?;
    let mut shards: Vec<ShardName> = names.iter().filter_map(|name| name.parse().ok()).collect();
    shards.sort_unstable();
    for shard in shards.into_iter().rev() {
        let size = published(store, shard).await?.size;
        for number in 0..size.div_ceil(WIDTH) {
            let bundle = bundle(store, shard, size, number).await?;
            let has_id = |line: &Bytes| Moments::read(line).is_ok_and(|found| found.id == *id);
            let found = (number * WIDTH..size).zip(bundle.lines).find(|(_, line)| has_id(line));
            if let Some((index, _)) = found {
                return Ok(Some((shard, index)));
            }
        }
    }
    Ok(None)
}

pub(crate) async fn published(store: &dyn Store, shard: ShardName) -> Result<SignedCheckpoint, Unproven> {
    let path = paths::checkpoint(shard);
    let Some(bytes) = store.get(&path).await? else { return Err(Unproven::Missing(path)) };
    let text = String::from_utf8_lossy(&bytes);
    let checkpoint = SignedCheckpoint::unverified(&text);
    let checkpoint = checkpoint.map_err(|source| Unproven::Checkpoint { path, source })?;
    if checkpoint.size > LARGEST_TREE { Err(Unproven::Contradiction(shard)) } else { Ok(checkpoint) }
}

async fn entry(store: &dyn Store, shard: ShardName, size: u64, index: u64) -> Result<Bytes, Unproven> {
    let bundle = bundle(store, shard, size, index / WIDTH).await?;
    let place = usize::try_from(index % WIDTH).ok();
    place.and_then(|place| bundle.lines.get(place).cloned()).ok_or_else(|| {
        Unproven::Missing(paths::tile(
            shard,
            &tile_path("entries", index / WIDTH, width(size, index / WIDTH)),
        ))
    })
}

pub(crate) async fn bundle(
    store: &dyn Store,
    shard: ShardName,
    size: u64,
    number: u64,
) -> Result<Bundle, Unproven> {
    let bytes = tile(store, shard, "entries", number, width(size, number)).await?;
    Bundle::read(&bytes).map_err(|_| Unproven::Contradiction(shard))
}

/// As many hashes or entries as tile `number` has where its level has `size`.
fn width(size: u64, number: u64) -> usize {
    usize::try_from(size.saturating_sub(number * WIDTH).min(WIDTH)).unwrap_or_default()
}

/// Reads a tile; where a narrower one was asked for and deleted since, the full one.
async fn tile(
    store: &dyn Store,
    shard: ShardName,
    level: &str,
    number: u64,
    width: usize,
) -> Result<Bytes, Unproven> {
    let path = paths::tile(shard, &tile_path(level, number, width));
    if let Some(bytes) = store.get(&path).await? {
        return Ok(bytes);
    }
    let full = paths::tile(shard, &tile_path(level, number, 256));
    store.get(&full).await?.ok_or(Unproven::Missing(path))
}

/// Does `work` with the hashes of a tree, after it was seen which tiles that takes.
async fn over_tiles<T>(
    store: &dyn Store,
    shard: ShardName,
    checkpoint: &SignedCheckpoint,
    work: impl Fn(&TileHashReader<'_>) -> Result<T, tlog_tiles::Error>,
) -> Result<T, Unproven> {
    let mut tiles = Fetched::default();
    loop {
        match work(&TileHashReader::new(checkpoint.size, checkpoint.root, &tiles)) {
            Ok(done) => return Ok(done),
            Err(_) if tiles.missing.borrow().is_empty() => return Err(Unproven::Contradiction(shard)),
            Err(_) => {}
        }
        for asked in tiles.missing.take() {
            let width = asked.width() as usize;
            let level = asked.level().to_string();
            let bytes = tile(store, shard, &level, asked.level_index(), width).await?;
            let wanted = bytes.get(..width * size_of::<Hash>());
            let wanted = wanted.ok_or(Unproven::Contradiction(shard))?.to_vec();
            tiles.found.insert(asked, wanted);
        }
    }
}

/// Tiles that were read, and those that are to be.
#[derive(Default)]
struct Fetched {
    found: HashMap<Tile, Vec<u8>>,
    missing: RefCell<Vec<Tile>>,
}

impl TileReader for Fetched {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let missing: Vec<Tile> =
            tiles.iter().filter(|tile| !self.found.contains_key(tile)).copied().collect();
        self.missing.borrow_mut().extend(missing);
        tiles.iter().map(|tile| self.found.get(tile).cloned().ok_or(tlog_tiles::Error::InvalidTile)).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}
