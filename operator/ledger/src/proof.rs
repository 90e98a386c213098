//! Proofs that an entry is in the log, and that the log only grew: files that speak for themselves (C2SP tlog-proof).

mod prove;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use tlog_tiles::{Hash, check_record, check_tree, record_hash};

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::entry::LARGEST;

pub use prove::{Unproven, find, prove, prove_consistency};
pub(crate) use prove::{bundle, published};

/// The first line of a proof.
const VERSION: &str = "c2sp.org/tlog-proof@v1";
/// As many entries as a tree may have for its proofs to be looked at: no log is larger.
pub(crate) const LARGEST_TREE: u64 = 1 << 40;
/// As many hashes as the proof of such a tree has at most.
const LONGEST: usize = 41;
/// As many bytes as a proof has at most.
const LARGEST_PROOF: usize = 2 * LARGEST + 1_000_000;

/// A proof that an entry is in the tree of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The line of the entry, if the proof carries it. It counts for nothing until it was hashed.
    pub entry: Option<Bytes>,
    /// The index of the entry.
    pub index: u64,
    /// The hashes from the sibling of the entry to a child of the root.
    pub path: Vec<Hash>,
    /// The signed checkpoint, as text.
    pub checkpoint: String,
}

/// Why something is no proof, or proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum InvalidProof {
    /// It is not written as C2SP tlog-proof says.
    #[error("this is not a proof: {0}")]
    Form(&'static str),
    /// Its checkpoint cannot be read.
    #[error("its checkpoint cannot be read")]
    Checkpoint(#[from] CheckpointError),
    /// It does not lead from the entry to the root.
    #[error("it does not lead from the entry to the root of its checkpoint")]
    Path,
}

impl Proof {
    /// Reads the text of a proof. There is one spelling of each.
    pub fn read(text: &str) -> Result<Self, InvalidProof> {
        if text.len() > LARGEST_PROOF {
            return Err(InvalidProof::Form("it is too large"));
        }
        let rest = text.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('\n'));
        let rest = rest.ok_or(InvalidProof::Form("its first line is not `c2sp.org/tlog-proof@v1`"))?;
        let (head, checkpoint) =
            rest.split_once("\n\n").ok_or(InvalidProof::Form("it has no checkpoint after an empty line"))?;
        let mut lines = head.split('\n').peekable();
        let extra =
            lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let entry = extra.map(|extra| BASE64_STANDARD.decode(extra)).transpose();
        let entry = entry.map_err(|_| InvalidProof::Form("its line `extra` is not base64"))?.map(Bytes::from);
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
        let index = index.ok_or(InvalidProof::Form("it has no line `index NUMBER`"))?;
        let path: Result<Vec<Hash>, _> = lines.take(LONGEST + 1).map(Hash::parse_hash).collect();
        let path = path.map_err(|_| InvalidProof::Form("a line of its path is not a hash"))?;
        let proof = Self { entry, index, path, checkpoint: checkpoint.to_owned() };
        if proof.path.len() <= LONGEST && proof.text() == text {
            Ok(proof)
        } else {
            Err(InvalidProof::Form("it is not written as a proof is"))
        }
    }

    /// The text of the proof.
    pub fn text(&self) -> String {
        let mut text = format!("{VERSION}\n");
        if let Some(entry) = &self.entry {
            text.extend(["extra ", &BASE64_STANDARD.encode(entry), "\n"]);
        }
        text.extend(["index ", &self.index.to_string(), "\n"]);
        for hash in &self.path {
            text.extend([&hash.to_string(), "\n"]);
        }
        text.extend(["\n", &self.checkpoint]);
        text
    }

    /// Whether it leads from the entry to the root of its checkpoint. Whether that is signed is another question.
    pub fn check(&self, entry: &[u8]) -> Result<SignedCheckpoint, InvalidProof> {
        let checkpoint = SignedCheckpoint::unverified(&self.checkpoint)?;
        check_inclusion(&self.path, checkpoint.size, checkpoint.root, self.index, record_hash(entry))?;
        Ok(checkpoint)
    }
}

/// Whether `path` leads from the leaf at `index` to the root of a tree.
pub fn check_inclusion(
    path: &[Hash],
    size: u64,
    root: Hash,
    index: u64,
    leaf: Hash,
) -> Result<(), InvalidProof> {
    if index >= size || size > LARGEST_TREE || path.len() > LONGEST {
        return Err(InvalidProof::Path);
    }
    check_record(&path.to_vec(), size, root, index, leaf).map_err(|_| InvalidProof::Path)
}

/// Whether `path` proves that the tree of `new` begins with that of `old`, each a size and a root.
pub fn check_consistency(path: &[Hash], old: (u64, Hash), new: (u64, Hash)) -> Result<(), InvalidProof> {
    if old.0 == 0 || old.0 > new.0 || new.0 > LARGEST_TREE || path.len() > 2 * LONGEST {
        return Err(InvalidProof::Path);
    }
    check_tree(&path.to_vec(), new.0, new.1, old.0, old.1).map_err(|_| InvalidProof::Path)
}
