//! Every node of the tree of a shard, from which its tiles, roots and proofs are made.

use bytes::{Bytes, BytesMut};
use tlog_tiles::{
    EMPTY_HASH, Error, Hash, HashReader, node_hash, prove_record, split_stored_hash_index, tree_hash,
};

use crate::tree::tile_path;

/// As many hashes as a full tile has.
const TILE: usize = 256;
/// As many levels as a tile stands for.
const HEIGHT: usize = 8;

/// Every node of a tree that stands for a full subtree, level by level: 64 bytes for each leaf.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes {
    levels: Vec<Vec<Hash>>,
}

impl Nodes {
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(nodes) = self.levels.get_mut(level) else { return };
            nodes.push(hash);
            match nodes.as_slice() {
                [.., left, right] if nodes.len().is_multiple_of(2) => hash = node_hash(*left, *right),
                _ => return,
            }
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.levels.first().map_or(0, Vec::len) as u64
    }

    /// A leaf.
    pub(crate) fn leaf(&self, index: u64) -> Option<Hash> {
        self.levels.first()?.get(usize::try_from(index).ok()?).copied()
    }

    /// The root that the tree had when it had so many leaves.
    pub(crate) fn root(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(EMPTY_HASH),
            size if size <= self.size() => tree_hash(size, self).ok(),
            _ => None,
        }
    }

    /// The path from a leaf to the root.
    pub(crate) fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        prove_record(self.size(), index, self).ok()
    }

    /// All tiles, each with its path below the shard.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = (String, Bytes)> {
        let levels = self.levels.iter().step_by(HEIGHT).enumerate();
        levels.flat_map(|(level, nodes)| {
            let tiles = (0..).zip(nodes.chunks(TILE));
            tiles.map(move |(number, hashes)| {
                let path = tile_path(&level.to_string(), number, hashes.len());
                let bytes: BytesMut = hashes.iter().flat_map(|hash| hash.0).collect();
                (path, bytes.freeze())
            })
        })
    }
}

impl HashReader for Nodes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let read = indexes.iter().map(|index| {
            let (level, number) = split_stored_hash_index(*index);
            let nodes = self.levels.get(usize::from(level));
            let node = nodes.and_then(|nodes| nodes.get(usize::try_from(number).ok()?));
            node.copied().ok_or(Error::IndexesNotInTree)
        });
        read.collect()
    }
}

#[cfg(test)]
mod tests {
    use tlog_tiles::record_hash;

    use super::*;
    use crate::proof::check_inclusion;
    use crate::tree::Tree;

    #[test]
    fn it_makes_the_tiles_and_roots_of_the_log() {
        let (mut nodes, mut tree, mut full) = (Nodes::default(), Tree::default(), Vec::new());
        for leaf in 0_u32..66_000 {
            let hash = record_hash(&leaf.to_be_bytes());
            nodes.push(hash);
            tree.push(hash, &mut full);
            if leaf % 777 == 0 {
                assert_eq!(nodes.root(nodes.size()), Some(tree.root()));
                assert_eq!(nodes.root(u64::from(leaf) / 2), nodes.clone().root(u64::from(leaf) / 2));
            }
        }
        full.extend(tree.partial());
        full.sort();
        let mut tiles: Vec<_> = nodes.tiles().collect();
        tiles.sort();
        assert_eq!(tiles, full);
        for index in [0, 1, 255, 256, 65_535, 65_536, 65_999] {
            let (path, leaf) = (nodes.inclusion(index).unwrap(), nodes.leaf(index).unwrap());
            check_inclusion(&path, nodes.size(), tree.root(), index, leaf).unwrap();
        }
        assert!(nodes.inclusion(66_000).is_none());
    }
}
