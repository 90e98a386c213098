//! How an export is made from the entries that it holds. Exporting writes what comes out; verifying compares it.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::contents::{self, Contents, Part};
use super::nodes::Nodes;
use crate::checkpoint::SignedCheckpoint;
use crate::commit::{digits, hex};
use crate::entry::Entry;
use crate::key::VerifierKey;
use crate::log::{Manifest, paths};
use crate::policy::Policy;
use crate::proof::Proof;
use crate::read::{Bundle, WIDTH};
use crate::report::{Language, Report};
use crate::tree::tile_path;

/// The entries, one line each.
pub(crate) const ENTRIES: &str = "entries.jsonl";
/// The SHA-256 of every other file, as `sha256sum` writes and reads them.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// The keys, as a policy of C2SP tlog-policy: in each shard with the names that its checkpoints bear, at the top with the newest.
const POLICY: &str = "policy.txt";
/// The report that people read.
const REPORT: &str = "report.html";
/// As many entries as each get a proof of their own. `bund ledger prove` makes proofs from the tiles of larger exports.
const PROVEN: u64 = 10_000;

/// Takes the files of an export, each in one or more pieces, one file after the other.
pub(crate) trait Sink {
    /// The next piece of a file.
    fn append(&mut self, path: &str, piece: &[u8]) -> io::Result<()>;
}

/// Takes the files and keeps nothing.
pub(crate) struct Nowhere;

impl Sink for Nowhere {
    fn append(&mut self, _: &str, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// An export in the making.
pub(crate) struct Renderer<'s> {
    sink: &'s mut dyn Sink,
    has_proofs: bool,
    sums: BTreeMap<String, String>,
    entries: Sha256,
    /// The entries of the bundle that is not full.
    bundle: Vec<Bytes>,
    /// The keys of the shards so far, the newest name of each.
    keys: Vec<VerifierKey>,
    language: Language,
    report: Option<Report>,
}

/// A shard of an export in the making.
pub(crate) struct Rendered<'p> {
    pub(crate) part: &'p Part,
    pub(crate) nodes: &'p Nodes,
    /// The last checkpoint: the one that proofs lead to.
    pub(crate) checkpoint: &'p SignedCheckpoint,
    /// The last checkpoint that each set of keys signed, so that trust passes from one to the next.
    pub(crate) passing: &'p [SignedCheckpoint],
}

impl<'s> Renderer<'s> {
    pub(crate) fn new(contents: &Contents, sink: &'s mut dyn Sink) -> io::Result<Self> {
        let mut renderer = Self {
            sink,
            has_proofs: contents.entries() <= PROVEN,
            sums: BTreeMap::new(),
            entries: Sha256::new(),
            bundle: Vec::new(),
            keys: Vec::new(),
            language: contents.language.parse().map_err(io::Error::other)?,
            report: None,
        };
        renderer.file(contents::PATH, &contents.bytes().map_err(io::Error::other)?)?;
        Ok(renderer)
    }

    /// A whole file.
    pub(crate) fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.sums.insert(path.to_owned(), hex(bytes));
        self.sink.append(path, bytes)
    }

    /// A file that is known by its hash: its bytes are taken as they are.
    pub(crate) fn known(&mut self, path: &str, sha256: &str) {
        self.sums.insert(path.to_owned(), sha256.to_owned());
    }

    /// A shard begins.
    pub(crate) fn begin(&mut self, shard: &Rendered<'_>, manifest: &Manifest) {
        let language = self.language;
        let report = self.report.get_or_insert_with(|| Report::new(manifest.name.clone(), language));
        report.shard(shard.part.shard, manifest, shard.checkpoint);
    }

    /// The next entry of a shard that the export holds.
    pub(crate) fn entry(
        &mut self,
        shard: &Rendered<'_>,
        index: u64,
        line: &Bytes,
        entry: &Entry,
    ) -> io::Result<()> {
        let Rendered { part, nodes, checkpoint, passing: _ } = shard;
        if let Some(report) = &mut self.report {
            report.entry(index, entry);
        }
        for piece in [line.as_ref(), b"\n"] {
            self.entries.update(piece);
            self.sink.append(ENTRIES, piece)?;
        }
        if self.has_proofs {
            let path =
                nodes.inclusion(index).ok_or_else(|| io::Error::other("an entry is not in its tree"))?;
            let proof = Proof { entry: Some(line.clone()), index, path, checkpoint: checkpoint.text.clone() };
            self.file(&format!("proofs/{}/{index}.tlog-proof", part.shard), proof.text().as_bytes())?;
        }
        if part.is_whole() {
            self.bundle.push(line.clone());
            if self.bundle.len() as u64 == WIDTH || index + 1 == part.size {
                let path = tile_path("entries", index / WIDTH, self.bundle.len());
                let bytes = Bundle::bytes(&std::mem::take(&mut self.bundle));
                self.file(&paths::tile(part.shard, &path), &bytes)?;
            }
        }
        Ok(())
    }

    /// What follows from all entries of a shard: its manifest, its keys, its tiles and the current checkpoint.
    pub(crate) fn end(
        &mut self,
        shard: &Rendered<'_>,
        manifest: &Manifest,
        keys: &[VerifierKey],
    ) -> io::Result<()> {
        let Rendered { part, nodes, checkpoint, passing } = shard;
        let name = part.shard;
        self.file(&paths::manifest(name), &manifest.bytes().map_err(io::Error::other)?)?;
        self.file(&paths::checkpoint(name), checkpoint.text.as_bytes())?;
        for checkpoint in *passing {
            self.file(&paths::checkpoint_at(name, checkpoint.size), checkpoint.text.as_bytes())?;
        }
        self.file(&format!("{name}/{POLICY}"), Policy::text_of_logs(keys).as_bytes())?;
        for (path, bytes) in nodes.tiles() {
            self.file(&paths::tile(name, &path), &bytes)?;
        }
        self.keys.retain(|known| !keys.iter().any(|key| key.is_same_key(known)));
        self.keys.extend(keys.iter().cloned());
        Ok(())
    }

    /// What follows from all shards. Says the SHA-256 of every file.
    pub(crate) fn finish(mut self) -> io::Result<BTreeMap<String, String>> {
        let keys = std::mem::take(&mut self.keys);
        self.file(POLICY, Policy::text_of_logs(&keys).as_bytes())?;
        if let Some(report) = self.report.take() {
            self.file(REPORT, report.html().as_bytes())?;
        }
        let entries = std::mem::take(&mut self.entries);
        self.known(ENTRIES, &digits(&entries.finalize()));
        let lines = self.sums.iter().flat_map(|(path, sum)| [sum, "  ", path, "\n"]);
        let sums: String = lines.collect();
        self.file(SUMS, sums.as_bytes())?;
        Ok(self.sums)
    }
}
