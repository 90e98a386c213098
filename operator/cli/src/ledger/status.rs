//! What is there: shards, sizes, checkpoints, keys, and whether pins agree. Nothing is verified, and nothing is written.

use std::{cmp::Ordering, fmt::Write, path::PathBuf};

use anyhow::Result;
use bund_crds::Moment;
use bund_ledger::{Anchor, LogName, Manifest, Pin, ShardName, SignedCheckpoint, Store, StoreError, paths};
use serde::Serialize;

use super::failure::{Ending, Missing};
use crate::report::visible;

/// The version of the document.
const VERSION: &str = "bund.dev/ledger-status/v1";

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The version of this form.
    pub version: &'static str,
    /// Where it is.
    pub place: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LogName>,
    /// Its shards, in order.
    pub shards: Vec<Shard>,
    /// As many documents as are kept beside it.
    pub documents: usize,
    /// The pins that were named.
    pub pins: Vec<Pinned>,
}

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    /// The shard.
    pub shard: ShardName,
    /// When it came to be, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inception: Option<Moment>,
    /// The keys at its beginning, as verifier keys.
    pub keys: Vec<String>,
    /// As many commits as it has.
    pub commits: usize,
    /// As many entries as its last checkpoint covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its last checkpoint, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// What cannot be read of it.
    pub problems: Vec<String>,
}

/// A pin, and how it stands to the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    /// The file.
    pub pin: String,
    /// What it says, in words.
    pub says: String,
    /// The same, for programs.
    pub standing: Standing,
}

/// How a pin stands to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Standing {
    /// The ledger may be the one that it remembers.
    Agrees,
    /// It remembers nothing.
    Missing,
    /// It remembers another ledger, or more than is there.
    Contradicts,
}

impl Status {
    /// How a command ends that says this.
    pub fn ending(&self) -> Ending {
        let has = |standing| self.pins.iter().any(|pin| pin.standing == standing);
        if has(Standing::Contradicts) {
            Ending::Tampered
        } else if has(Standing::Missing) || self.shards.iter().any(|shard| !shard.problems.is_empty()) {
            Ending::Unverifiable
        } else {
            Ending::Good
        }
    }
}

/// The shards of a store, in order.
pub async fn shards(store: &dyn Store) -> Result<Vec<ShardName>, StoreError> {
    let mut shards: Vec<ShardName> =
        store.names("").await?.iter().filter_map(|name| name.parse().ok()).collect();
    shards.sort_unstable();
    Ok(shards)
}

/// Reads what is there.
pub async fn status(store: &dyn Store, pins: &[PathBuf]) -> Result<Status> {
    let (mut found, mut name) = (Vec::new(), None);
    for shard in shards(store).await? {
        let (read, of) = read(store, shard).await?;
        found.push(read);
        name = of.or(name);
    }
    if found.is_empty() {
        return Err(Missing(format!(
            "there is no ledger in {}: `bund ledger init` makes one",
            store.place()
        ))
        .into());
    }
    let documents = store.list("blob").await?.len();
    let mut pinned = Vec::new();
    for pin in pins {
        pinned.push(compare(&Pin::new(pin), &found).await?);
    }
    Ok(Status { version: VERSION, place: store.place(), name, shards: found, documents, pins: pinned })
}

