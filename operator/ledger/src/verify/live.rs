//! A shard as it is written: its commits are followed, and everything that was made from them is compared.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tlog_tiles::Hash;
use tokio::task::spawn_blocking;

use super::checkpoints::Expected;
use super::entries::{self, Entries, Told, chain, compare_manifest};
use super::finding::{CHANGED, DERIVED, FOREIGN, entry_place};
use super::report::{Finding, Severity};
use super::tiles::Tiles;
use crate::checkpoint::SignedCheckpoint;
use crate::commit::{Chain, Damage, Unchecked};
use crate::entry::Entry;
use crate::log::{Manifest, paths};
use crate::name::ShardName;
use crate::policy::Policy;
use crate::store::{Store, StoreError};

/// As many objects as are read in one task.
const CHUNK: usize = 8;
/// As many such tasks as are ahead.
const AHEAD: usize = 4;

/// A shard that was verified.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) told: Told,
    /// As many entries as it has.
    pub(super) size: u64,
    /// The roots that it had at the sizes that were asked for.
    pub(super) roots: HashMap<u64, Hash>,
    /// The sizes of the checkpoints that hold.
    pub(super) signed: Vec<u64>,
    /// The last checkpoint that holds.
    pub(super) last: Option<SignedCheckpoint>,
}

impl Verified {
    pub(super) fn new(told: Told) -> Self {
        Self { told, size: 0, roots: HashMap::new(), signed: Vec::new(), last: None }
    }

    /// Notes a checkpoint that holds.
    pub(super) fn hold(&mut self, checkpoint: SignedCheckpoint) {
        self.signed.push(checkpoint.size);
        if self.last.as_ref().is_none_or(|last| last.size < checkpoint.size) {
            self.last = Some(checkpoint);
        }
    }
}

/// Verifies one shard.
///
/// What is written is written in the order commit, tiles, checkpoint. It is listed in the other order, so that a log into
/// which somebody writes meanwhile is whole as far as it is looked at.
pub(super) async fn shard(
    store: &Arc<dyn Store>,
    name: ShardName,
    entries: &mut Entries,
    kept: &[u64],
    policy: Option<&Policy>,
) -> Result<Verified, StoreError> {
    let current = store.get(&paths::checkpoint(name)).await?;
    let checkpoints = sorted(store.list(&paths::checkpoints(name)).await?);
    let tiles = store.list(&paths::tiles(name)).await?;
    let commits = sorted(store.list(&paths::commits(name)).await?);
    let path = paths::manifest(name);
    let found = store.get(&path).await?;
    let Some(found) = found else { return Ok(unreadable(name, &path, "it is missing")) };
    let manifest = match Manifest::read(&path, &found, name) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(unreadable(name, &path, &chain(&error))),
    };
    let mut verified = Verified::new(Told::new(name, manifest.origin));
    for place in store.names(&name.to_string()).await? {
        if !["log.json", "commit", "tile", "checkpoints", "checkpoint"].contains(&place.as_str()) {
            foreign(&mut verified.told, &format!("{name}/{place}"));
        }
    }
    let mut sizes: Vec<u64> = checkpoints.iter().filter_map(|path| size_of_checkpoint(path, name)).collect();
    sizes.extend(kept);
    sizes.extend(current.as_ref().and_then(|text| checkpoint_size(text)));
    sizes.sort_unstable();
    sizes.dedup();
    let mut tiles = Tiles::new(store.clone(), name, &tiles);
    let chain =
        follow(store, &commits, Chain::of_manifest(&found), entries, &mut verified, &sizes, &mut tiles)
            .await?;
    compare_manifest(&mut verified.told, &path, Some(&found));
    compare_checkpoints(store, &mut verified, &checkpoints, policy).await?;
    compare_current(&mut verified, current.as_deref(), policy);
    if let Some(chain) = chain {
        let signed = verified.last.as_ref().map_or(0, |last| last.size);
        tiles.finish(&chain.tree, signed, &mut verified.told.findings).await?;
        let unsigned = verified.size - signed;
        if unsigned > 0 && verified.last.is_some() {
            let what = format!(
                "{unsigned} entries after {signed} are committed and in no checkpoint yet: no signature covers them"
            );
            verified.told.findings.warn(
                format!("{name}/checkpoint"),
                what,
                "the log publishes them when it is opened, or within a second; verify again then",
            );
        }
    }
    Ok(verified)
}

