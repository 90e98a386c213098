//! A shard in memory: as much of it as is needed to go on.

use std::collections::HashMap;

use bund_crds::Moment;
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::error::{Error, damaged};
use super::{Manifest, paths};
use crate::checkpoint::SignedCheckpoint;
use crate::commit::{Chain, Commit};
use crate::entry::{Entry, EntryId, Moments};
use crate::event::Event;
use crate::key::VerifierKey;
use crate::name::ShardName;
use crate::read::Bundle;
use crate::tree::{Tiles, tile_path};

/// As many entries as a bundle has.
const WIDTH: usize = 256;

/// A shard, as far as it is needed to go on.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    pub(super) name: ShardName,
    pub(super) manifest: Manifest,
    pub(super) chain: Chain,
    /// When the last entry was recorded.
    pub(super) last: Moment,
    /// The keys that sign, as its entries say.
    pub(super) keys: Vec<String>,
    /// Every key that it ever named: one of them signed each of its checkpoints.
    pub(super) named: Vec<String>,
    /// The entries of the bundle that is not full.
    bundle: Vec<Bytes>,
    /// Full tiles and bundles that are not written yet.
    pub(super) unwritten: Tiles,
    pub(super) published: Option<SignedCheckpoint>,
    /// The shard that goes on, where this one is closed.
    pub(super) next: Option<ShardName>,
    /// The last checkpoint of what was lost before this shard, where somebody accepted that.
    pub(super) lost: Option<String>,
}

/// Which ids are in the log, and where.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids(HashMap<[u8; 16], (ShardName, u64)>);

impl Ids {
    pub(super) fn get(&self, id: &EntryId) -> Option<(ShardName, u64)> {
        self.0.get(&short(id)).copied()
    }

    fn insert(&mut self, id: &EntryId, shard: ShardName, index: u64) {
        self.0.insert(short(id), (shard, index));
    }

    /// Forgets everything before a shard.
    pub(super) fn forget_before(&mut self, shard: ShardName) {
        self.0.retain(|_, (of, _)| *of >= shard);
    }
}

/// Half of a SHA-256: a million of them do not collide, and take little room.
pub(crate) fn short(id: &EntryId) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(id.as_str()).into();
    let mut short = [0; 16];
    short.iter_mut().zip(digest).for_each(|(short, byte)| *short = byte);
    short
}

/// Which entries change what the log itself does.
#[derive(Deserialize)]
struct Kind {
    event: Tag,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "type")]
    tag: Box<str>,
}

impl Shard {
    /// A shard without entries.
    pub(super) fn of_manifest(name: ShardName, manifest: Manifest) -> Result<Self, Error> {
        let chain = Chain::of_manifest(&manifest.bytes()?);
        Ok(Self {
            name,
            chain,
            last: manifest.inception,
            keys: manifest.keys.clone(),
            named: manifest.keys.clone(),
            manifest,
            bundle: Vec::new(),
            unwritten: Tiles::new(),
            published: None,
            next: None,
            lost: None,
        })
    }

    /// The keys that its checkpoints may be signed with.
    pub(super) fn trusted(&self) -> impl Iterator<Item = VerifierKey> {
        self.named.iter().filter_map(|key| VerifierKey::read(key).ok())
    }

    /// Takes the next commit in, as it is stored.
    pub(super) fn take(&mut self, bytes: &Bytes, ids: &mut Ids) -> Result<(), Error> {
        let path = paths::commit(self.name, self.chain.seq);
        let mut full = Tiles::new();
        let (chain, commit) = self.chain.with(bytes, &mut full).map_err(|damage| damaged(&path, &damage))?;
        self.accept(chain, commit, full, ids)
    }

    /// Goes on to `chain`, which `commit` leads to.
    pub(super) fn accept(
        &mut self,
        chain: Chain,
        commit: Commit,
        full: Tiles,
        ids: &mut Ids,
    ) -> Result<(), Error> {
        let path = paths::commit(self.name, self.chain.seq);
        for (index, line) in (self.chain.tree.size()..).zip(commit.lines) {
            let wrong = |why: String| damaged(&path, &format!("entry {index}: {why}"));
            let Moments { at, id, .. } = Moments::read(&line).map_err(|error| wrong(error.to_string()))?;
            if at < self.last || self.next.is_some() {
                return Err(wrong("it comes after what it must come before".to_owned()));
            }
            self.last = at;
            self.mark(&line).map_err(|error| wrong(error.to_string()))?;
            if ids.get(&id).is_some() {
                return Err(wrong(format!("its id {} is there already", id.as_str())));
            }
            ids.insert(&id, self.name, index);
            self.bundle.push(line);
            if self.bundle.len() == WIDTH {
                self.unwritten
                    .push((tile_path("entries", index / WIDTH as u64, WIDTH), Bundle::bytes(&self.bundle)));
                self.bundle.clear();
            }
        }
        self.unwritten.extend(full);
        self.chain = chain;
        Ok(())
    }

    /// Notes what an entry changes in the log itself.
    fn mark(&mut self, line: &[u8]) -> Result<(), crate::entry::Invalid> {
        let Kind { event: Tag { tag } } = serde_json::from_slice(line)?;
        if !matches!(&*tag, "LogOpened" | "LogClosed" | "KeyRotated" | "LossAccepted") {
            return Ok(());
        }
        match Entry::read(line)?.event {
            Event::LogOpened { keys, .. } | Event::KeyRotated { keys, .. } => {
                // Whoever rotated keys may have named them for the shard before, which was closed meanwhile.
                let named = keys.iter().filter_map(|key| VerifierKey::read(key).ok());
                let named = named.filter_map(|key| key.of_shard(&self.manifest.origin).ok());
                self.keys = named.map(|key| key.as_str().to_owned()).collect();
                self.named.extend(self.keys.iter().cloned());
            }
            Event::LogClosed { next } => self.next = Some(next),
            Event::LossAccepted { lost, .. } => self.lost = Some(lost),
            Event::ShardDropped { .. }
            | Event::Recorded { .. }
            | Event::Enforced(_)
            | Event::Document(_)
            | Event::Noted { .. } => {}
        }
        Ok(())
    }

    /// The tiles and the bundle that are not full.
    pub(super) fn partial(&self) -> Tiles {
        let mut tiles = self.chain.tree.partial();
        if !self.bundle.is_empty() {
            let number = self.chain.tree.size() / WIDTH as u64;
            tiles.push((tile_path("entries", number, self.bundle.len()), Bundle::bytes(&self.bundle)));
        }
        tiles
    }
}
