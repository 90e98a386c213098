//! The map of an export of the ledger: what the record says of transfers. Who holds what, where, and to whom it flows, no
//! record says; the map tells so.

use std::{fs, io, path::Path};

use bund_crds::{GROUP, LedgerEventSpec, Moment};
use bund_engine::{Snapshot, Timestamp};
use bund_ledger::{Entry, Event, Invalid};
use serde_json::{Value, json};

use super::{DataFlow, MadeFrom, VERSION, classes, transfer::transfers};
use crate::inventory::{Inventory, Known, PolicyOrigin};

/// The file of an export that holds every entry, one a line.
const ENTRIES: &str = "entries.jsonl";

/// What an export says.
#[derive(Debug, Default)]
pub struct Export {
    /// How many entries it has.
    entries: usize,
    /// When the last of them was made.
    through: Option<Timestamp>,
    /// What the cluster's record said: name and event.
    recorded: Vec<(String, LedgerEventSpec)>,
}

/// Why an export cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file is not there, or may not be read.
    #[error("{path} cannot be read; name a directory that `bund ledger export` wrote")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A line is no entry.
    #[error("line {line} of {ENTRIES} is no entry of a ledger")]
    Entry {
        /// Which line, from one.
        line: usize,
        /// Why.
        #[source]
        error: Invalid,
    },
}

/// Reads the export in a directory. It is not verified here: `bund ledger verify` does that.
pub fn read(directory: &Path) -> Result<Export, ExportError> {
    let path = directory.join(ENTRIES);
    let told = |error| ExportError::Read { path: path.display().to_string(), error };
    entries(&fs::read_to_string(&path).map_err(told)?)
}

/// Reads entries, one a line.
fn entries(text: &str) -> Result<Export, ExportError> {
    let mut export = Export::default();
    for (index, line) in text.lines().enumerate() {
        let told = |error| ExportError::Entry { line: index + 1, error };
        let Entry { at: Moment(at), event, .. } = Entry::read(line.as_bytes()).map_err(told)?;
        export.entries += 1;
        export.through = export.through.max(Some(at));
        if let Event::Recorded { name, spec } = event {
            export.recorded.push((name, *spec));
        }
    }
    Ok(export)
}

/// The map of an export at `now`.
pub fn of_export(directory: &Path, export: &Export, now: Timestamp) -> DataFlow {
    let mut known =
        Known { snapshot: Snapshot::default(), policies: PolicyOrigin::Inventory, unreadable: Vec::new() };
    let objects: Vec<_> = export.recorded.iter().map(|(name, spec)| object(name, spec)).collect();
    crate::inventory::known::observe(&mut known.snapshot, &objects, &mut known.unreadable);
    let transfers = transfers(&Inventory::default(), &known, &super::holder::Sources::new(), now);
    DataFlow {
        version: VERSION,
        made_at: now,
        made_from: MadeFrom::Ledger {
            directory: directory.display().to_string(),
            entries: export.entries,
            through: export.through,
        },
        classes: classes(&known, None, &transfers),
        holders: None,
        transfers,
        not_known: Vec::new(),
        unreadable: known.unreadable,
    }
}

/// The event as the cluster held it.
fn object(name: &str, spec: &LedgerEventSpec) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1alpha1"), "kind": "LedgerEvent",
        "metadata": { "name": name }, "spec": spec
    })
}
