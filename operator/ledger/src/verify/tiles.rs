//! Tiles and bundles of a shard, compared with those that follow from its entries.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::finding::{DERIVED, FOREIGN, Findings};
use crate::log::paths;
use crate::name::ShardName;
use crate::read::{Bundle, WIDTH};
use crate::store::{Store, StoreError};
use crate::tree::{self, Tree, tile_path};

/// As many tiles as are compared in one task.
const CHUNK: usize = 16;
/// As many such tasks as are ahead.
const AHEAD: usize = 4;

/// As many tiles as are kept that are not published yet.
const MOST_ABSENT: usize = 1024;

type Compared = Result<Vec<String>, StoreError>;

/// The tiles of a shard, as they are listed and as they follow.
pub(super) struct Tiles {
    store: Arc<dyn Store>,
    name: ShardName,
    /// What is listed and was not compared yet, by its path below the shard.
    listed: HashSet<String>,
    /// Full tiles that are not there. Where entries are committed and not published yet, they need not be.
    absent: BTreeMap<String, Bytes>,
    /// The entries of the bundle that is not full.
    bundle: Vec<Bytes>,
    bundles: u64,
    pending: tree::Tiles,
    comparing: VecDeque<JoinHandle<Compared>>,
    differing: Vec<String>,
}

/// A tile by its coordinates; `None` as level is that of the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Coordinates {
    level: Option<u32>,
    number: u64,
    width: u64,
}

impl Tiles {
    pub(super) fn new(store: Arc<dyn Store>, name: ShardName, listed: &[String]) -> Self {
        let below = format!("{name}/");
        let listed = listed.iter().filter_map(|path| path.strip_prefix(&below).map(str::to_owned)).collect();
        Self {
            store,
            name,
            listed,
            absent: BTreeMap::new(),
            bundle: Vec::new(),
            bundles: 0,
            pending: Vec::new(),
            comparing: VecDeque::new(),
            differing: Vec::new(),
        }
    }

    /// The next entries, and the tiles that are full with them.
    pub(super) async fn take(&mut self, lines: Vec<Bytes>, full: tree::Tiles) -> Result<(), StoreError> {
        for line in lines {
            self.bundle.push(line);
            if self.bundle.len() as u64 == WIDTH {
                let path = tile_path("entries", self.bundles, self.bundle.len());
                let lines = std::mem::take(&mut self.bundle);
                self.full(path, Bundle::bytes(&lines));
                self.bundles += 1;
            }
        }
        for (path, bytes) in full {
            self.full(path, bytes);
        }
        if self.pending.len() >= CHUNK { self.compare().await } else { Ok(()) }
    }

    fn full(&mut self, path: String, bytes: Bytes) {
        if self.listed.remove(&path) {
            self.pending.push((path, bytes));
        } else {
            // More than that are not unpublished, but deleted: it is enough to say which.
            let bytes = if self.absent.len() < MOST_ABSENT { bytes } else { Bytes::new() };
            self.absent.insert(path, bytes);
        }
    }

    /// Begins to compare what is pending, and waits for what was begun long ago.
    async fn compare(&mut self) -> Result<(), StoreError> {
        let (store, name, tiles) = (self.store.clone(), self.name, std::mem::take(&mut self.pending));
        self.comparing.push_back(tokio::spawn(async move {
            let mut differing = Vec::new();
            for (path, expected) in tiles {
                if store.get(&paths::tile(name, &path)).await?.as_ref() != Some(&expected) {
                    differing.push(path);
                }
            }
            Ok(differing)
        }));
        if self.comparing.len() > AHEAD { self.wait().await } else { Ok(()) }
    }

    async fn wait(&mut self) -> Result<(), StoreError> {
        if let Some(oldest) = self.comparing.pop_front() {
            let done = oldest.await.map_err(|error| StoreError::new("read", &self.store.place(), error))?;
            self.differing.extend(done?);
        }
        Ok(())
    }

    /// Compares what is not full with the tree as it is in the end, of which `signed` entries are published.
    pub(super) async fn finish(
        mut self,
        tree: &Tree,
        signed: u64,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.compare().await?;
        while !self.comparing.is_empty() {
            self.wait().await?;
        }
        for path in std::mem::take(&mut self.differing) {
            let what = "it is not what follows from the entries";
            findings.tampered(paths::tile(self.name, &path), what, DERIVED);
        }
        for path in self.required(signed) {
            findings.tampered(paths::tile(self.name, &path), "it is missing", DERIVED);
        }
        let mut listed: Vec<String> = self.listed.iter().cloned().collect();
        listed.sort_unstable();
        for path in listed {
            self.partial(&path, tree, findings).await?;
        }
        Ok(())
    }

