//! One shard of an export.

use std::collections::BTreeSet;
use std::io;

use tlog_tiles::{HASH_SIZE, Hash, record_hash};

use super::Lines;
use crate::checkpoint::SignedCheckpoint;
use crate::export::contents::Part;
use crate::export::nodes::Nodes;
use crate::export::render::{ENTRIES, Rendered, Renderer};
use crate::log::paths;
use crate::policy::Policy;
use crate::read::{Files, WIDTH};
use crate::tree::tile_path;
use crate::verify::checkpoints::Expected;
use crate::verify::entries::{self, Entries, Told, chain};
use crate::verify::finding::{EXPORT_AGAIN, Findings, entry_place};
use crate::verify::live::Verified;
use crate::verify::{Finding, Severity, Trust};

/// The tree of a shard, whose root its checkpoint names.
pub(super) struct Tree {
    nodes: Nodes,
    checkpoint: SignedCheckpoint,
    passing: Vec<SignedCheckpoint>,
}

/// Computes the tree of a shard: from the entries that are given, and from the tiles for those that are not. `None` where
/// it is not that of its checkpoint.
pub(super) fn tree(
    files: &dyn Files,
    part: &Part,
    lines: &mut Lines<'_>,
    listed: &BTreeSet<String>,
    findings: &mut Findings,
) -> io::Result<Option<Tree>> {
    let path = paths::checkpoint(part.shard);
    let Some(checkpoint) = checkpoint(files, &path, findings)? else { return Ok(None) };
    if checkpoint.size != part.size {
        let what = format!("it is of {} entries, and the export is of {}", checkpoint.size, part.size);
        findings.tampered(path, what, EXPORT_AGAIN);
        return Ok(None);
    }
    let mut tiles = Leaves { files, part, tile: None };
    let mut nodes = Nodes::default();
    for index in 0..part.size {
        let leaf = if part.holds(index) {
            lines.next()?.map(|line| record_hash(&line))
        } else {
            tiles.leaf(index)?
        };
        let Some(leaf) = leaf else {
            let (place, what) = if part.holds(index) {
                (ENTRIES.to_owned(), format!("it ends before {}", entry_place(part.shard, index)))
            } else {
                (tiles.path(index), "it is missing or too short".to_owned())
            };
            findings.tampered(place, what, EXPORT_AGAIN);
            return Ok(None);
        };
        nodes.push(leaf);
    }
    if nodes.root(part.size) != Some(checkpoint.root) {
        let index = tiles.first_other(&nodes)?;
        let place = index.map_or(path, |index| entry_place(part.shard, index));
        let what =
            "the entries do not give the root of the checkpoint: one was changed, added, moved or left out";
        let finding = Finding::new(Severity::Tampered, place, what, EXPORT_AGAIN);
        findings.add(finding.at(part.shard, index));
        return Ok(None);
    }
    let mut passing = Vec::new();
    let below = format!("{}/", paths::checkpoints(part.shard));
    for path in listed.range(below.clone()..).take_while(|path| path.starts_with(&below)) {
        match checkpoint_of(files, path, part, findings)? {
            Some(checkpoint) => passing.push(checkpoint),
            None => return Ok(None),
        }
    }
    Ok(Some(Tree { nodes, checkpoint, passing }))
}

fn checkpoint(
    files: &dyn Files,
    path: &str,
    findings: &mut Findings,
) -> io::Result<Option<SignedCheckpoint>> {
    let Some(bytes) = files.get(path)? else {
        findings.unverifiable(path, "it is missing, so nothing says what the entries must be", EXPORT_AGAIN);
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string());
    match text.and_then(|text| SignedCheckpoint::unverified(text).map_err(|error| chain(&error))) {
        Ok(checkpoint) => Ok(Some(checkpoint)),
        Err(why) => {
            findings.tampered(path, why, EXPORT_AGAIN);
            Ok(None)
        }
    }
}

/// A checkpoint that is kept under its size.
fn checkpoint_of(
    files: &dyn Files,
    path: &str,
    part: &Part,
    findings: &mut Findings,
) -> io::Result<Option<SignedCheckpoint>> {
    let Some(found) = checkpoint(files, path, findings)? else { return Ok(None) };
    if path == paths::checkpoint_at(part.shard, found.size) {
        return Ok(Some(found));
    }
    findings.tampered(
        path,
        format!("it is of {} entries, and is called otherwise", found.size),
        EXPORT_AGAIN,
    );
    Ok(None)
}