fn unreadable(name: ShardName, path: &str, what: &str) -> Verified {
    let mut told = Told::new(name, String::new());
    told.findings.tampered(path, what, CHANGED);
    Verified::new(told)
}

fn sorted(mut paths: Vec<String>) -> Vec<String> {
    paths.sort_unstable();
    paths
}

fn foreign(told: &mut Told, path: &str) {
    let finding = if path.contains('#') {
        // What a writer that was killed left of a file that was never whole.
        Finding::new(Severity::Warning, path, "it is left over from a write that did not end", "remove it")
    } else {
        Finding::new(Severity::Tampered, path, "nothing of the log is called that", FOREIGN)
    };
    told.findings.add(finding);
}

/// Follows the commits: the chain that they make, unless one is damaged.
async fn follow(
    store: &Arc<dyn Store>,
    paths: &[String],
    mut chain: Chain,
    entries: &mut Entries,
    verified: &mut Verified,
    sizes: &[u64],
    tiles: &mut Tiles,
) -> Result<Option<Chain>, StoreError> {
    let name = verified.told.name;
    let (commits, others): (Vec<_>, Vec<_>) = paths.iter().cloned().partition(|path| !path.contains('#'));
    for path in &others {
        foreign(&mut verified.told, path);
    }
    verified.roots.insert(0, chain.tree.root());
    let mut reading = stream::iter(commits.chunks(CHUNK).map(<[String]>::to_vec))
        .map(|paths| read_commits(store.clone(), paths))
        .buffered(AHEAD);
    while let Some(commits) = reading.try_next().await? {
        for (path, commit) in commits {
            let expected = paths::commit(name, chain.seq);
            if path != expected {
                let told = &mut verified.told;
                if path > expected {
                    stop(told, verified.size, &expected, "it is missing, and later ones are there");
                } else {
                    foreign(told, &path);
                }
                return Ok(None);
            }
            let mut full = Vec::new();
            let next = commit.and_then(|(commit, read)| Ok((chain.after(&commit, &mut full)?, commit, read)));
            let (next, commit, read) = match next {
                Ok(next) => next,
                Err(damage) => {
                    stop(&mut verified.told, verified.size, &path, &damage.to_string());
                    return Ok(None);
                }
            };
            let wanted = between(sizes, chain.tree.size(), next.tree.size());
            verified.roots.extend(wanted.iter().map(|size| (*size, chain.root_within(&commit, *size))));
            chain = next;
            for (index, entry) in (verified.size..).zip(read) {
                entries.take(&mut verified.told, index, entry);
            }
            verified.size = chain.tree.size();
            tiles.take(commit.lines, full).await?;
        }
    }
    Ok(Some(chain))
}

/// The sizes after `before`, up to `after`.
fn between(sizes: &[u64], before: u64, after: u64) -> &[u64] {
    let first = sizes.partition_point(|size| *size <= before);
    let end = sizes.partition_point(|size| *size <= after);
    sizes.get(first..end).unwrap_or_default()
}

/// Says that nothing after an index can be followed.
fn stop(told: &mut Told, size: u64, path: &str, what: &str) {
    let what = format!("{what}; nothing from {} on can be followed", entry_place(told.name, size));
    let finding = Finding::new(Severity::Tampered, path, what, CHANGED);
    told.findings.add(finding.at(told.name, Some(size)));
}

type ReadCommit = (String, Result<(Unchecked, Vec<Result<Entry, String>>), Damage>);

/// Reads commits and their entries: whether they may follow each other, the caller sees.
async fn read_commits(store: Arc<dyn Store>, paths: Vec<String>) -> Result<Vec<ReadCommit>, StoreError> {
    let place = store.place();
    let failed = move |error| StoreError::new("read", &place, error);
    let joined = failed.clone();
    let reading = tokio::spawn(async move {
        let mut found = Vec::with_capacity(paths.len());
        for path in paths {
            let bytes = store.get(&path).await?;
            found.push((path, bytes));
        }
        let parsing = spawn_blocking(move || {
            let parsed = found.into_iter().map(|(path, bytes)| (path, read_commit(bytes.as_ref())));
            parsed.collect()
        });
        parsing.await.map_err(failed)
    });
    reading.await.map_err(joined)?
}

