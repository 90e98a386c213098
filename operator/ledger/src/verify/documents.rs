//! Documents that are kept beside the log, by their hashes.

use std::collections::{BTreeMap, HashSet};

use super::finding::{CHANGED, Findings, entry_place};
use super::live::Verified;
use crate::commit::hex;
use crate::event::Kept;
use crate::log::paths;
use crate::name::ShardName;
use crate::store::{Store, StoreError};

/// The documents that entries name, by the path of their bytes.
pub(super) fn named(shards: &[Verified]) -> BTreeMap<String, (ShardName, u64, Kept)> {
    let documents = shards.iter().flat_map(|shard| {
        shard.told.documents.iter().map(|(index, kept)| (path(kept), (shard.told.name, *index, kept.clone())))
    });
    documents.collect()
}

/// Where the bytes of a document are.
pub(crate) fn path(kept: &Kept) -> String {
    paths::blob(kept.sha256.as_str())
}

/// Whether the bytes of a document are those that the log names.
pub(super) fn compare(path: &str, kept: &Kept, bytes: &[u8], findings: &mut Findings) {
    if hex(bytes) != kept.sha256.as_str() || bytes.len() as u64 != kept.size {
        findings.tampered(path, "its bytes are not those that the log names", CHANGED);
    }
}

/// A document that is not there: its bytes may have been deleted on purpose.
pub(super) fn missing(shard: ShardName, index: u64, kept: &Kept, findings: &mut Findings) {
    let what = format!("the document `{}` that it names is not here; its hash is", kept.title);
    findings.warn(
        entry_place(shard, index),
        what,
        "ask for the document if you need it, and compare its SHA-256",
    );
}

/// Compares all documents of a store.
pub(super) async fn verify(
    store: &dyn Store,
    shards: &[Verified],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let named = named(shards);
    let mut listed: HashSet<String> = store.list("blob").await?.into_iter().collect();
    for (path, (shard, index, kept)) in named {
        let found = if listed.remove(&path) { store.get(&path).await? } else { None };
        match found {
            Some(bytes) => compare(&path, &kept, &bytes, findings),
            None => missing(shard, index, &kept, findings),
        }
    }
    let mut others: Vec<_> = listed.into_iter().collect();
    others.sort_unstable();
    for path in others {
        // A document is there before its entry: whoever died between has left it.
        findings.warn(path, "no entry names it", "record it once more, or remove it");
    }
    Ok(())
}
