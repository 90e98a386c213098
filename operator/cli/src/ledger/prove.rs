//! Proofs, as files that speak for themselves.

use std::{fmt::Write, path::Path, str::FromStr};

use anyhow::{Context, Result, bail};
use bund_ledger::{
    EntryId, ShardName, SignedCheckpoint, Store,
    proof::{find, prove, prove_consistency},
};

use super::failure::Missing;

/// An entry by its place, such as `2026/17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    shard: ShardName,
    index: u64,
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, String> {
        let parsed = value
            .split_once('/')
            .and_then(|(shard, index)| Some(Self { shard: shard.parse().ok()?, index: index.parse().ok()? }));
        parsed.ok_or_else(|| format!("`{value}` is not the place of an entry: write `2026/17`"))
    }
}

/// A proof of the entry with an id.
pub async fn by_id(store: &dyn Store, id: &EntryId) -> Result<String> {
    let Some((shard, index)) = find(store, id).await? else {
        bail!("no published entry has the id {}", id.as_str());
    };
    entry(store, Asked { shard, index }).await
}

/// A proof of an entry.
pub async fn entry(store: &dyn Store, Asked { shard, index }: Asked) -> Result<String> {
    Ok(prove(store, shard, index).await?.text())
}

/// A proof that a shard has only grown since somebody kept a checkpoint: what C2SP tlog-witness sends to a witness.
pub async fn growth(store: &dyn Store, kept: &Path) -> Result<String> {
    let text = std::fs::read_to_string(kept)
        .map_err(|error| Missing(format!("{} cannot be read: {error}", kept.display())))?;
    let old = SignedCheckpoint::unverified(&text)
        .with_context(|| format!("{} is no checkpoint", kept.display()))?;
    let shard: Option<ShardName> = old.origin.rsplit('/').next().and_then(|shard| shard.parse().ok());
    let shard = shard.with_context(|| format!("{} names no shard of a ledger", old.origin))?;
    let (path, new) = prove_consistency(store, shard, old.size).await?;
    if new.origin != old.origin {
        bail!("{} is a checkpoint of {}, and here is {}", kept.display(), old.origin, new.origin);
    }
    let mut body = format!("old {}\n", old.size);
    for hash in path {
        // Writing to a string does not fail.
        let _ = writeln!(body, "{hash}");
    }
    Ok(body + "\n" + &new.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_by_its_shard_and_index() {
        let asked = Asked { shard: "2026-2".parse().unwrap(), index: 17 };
        assert_eq!("2026-2/17".parse(), Ok(asked));
        for bad in ["17", "2026", "2026/", "/1", "2026/x"] {
            assert!(bad.parse::<Asked>().is_err(), "{bad}");
        }
    }
}