async fn read(store: &dyn Store, shard: ShardName) -> Result<(Shard, Option<LogName>)> {
    let mut problems = Vec::new();
    let path = paths::manifest(shard);
    let manifest = match store.get(&path).await? {
        None => Err(format!("`{path}` is missing")),
        Some(bytes) => Manifest::read(&path, &bytes, shard).map_err(|error| error.to_string()),
    };
    let manifest = manifest.map_err(|problem| problems.push(problem)).ok();
    let path = paths::checkpoint(shard);
    let checkpoint = match store.get(&path).await? {
        None => Err(format!("`{path}` is missing")),
        Some(bytes) => {
            let read = SignedCheckpoint::unverified(&String::from_utf8_lossy(&bytes));
            read.map_err(|error| format!("`{path}`: {error}"))
        }
    };
    let checkpoint = checkpoint.map_err(|problem| problems.push(problem)).ok();
    let commits = store.names(&paths::commits(shard)).await?;
    let name = manifest.as_ref().map(|manifest| manifest.name.clone());
    let shard = Shard {
        shard,
        inception: manifest.as_ref().map(|manifest| manifest.inception),
        keys: manifest.map(|manifest| manifest.keys).unwrap_or_default(),
        // What is left of files that were never whole has other names.
        commits: commits.iter().filter(|name| !name.contains('#')).count(),
        size: checkpoint.as_ref().map(|checkpoint| checkpoint.size),
        checkpoint: checkpoint.map(|checkpoint| checkpoint.text),
        problems,
    };
    Ok((shard, name))
}

async fn compare(pin: &Pin, shards: &[Shard]) -> Result<Pinned> {
    let pinned = |standing, says: String| Pinned { pin: pin.name(), says, standing };
    let Some(text) = pin.recall().await? else {
        return Ok(pinned(Standing::Missing, "it is not there".to_owned()));
    };
    let Ok(known) = SignedCheckpoint::unverified(&text) else {
        return Ok(pinned(Standing::Missing, "it holds no checkpoint".to_owned()));
    };
    let found = shards.iter().find_map(|shard| {
        let checkpoint = SignedCheckpoint::unverified(shard.checkpoint.as_deref()?).ok()?;
        (checkpoint.origin == known.origin).then_some(checkpoint)
    });
    let says = |rest: &str| format!("it remembers {} entries of {}{rest}", known.size, known.origin);
    let Some(found) = found else { return Ok(pinned(Standing::Contradicts, says(", which is not here"))) };
    Ok(match found.size.cmp(&known.size) {
        Ordering::Less => {
            let rest = format!(", and {} are here: the store was put back", found.size);
            pinned(Standing::Contradicts, says(&rest))
        }
        Ordering::Equal if found.root != known.root => {
            pinned(Standing::Contradicts, says(", and here are others"))
        }
        Ordering::Equal => pinned(Standing::Agrees, says(", as they are here")),
        Ordering::Greater => {
            let rest = format!("; {} are here, and `bund ledger verify --pin` compares them", found.size);
            pinned(Standing::Agrees, says(&rest))
        }
    })
}

/// The status, for people.
pub fn render_text(status: &Status) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(status, &mut text);
    text
}

fn write(status: &Status, text: &mut String) -> std::fmt::Result {
    let Status { version: _, place, name, shards, documents, pins } = status;
    let name = name.as_ref().map_or("?", LogName::as_str);
    writeln!(text, "{name} in {}; shards: {}, documents: {documents}", visible(place), shards.len())?;
    for Shard { shard, inception, keys, commits, size, checkpoint, problems } in shards {
        let since = inception.map_or_else(String::new, |at| format!(", since {at}"));
        let size = size.map_or_else(|| "?".to_owned(), |size| size.to_string());
        writeln!(text, "\nshard {shard}{since}; published entries: {size}, commits: {commits}")?;
        for key in keys {
            writeln!(text, "  key {}", visible(key))?;
        }
        for line in checkpoint.iter().flat_map(|checkpoint| checkpoint.lines()) {
            writeln!(text, "  | {}", visible(line))?;
        }
        for problem in problems {
            writeln!(text, "  cannot be read: {}", visible(problem))?;
        }
    }
    for Pinned { pin, says, standing } in pins {
        let mark = if *standing == Standing::Agrees { "ok" } else { "NOT OK" };
        writeln!(text, "\npin {}: {mark}: {}", visible(pin), visible(says))?;
    }
    writeln!(text, "\nNothing of this is verified: `bund ledger verify` does that.")
}