fn read_commit(bytes: Option<&Bytes>) -> Result<(Unchecked, Vec<Result<Entry, String>>), Damage> {
    let bytes = bytes.ok_or_else(|| Damage::Form("it was there and is missing now".to_owned()))?;
    let commit = Unchecked::read(bytes)?;
    let read = commit.lines.iter().map(entries::read).collect();
    Ok((commit, read))
}

/// The size of which `path` keeps the checkpoint, if it keeps one.
fn size_of_checkpoint(path: &str, name: ShardName) -> Option<u64> {
    let size = path.rsplit('/').next()?.parse().ok()?;
    (path == paths::checkpoint_at(name, size)).then_some(size)
}

fn checkpoint_size(text: &[u8]) -> Option<u64> {
    SignedCheckpoint::unverified(std::str::from_utf8(text).ok()?).ok().map(|checkpoint| checkpoint.size)
}

/// Compares every checkpoint that was ever published with the tree.
async fn compare_checkpoints(
    store: &Arc<dyn Store>,
    verified: &mut Verified,
    paths: &[String],
    policy: Option<&Policy>,
) -> Result<(), StoreError> {
    let name = verified.told.name;
    let mut expected = Vec::new();
    for path in paths {
        match size_of_checkpoint(path, name) {
            Some(size) => {
                let root = verified.roots.get(&size).copied();
                expected.push((path.clone(), Expected::of(&verified.told, size, root, policy)));
            }
            None => foreign(&mut verified.told, path),
        }
    }
    let checked: Vec<_> = stream::iter(expected)
        .map(|(path, expected)| {
            let store = store.clone();
            let place = store.place();
            let checking = tokio::spawn(async move {
                let found = store.get(&path).await?.unwrap_or_default();
                Ok((path, expected.size, expected.check(&found)))
            });
            async move { checking.await.map_err(|error| StoreError::new("read", &place, error))? }
        })
        .buffered(CHUNK)
        .try_collect()
        .await?;
    for (path, size, checked) in checked {
        match checked {
            Ok(checkpoint) => verified.hold(checkpoint),
            Err((severity, what)) => {
                let finding = Finding::new(severity, path, what, CHANGED);
                verified.told.findings.add(finding.at(name, Some(size.saturating_sub(1))));
            }
        }
    }
    Ok(())
}

/// Compares the one object that changes with the copies that do not.
fn compare_current(verified: &mut Verified, current: Option<&[u8]>, policy: Option<&Policy>) {
    let path = paths::checkpoint(verified.told.name);
    let Some(text) = current else {
        let findings = &mut verified.told.findings;
        match verified.signed.len() {
            0 => findings.unverifiable(
                path,
                "nothing is signed yet",
                "open the log: it publishes what is committed",
            ),
            1 => findings.warn(path, "it is not written yet", "open the log: it publishes what is committed"),
            _ => findings.tampered(path, "it is missing", DERIVED),
        }
        return;
    };
    let size = checkpoint_size(text).unwrap_or_default();
    let root = verified.roots.get(&size).copied();
    let checked = Expected::of(&verified.told, size, root, policy).check(text);
    let newest = verified.last.as_ref().map(|last| (last.size, last.text.clone()));
    let findings = &mut verified.told.findings;
    match (checked, newest) {
        (Err((severity, what)), _) => findings.add(Finding::new(severity, path, what, CHANGED)),
        (Ok(_), Some((newest, _))) if newest > size => {
            let what = format!("it is of {size} entries, and one of {newest} was published");
            findings.warn(path, what, "open the log: it publishes the newest one");
        }
        (Ok(_), _) if !verified.signed.contains(&size) => {
            findings.tampered(path, "no copy of it is kept under its size", DERIVED);
        }
        (Ok(_), Some((newest, text_kept))) if newest == size && text_kept.as_bytes() != text => {
            findings.tampered(path, "its copy under its size is another", CHANGED);
        }
        (Ok(_), _) => {}
    }
}
