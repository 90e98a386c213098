//! Whether a log is what it says: everything is computed again and compared, with what is trusted and with itself.

mod checkpoints;
pub(crate) mod documents;
pub(crate) mod entries;
mod finding;
mod folder;
mod live;
mod report;
mod rules;
mod single;
#[cfg(test)]
mod tests;
mod tiles;
mod trust;
mod whole;

use std::io;
use std::sync::Arc;

use crate::checkpoint::SignedCheckpoint;
use crate::name::ShardName;
use crate::policy::Policy;
use crate::read::Files;
use crate::store::{Store, StoreError};

pub use report::{Finding, Report, Severity, ShardSummary};
pub use single::verify_proof;

use entries::Entries;
use finding::{FOREIGN, Findings};
use whole::Scope;

/// What verification may rest on. None of it should come from where the log comes from.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The keys that are trusted. Without it the keys that the log names for itself are taken, and the report says so.
    pub policy: Option<Policy>,
    /// Checkpoints that somebody kept: the log must have grown from each.
    pub checkpoints: Vec<Kept>,
}

/// A checkpoint that somebody kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where: a file, a pin, an object.
    pub place: String,
    /// The signed checkpoint, as text.
    pub text: String,
}

impl Trust {
    /// The sizes of the checkpoints that were kept.
    fn sizes(&self) -> Vec<u64> {
        let known = self.checkpoints.iter().filter_map(|kept| SignedCheckpoint::unverified(&kept.text).ok());
        known.map(|known| known.size).collect()
    }
}

/// Verifies a log where it is written: commits, entries, tiles, checkpoints and documents. Others may write meanwhile.
pub async fn verify_store(store: &Arc<dyn Store>, trust: &Trust) -> Result<Report, StoreError> {
    let mut findings = Findings::default();
    let mut names: Vec<ShardName> = Vec::new();
    for found in store.names("").await? {
        match found.parse() {
            Ok(shard) => names.push(shard),
            Err(_) if found == "blob" => {}
            // What a file system keeps for itself at the root of a volume.
            Err(_) if found == "lost+found" => {}
            // The folder of a test that ended stays in a directory, empty.
            Err(_) if found == ".probe" && store.list(".probe").await?.is_empty() => {}
            Err(_) if found.starts_with(".probe") || found.contains('#') => {
                findings.warn(
                    found,
                    "it is left over from a test of the store that did not end",
                    "remove it",
                );
            }
            Err(_) => findings.tampered(found, "nothing of a ledger is called that", FOREIGN),
        }
    }
    names.sort_unstable();
    let mut entries = Entries::default();
    let mut shards = Vec::new();
    let sizes = trust.sizes();
    for name in names {
        let shard = live::shard(store, name, &mut entries, &sizes, trust.policy.as_ref()).await?;
        entries.goes_on_after(&shard.told);
        shards.push(shard);
    }
    documents::verify(&**store, &shards, &mut findings).await?;
    Ok(whole::conclude(Report::new(store.place()), shards, trust, Scope::Log, findings))
}

/// Verifies an export. Nothing else is asked: neither a clock nor a network.
pub fn verify_export(files: &dyn Files, trust: &Trust) -> io::Result<Report> {
    let expectation = folder::expect(files, trust)?;
    folder::compare(files, expectation, trust)
}
