//! The tree of RFC 6962, kept as the edge of its tiles.

use bytes::Bytes;
use tlog_tiles::{EMPTY_HASH, HASH_SIZE, Hash, node_hash};

/// As many hashes as a full tile has.
const WIDTH: usize = 256;

/// The tree of as many leaves as were pushed: of every level the hashes of the tile that is not full yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    size: u64,
    edge: Vec<Vec<Hash>>,
}

/// Tiles, each with its path below a shard.
pub type Tiles = Vec<(String, Bytes)>;

impl Tree {
    /// As many leaves as it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        let mut right = None;
        for level in &self.edge {
            let hashes: Vec<Hash> = level.iter().copied().chain(right).collect();
            right = subtree(&hashes);
        }
        right.unwrap_or(EMPTY_HASH)
    }

    /// Adds a leaf, and to `full` the tiles that are full with it.
    pub fn push(&mut self, leaf: Hash, full: &mut Tiles) {
        let mut hash = leaf;
        let mut number = self.size;
        self.size += 1;
        for level in 0.. {
            if self.edge.len() == level {
                self.edge.push(Vec::new());
            }
            let Some(tile) = self.edge.get_mut(level) else { return };
            tile.push(hash);
            if tile.len() < WIDTH {
                return;
            }
            number /= WIDTH as u64;
            full.push((tile_path(&level.to_string(), number, WIDTH), bytes(tile)));
            let Some(parent) = subtree(tile) else { return };
            tile.clear();
            hash = parent;
        }
    }

    /// The tiles that are not full.
    pub fn partial(&self) -> Tiles {
        let mut tiles = Tiles::new();
        let mut number = self.size;
        for (level, tile) in self.edge.iter().enumerate() {
            number /= WIDTH as u64;
            if !tile.is_empty() {
                tiles.push((tile_path(&level.to_string(), number, tile.len()), bytes(tile)));
            }
        }
        tiles
    }
}

/// The path of tile `number` of a level (a number, or `entries`), of which `width` hashes or entries are there: below a
/// shard, as C2SP tlog-tiles has it.
pub fn tile_path(level: &str, number: u64, width: usize) -> String {
    let mut path = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < WIDTH { format!("tile/{level}/{path}.p/{width}") } else { format!("tile/{level}/{path}") }
}

fn bytes(tile: &[Hash]) -> Bytes {
    let mut bytes = Vec::with_capacity(tile.len() * HASH_SIZE);
    for hash in tile {
        bytes.extend_from_slice(&hash.0);
    }
    bytes.into()
}

/// The root over hashes of one level; the last may stand for fewer leaves than the others.
fn subtree(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [] => None,
        [hash] => Some(*hash),
        _ => {
            let (left, right) = hashes.split_at_checked(hashes.len().next_power_of_two() / 2)?;
            Some(node_hash(subtree(left)?, subtree(right)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use sha2::Sha256;
    use tlog_tiles::record_hash;

    use super::*;

    #[test]
    fn its_root_is_that_of_another_library_at_every_size() {
        let mut tree = Tree::default();
        let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut full = Tiles::new();
        assert_eq!(tree.root().0, other.root().as_bytes().as_slice());
        for leaf in 0_u32..1100 {
            let leaf = leaf.to_be_bytes().to_vec();
            tree.push(record_hash(&leaf), &mut full);
            other.push(leaf);
            assert_eq!(tree.root().0, other.root().as_bytes().as_slice(), "{}", tree.size());
        }
        let paths: Vec<_> = full.iter().chain(&tree.partial()).map(|(path, _)| path.clone()).collect();
        assert_eq!(
            paths,
            ["tile/0/000", "tile/0/001", "tile/0/002", "tile/0/003", "tile/0/004.p/76", "tile/1/000.p/4"]
        );
    }

    #[test]
    fn the_tiles_of_the_specification() {
        // C2SP tlog-tiles: a tree of size 70,000 has 273 full and one partial tile of 112 at level 0, one full and one
        // partial tile of 17 at level 1, and one partial tile of 1 at level 2.
        let mut tree = Tree::default();
        let mut full = Tiles::new();
        for leaf in 0_u32..70_000 {
            tree.push(record_hash(&leaf.to_be_bytes()), &mut full);
        }
        let of =
            |level: &str| full.iter().filter(|(path, _)| path.starts_with(&format!("tile/{level}/"))).count();
        assert_eq!((of("0"), of("1"), of("2")), (273, 1, 0));
        let partial: Vec<_> = tree.partial().into_iter().map(|(path, _)| path).collect();
        assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(tile_path("0", 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile_path("entries", 1_234_067, 1), "tile/entries/x001/x234/067.p/1");
    }
}
