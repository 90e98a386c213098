//! A log in a folder of its own, to be read by others.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use bund_ledger::{Keys, Log, SecretKey, SignedCheckpoint, policy::Policy, verify::Trust};
use tempfile::TempDir;

use super::{
    logs::{self, SHARD},
    readers::Readers,
};

/// A log in a folder of its own, with the verifier key of its shard beside it.
pub(crate) struct Kept {
    pub(crate) folder: TempDir,
    pub(crate) key: SecretKey,
    pub(crate) log: Log,
}

impl Kept {
    /// One that has begun, with a new key.
    pub(crate) async fn begin() -> Result<Self> {
        Self::begin_with(logs::key()?).await
    }

    /// One that has begun, with this key.
    pub(crate) async fn begin_with(key: SecretKey) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("log"))?;
        logs::write_key(&key, &folder.path().join("vkey"))?;
        let opening = logs::in_folder(&folder.path().join("log"), Keys::of(key.clone()))?;
        let log = Log::init(opening, logs::now()?).await?;
        Ok(Self { folder, key, log })
    }

    /// Appends until it has so many entries, and publishes.
    pub(crate) async fn grow(&mut self, size: u64) -> Result<SignedCheckpoint> {
        while self.log.size() < size {
            let from = self.log.size();
            self.log.append(&logs::drafts(from..size.min(from + 256))?, logs::now()?).await?;
        }
        self.log.publish().await?;
        self.log.published().cloned().context("nothing is published")
    }

    /// Whether both tools accept it with this key, as grown from these checkpoints.
    pub(crate) async fn accepted(&self, readers: &Readers, key: &Path, older: &[PathBuf]) -> Result<()> {
        let shard = self.shard();
        readers.fsck(&shard, key).await?.holds().context("fsck")?;
        readers.verify(whole(key, older, &shard)).await?.holds().context("tlog-verify").map(drop)
    }

    /// The folder of the log.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The folder of its shard.
    pub(crate) fn shard(&self) -> PathBuf {
        self.path().join(SHARD)
    }

    /// What our own verification may rest on: its key, and these checkpoints.
    pub(crate) fn trust(&self, older: &[PathBuf]) -> Result<Trust> {
        let checkpoints = older.iter().map(|path| {
            anyhow::Ok(bund_ledger::verify::Kept {
                place: path.display().to_string(),
                text: fs::read_to_string(path)?,
            })
        });
        let policy = Policy::of_logs(vec![self.key.verifier(None)]);
        Ok(Trust { policy: Some(policy), checkpoints: checkpoints.collect::<Result<_>>()? })
    }

    /// The file with the verifier key of the shard.
    pub(crate) fn vkey(&self) -> PathBuf {
        self.folder.path().join("vkey")
    }

    /// The file with the checkpoint that it had at this size.
    pub(crate) fn checkpoint_at(&self, size: u64) -> PathBuf {
        self.shard().join(format!("checkpoints/{size:020}"))
    }
}

/// The arguments of `tlog-verify` for a whole log.
pub(crate) fn whole<'a>(key: &'a Path, older: &'a [PathBuf], shard: &'a Path) -> Vec<&'a OsStr> {
    let older = older.iter().flat_map(|path| [OsStr::new("-older"), path.as_os_str()]);
    [OsStr::new("-key"), key.as_os_str()].into_iter().chain(older).chain([shard.as_os_str()]).collect()
}
