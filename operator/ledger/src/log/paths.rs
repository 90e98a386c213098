//! Where everything lies in the store.

use crate::name::ShardName;

/// What the shard is, written once.
pub fn manifest(shard: ShardName) -> String {
    format!("{shard}/log.json")
}

/// A commit.
pub fn commit(shard: ShardName, seq: u64) -> String {
    format!("{shard}/commit/{seq:020}")
}

/// The folder of the commits.
pub fn commits(shard: ShardName) -> String {
    format!("{shard}/commit")
}

/// The latest checkpoint: the one object that changes.
pub fn checkpoint(shard: ShardName) -> String {
    format!("{shard}/checkpoint")
}

/// The folder of the checkpoints that were published.
pub fn checkpoints(shard: ShardName) -> String {
    format!("{shard}/checkpoints")
}

/// The checkpoint that was published at a size.
pub fn checkpoint_at(shard: ShardName, size: u64) -> String {
    format!("{shard}/checkpoints/{size:020}")
}

/// The folder of tiles and bundles.
pub fn tiles(shard: ShardName) -> String {
    format!("{shard}/tile")
}

/// A tile or bundle, by its path below the shard.
pub fn tile(shard: ShardName, path: &str) -> String {
    format!("{shard}/{path}")
}

/// A document, by its SHA-256 in hexadecimal.
pub fn blob(sha256: &str) -> String {
    format!("blob/sha256/{}/{sha256}", sha256.get(..2).unwrap_or(sha256))
}
