//! A ledger in a directory, as somebody reads it who has nothing but the directory.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bund_crds::LedgerEventSpec;
use bund_ledger::{Entry, Event};
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::tz::{TimeZone, offset};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The name of ledgers of a test bed.
pub const NAME: &str = "ledger.example.com/e2e";

/// A directory in which operators keep a ledger. It goes when it is dropped.
#[derive(Debug)]
pub struct LedgerFolder {
    folder: TempDir,
}

impl LedgerFolder {
    /// A directory without a ledger.
    pub fn new() -> Result<Self> {
        let folder = Self { folder: tempfile::Builder::new().prefix("ledger-").tempdir()? };
        fs::create_dir(folder.path()).context("a folder for a ledger")?;
        Ok(folder)
    }

    /// Where the ledger is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The configuration of an operator that makes a ledger here today.
    pub fn configuration(&self) -> Value {
        let today = Timestamp::now().to_zoned(TimeZone::fixed(offset(8))).date();
        json!({ "ledger": {
            "name": NAME, "store": { "directory": { "path": self.path() } }, "inception": today.to_string()
        } })
    }

    /// Takes the directory away, as a volume that cannot be reached, until it is brought back.
    pub fn take_away(&self) -> Result<()> {
        Ok(fs::rename(self.path(), self.elsewhere())?)
    }

    /// Brings it back.
    pub fn bring_back(&self) -> Result<()> {
        Ok(fs::rename(self.elsewhere(), self.path())?)
    }

    fn elsewhere(&self) -> PathBuf {
        self.folder.path().join("elsewhere")
    }

    /// Every entry, in order.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for shard in names(&self.path())? {
            let commits = self.path().join(shard).join("commit");
            if !commits.is_dir() {
                continue;
            }
            for name in names(&commits)? {
                // What is left of files that were never whole has other names.
                if !name.contains('#') {
                    let commit = fs::read_to_string(commits.join(&name))?;
                    let lines = commit.lines().skip(1).map(|line| Entry::read(line.as_bytes()));
                    entries.extend(lines.collect::<Result<Vec<_>, _>>().context(name)?);
                }
            }
        }
        Ok(entries)
    }

    /// The events of the cluster that are in it, in order.
    pub fn recorded_events(&self) -> Result<Vec<(String, LedgerEventSpec)>> {
        let recorded = self.entries()?.into_iter().filter_map(|entry| match entry.event {
            Event::Recorded { name, spec } => Some((name, *spec)),
            _ => None,
        });
        Ok(recorded.collect())
    }
}

/// What a folder holds, in order.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