    /// What must be there for a tree of `size` entries, and is not.
    fn required(&self, size: u64) -> Vec<String> {
        let mut missing = Vec::new();
        for path in self.absent.keys() {
            let is_needed = |tile: Coordinates| tile.end().is_some_and(|end| end <= size);
            if Coordinates::read(path).is_some_and(is_needed) {
                missing.push(path.clone());
            }
        }
        let levels = (0..8).map(|level| (Some(level), size >> (8 * level)));
        for (level, count) in levels.chain([(None, size)]) {
            let tile = Coordinates { level, number: count / WIDTH, width: count % WIDTH };
            let full = Coordinates { width: WIDTH, ..tile };
            let is_full =
                full.end().is_some_and(|end| end <= self.size()) && !self.absent.contains_key(&full.path());
            if tile.width > 0 && !is_full && !self.listed.contains(&tile.path()) {
                missing.push(tile.path());
            }
        }
        missing
    }

    fn size(&self) -> u64 {
        self.bundles * WIDTH + self.bundle.len() as u64
    }

    /// A partial tile, needed or left over, is the beginning of the full one.
    async fn partial(&self, path: &str, tree: &Tree, findings: &mut Findings) -> Result<(), StoreError> {
        let place = paths::tile(self.name, path);
        let Some(tile) = Coordinates::read(path).filter(|tile| tile.width < WIDTH) else {
            if path.contains('#') {
                findings.warn(place, "it is left over from a write that did not end", "remove it");
            } else {
                findings.tampered(place, "nothing of the log is called that", FOREIGN);
            }
            return Ok(());
        };
        // It may be gone since it was listed: another writer deletes those of tiles that are full now.
        let Some(found) = self.store.get(&place).await? else { return Ok(()) };
        if self.begins(tile, tree).await?.as_deref() != Some(&*found) {
            findings.tampered(place, "it is not what follows from the entries", DERIVED);
        }
        Ok(())
    }

    /// The bytes of a partial tile, if there are as many hashes or entries.
    async fn begins(&self, tile: Coordinates, tree: &Tree) -> Result<Option<Bytes>, StoreError> {
        let width = usize::try_from(tile.width).unwrap_or_default();
        let full = Coordinates { width: WIDTH, ..tile };
        let is_full = full.end().is_some_and(|end| end <= self.size());
        // A full one that is not as it should be is told of already.
        let whole = match self.absent.get(&full.path()) {
            Some(absent) => Some(absent.clone()),
            None if is_full => self.store.get(&paths::tile(self.name, &full.path())).await?,
            None => None,
        };
        if tile.level.is_none() {
            let lines = match whole {
                Some(whole) => Bundle::read(&whole).map(|bundle| bundle.lines).unwrap_or_default(),
                None if tile.number == self.bundles => self.bundle.clone(),
                None => Vec::new(),
            };
            return Ok(lines.get(..width).map(Bundle::bytes));
        }
        let edge = || {
            let found = tree.partial().into_iter().find_map(|(path, bytes)| {
                let edge = Coordinates::read(&path)?;
                (edge.level == tile.level && edge.number == tile.number).then_some(bytes)
            });
            found.unwrap_or_default()
        };
        let whole = whole.unwrap_or_else(edge);
        let length = width * size_of::<tlog_tiles::Hash>();
        Ok((length <= whole.len()).then(|| whole.slice(..length)))
    }
}

impl Coordinates {
    /// Reads the path of a tile below its shard. There is one spelling of each.
    fn read(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (level, rest) = rest.split_once('/')?;
        let level = if level == "entries" { None } else { Some(level.parse().ok()?) };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok()?),
            None => (rest, WIDTH),
        };
        let number = number.split('/').try_fold(0_u64, |number, part| {
            let part: u64 = part.trim_start_matches('x').parse().ok()?;
            number.checked_mul(1000)?.checked_add(part)
        })?;
        let tile = Self { level, number, width };
        (tile.level.is_none_or(|level| level < 8) && (1..=WIDTH).contains(&width) && tile.path() == path)
            .then_some(tile)
    }

    fn path(self) -> String {
        let level = self.level.map_or_else(|| "entries".to_owned(), |level| level.to_string());
        tile_path(&level, self.number, usize::try_from(self.width).unwrap_or_default())
    }

    /// As many entries as a tree has with it.
    fn end(self) -> Option<u64> {
        let each = WIDTH.checked_pow(self.level.unwrap_or_default())?;
        self.number.checked_mul(WIDTH)?.checked_add(self.width)?.checked_mul(each)
    }
}
