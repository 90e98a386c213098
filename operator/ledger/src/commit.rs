//! Commits: the one thing that orders entries. Each names the one before it by its hash, and nothing in it is free.

use std::fmt::Write as _;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tlog_tiles::{Hash, record_hash};

use crate::tree::{Tiles, Tree};

/// The version of commits.
const VERSION: u8 = 1;

/// The first line of a commit. Everything in it follows from the commits before it and from its own entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// The root of the tree with its entries.
    pub new_root: String,
    /// The size of the tree with its entries.
    pub new_size: u64,
    /// The SHA-256 of the commit before it, in hexadecimal; of `log.json` for the first.
    pub previous: String,
    /// The root of the tree before it.
    pub root: String,
    /// Which commit of the shard this is, from zero.
    pub seq: u64,
    /// The size of the tree before it.
    pub size: u64,
    /// The version of this form.
    pub v: u8,
}

/// A commit: entries that came into the log at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Its bytes, as they are stored.
    pub bytes: Bytes,
    /// The lines of its entries.
    pub lines: Vec<Bytes>,
}

/// A commit that was read and hashed, and compared with nothing yet.
#[derive(Clone, Debug)]
pub(crate) struct Unchecked {
    header: Header,
    /// The header as it is written.
    line: Bytes,
    /// The lines of its entries.
    pub(crate) lines: Vec<Bytes>,
    /// Their hashes.
    leaves: Vec<Hash>,
    digest: String,
    bytes: Bytes,
}

/// What is wrong with a commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is not a header and lines.
    #[error("it is not a commit: {0}")]
    Form(String),
    /// The header is not the one that follows from the commits before and from the entries.
    #[error("`{field}` is {found}, and {expected} follows from what is before it and in it")]
    Follows {
        /// The field of the header.
        field: &'static str,
        /// What would be right.
        expected: String,
        /// What stands there.
        found: String,
    },
}

/// What the commits of a shard say so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    /// The tree.
    pub(crate) tree: Tree,
    /// The number of the next commit.
    pub(crate) seq: u64,
    /// The hash that the next commit names.
    previous: String,
}

impl Chain {
    /// The chain of a shard that has no commit, and this `log.json`.
    pub(crate) fn of_manifest(manifest: &[u8]) -> Self {
        Self { tree: Tree::default(), seq: 0, previous: hex(manifest) }
    }

    /// The next commit, with these entries. Adds to `full` the tiles that are full with them.
    pub(crate) fn next(&self, lines: Vec<Bytes>, full: &mut Tiles) -> Result<(Self, Commit), Damage> {
        let mut tree = self.tree.clone();
        for line in &lines {
            tree.push(record_hash(line), full);
        }
        let header = self.header(&tree);
        let mut bytes =
            serde_json_canonicalizer::to_vec(&header).map_err(|error| Damage::Form(error.to_string()))?;
        bytes.push(b'\n');
        for line in &lines {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        let chain = Self { tree, seq: self.seq + 1, previous: hex(&bytes) };
        Ok((chain, Commit { bytes: bytes.into(), lines }))
    }

    /// The chain with the commit that `bytes` are, and what it holds.
    pub(crate) fn with(&self, bytes: &Bytes, full: &mut Tiles) -> Result<(Self, Commit), Damage> {
        let commit = Unchecked::read(bytes)?;
        let chain = self.after(&commit, full)?;
        Ok((chain, Commit { bytes: commit.bytes, lines: commit.lines }))
    }

    /// The chain with a commit that was read already.
    pub(crate) fn after(&self, commit: &Unchecked, full: &mut Tiles) -> Result<Self, Damage> {
        let mut tree = self.tree.clone();
        for leaf in &commit.leaves {
            tree.push(*leaf, full);
        }
        let expected = self.header(&tree);
        let line = serde_json_canonicalizer::to_vec(&expected);
        if line.map_err(|error| Damage::Form(error.to_string()))? != commit.line {
            return Err(difference(&commit.header, &expected));
        }
        Ok(Self { tree, seq: self.seq + 1, previous: commit.digest.clone() })
    }

    /// The root that the tree has after some of the entries of a commit, when it has `size`.
    pub(crate) fn root_within(&self, commit: &Unchecked, size: u64) -> Hash {
        let mut tree = self.tree.clone();
        for leaf in &commit.leaves {
            if tree.size() < size {
                tree.push(*leaf, &mut Tiles::new());
            }
        }
        tree.root()
    }

    /// Whether the next commit names these bytes as the one before it.
    pub(crate) fn follows(&self, last: &[u8]) -> bool {
        self.previous == hex(last)
    }

    fn header(&self, with: &Tree) -> Header {
        Header {
            new_root: with.root().to_string(),
            new_size: with.size(),
            previous: self.previous.clone(),
            root: self.tree.root().to_string(),
            seq: self.seq,
            size: self.tree.size(),
            v: VERSION,
        }
    }
}

impl Unchecked {
    /// Reads a commit, and hashes what is in it.
    pub(crate) fn read(bytes: &Bytes) -> Result<Self, Damage> {
        let (line, header, lines) = read(bytes)?;
        let leaves = lines.iter().map(|line| record_hash(line)).collect();
        Ok(Self { header, line, lines, leaves, digest: hex(bytes), bytes: bytes.clone() })
    }
}

fn read(bytes: &Bytes) -> Result<(Bytes, Header, Vec<Bytes>), Damage> {
    let form = |what: &str| Damage::Form(what.to_owned());
    let mut lines = Vec::new();
    let mut rest = bytes.clone();
    while !rest.is_empty() {
        let end =
            rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| form("its last line has no end"))?;
        let mut line = rest.split_to(end + 1);
        line.truncate(end);
        lines.push(line);
    }
    if lines.is_empty() {
        return Err(form("it is empty"));
    }
    let line = lines.remove(0);
    let header: Header =
        serde_json::from_slice(&line).map_err(|error| Damage::Form(format!("its header: {error}")))?;
    if lines.is_empty() || lines.iter().any(Bytes::is_empty) {
        return Err(form("an entry is missing or empty"));
    }
    Ok((line, header, lines))
}

/// The first field in which a header differs from the one that follows.
fn difference(found: &Header, expected: &Header) -> Damage {
    let Header { new_root, new_size, previous, root, seq, size, v } = found;
    let fields = [
        ("v", v.to_string(), expected.v.to_string()),
        ("seq", seq.to_string(), expected.seq.to_string()),
        ("previous", previous.clone(), expected.previous.clone()),
        ("size", size.to_string(), expected.size.to_string()),
        ("root", root.clone(), expected.root.clone()),
        ("newSize", new_size.to_string(), expected.new_size.to_string()),
        ("newRoot", new_root.clone(), expected.new_root.clone()),
    ];
    fields.into_iter().find(|(_, found, expected)| found != expected).map_or_else(
        || Damage::Form("its header is not written as RFC 8785 says".to_owned()),
        |(field, found, expected)| Damage::Follows { field, expected, found },
    )
}

/// The SHA-256 in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    digits(&Sha256::digest(bytes))
}

/// A digest in hexadecimal.
pub(crate) fn digits(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
