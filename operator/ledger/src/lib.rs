//! The record of Bund: an append-only Merkle log that others can verify without our code.
//!
//! What happened is an [`Entry`]: one line of JSON. Entries are the leaves of a tree with the hashes of RFC 6962; the tree
//! is kept as tiles (C2SP tlog-tiles) whose state is told by signed checkpoints (C2SP tlog-checkpoint, signed-note).
//! The one thing that orders entries is a commit, which a [`Store`] creates only where there is none; tiles and checkpoint
//! are made from the commits and can be made again.
//!
//! Hashes, entries, commits, keys and proofs are pure: they do no I/O and read no clock. [`Log`] reads and writes, through
//! the traits [`Store`] and [`Anchor`]; who calls it says what time it is.

mod anchor;
mod canonical;
mod checkpoint;
mod commit;
mod entry;
mod event;
pub mod export;
#[cfg(test)]
mod fuzz;
mod key;
mod log;
mod name;
pub mod policy;
pub mod proof;
pub mod read;
pub mod report;
mod sequencer;
mod store;
mod tree;
pub mod verify;

pub use anchor::{Anchor, AnchorError, Pin};
pub use checkpoint::{CheckpointError, SignedCheckpoint};
pub use commit::{Commit, Damage, Header};
pub use entry::{Draft, Entry, EntryId, Invalid, LARGEST, Moments};
pub use event::{Enforcement, Event, Kept, Place};
pub use key::{InvalidKey, Keys, SecretKey, VerifierKey};
pub use log::{Appended, Error, KeptShard, Log, Loss, Manifest, Opening, Parent, Seen, paths};
pub use name::{InvalidLogName, LogName, ShardName};
pub use sequencer::{Sequencer, Standing, Unrecorded};
pub use store::{Created, Directory, Objects, Store, StoreError, Unfit, probe};
pub use tlog_tiles::Hash;
pub use tree::{Tiles, Tree, tile_path};