/// Reads the entries of a shard, and renders what follows from them.
pub(super) fn entries(
    part: &Part,
    tree: Tree,
    lines: &mut Lines<'_>,
    entries: &mut Entries,
    renderer: &mut Renderer<'_>,
    trust: &Trust,
) -> io::Result<Verified> {
    let Tree { nodes, checkpoint, passing } = tree;
    let mut verified = Verified::new(Told::new(part.shard, checkpoint.origin.clone()));
    verified.size = part.size;
    let shard = Rendered { part, nodes: &nodes, checkpoint: &checkpoint, passing: &passing };
    for index in part.indexes() {
        let line = lines.next()?.filter(|line| nodes.leaf(index) == Some(record_hash(line)));
        let line = line.ok_or_else(|| io::Error::other(format!("`{ENTRIES}` changed while it was read")))?;
        let read = entries::read(&line);
        entries.take(&mut verified.told, index, read.clone());
        if let (0, Some(manifest)) = (index, &verified.told.opened) {
            renderer.begin(&shard, manifest);
        }
        if let Ok(entry) = read {
            renderer.entry(&shard, index, &line, &entry)?;
        }
    }
    if let Some(manifest) = &verified.told.opened {
        renderer.end(&shard, manifest, &verified.told.keys())?;
    }
    check_checkpoints(&mut verified, &nodes, &checkpoint, passing, trust);
    Ok(verified)
}

/// Every checkpoint is that of the tree and signed as it should be; there is one of each set of keys.
fn check_checkpoints(
    verified: &mut Verified,
    nodes: &Nodes,
    last: &SignedCheckpoint,
    passing: Vec<SignedCheckpoint>,
    trust: &Trust,
) {
    let policy: Option<&Policy> = trust.policy.as_ref();
    let name = verified.told.name;
    let period = |told: &Told, size: u64| told.periods.iter().rposition(|period| period.from <= size);
    let periods: BTreeSet<_> = passing.iter().map(|known| period(&verified.told, known.size)).collect();
    if periods.len() != passing.len() || passing.last() != Some(last) {
        let what = "there is not the last checkpoint of each set of keys, and no other";
        verified.told.findings.tampered(paths::checkpoints(name), what, EXPORT_AGAIN);
    }
    for known in passing {
        let expected = Expected::of(&verified.told, known.size, nodes.root(known.size), policy);
        match expected.check(known.text.as_bytes()) {
            Ok(checkpoint) => verified.hold(checkpoint),
            Err((severity, what)) => {
                let place = paths::checkpoint_at(name, known.size);
                verified.told.findings.add(Finding::new(severity, place, what, EXPORT_AGAIN));
            }
        }
    }
    for size in trust.sizes() {
        verified.roots.extend(nodes.root(size).map(|root| (size, root)));
    }
}

/// The leaves of a shard as its tiles have them.
struct Leaves<'f> {
    files: &'f dyn Files,
    part: &'f Part,
    tile: Option<(u64, Vec<Hash>)>,
}

impl Leaves<'_> {
    fn path(&self, index: u64) -> String {
        let number = index / WIDTH;
        let width = usize::try_from((self.part.size - number * WIDTH).min(WIDTH)).unwrap_or_default();
        paths::tile(self.part.shard, &tile_path("0", number, width))
    }

    fn leaf(&mut self, index: u64) -> io::Result<Option<Hash>> {
        let number = index / WIDTH;
        if self.tile.as_ref().is_none_or(|(at, _)| *at != number) {
            let bytes = self.files.get(&self.path(index))?.unwrap_or_default();
            let (hashes, _) = bytes.as_chunks::<HASH_SIZE>();
            self.tile = Some((number, hashes.iter().copied().map(Hash).collect()));
        }
        let hashes = self.tile.as_ref().map(|(_, hashes)| hashes.as_slice()).unwrap_or_default();
        Ok(usize::try_from(index % WIDTH).ok().and_then(|at| hashes.get(at).copied()))
    }

    /// The first entry whose hash is not that of the tiles: where to look first.
    fn first_other(&mut self, nodes: &Nodes) -> io::Result<Option<u64>> {
        for index in 0..self.part.size {
            if self.leaf(index)? != nodes.leaf(index) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}
