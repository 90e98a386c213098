//! The map of an export of the ledger.

use std::{fs, path::Path};

use bund::inventory::{Task, files};
use serde_json::{Value, json};

use super::{here, run};

/// An export as `bund ledger export` writes it: every event of the dump, between entries of other types.
pub fn export(folder: &Path) {
    let dump = files::read(&[here("dump.yaml")], Task::Why, |_, _| {});
    let entry = |at: &str, event: Value| json!({"at": at, "by": "bund-controller-0", "event": event, "id": "x", "retainUntil": "2030-01-01T00:00:00Z", "v": 1});
    let mut lines =
        vec![entry("2025-01-01T00:00:00Z", json!({"type": "LogOpened", "origin": "n/2025", "keys": []}))];
    for event in dump.of_kind("bund.dev", "LedgerEvent") {
        let (name, spec) = (event.pointer("/metadata/name").unwrap(), event.get("spec").unwrap());
        let recorded = json!({"type": "Recorded", "name": name, "spec": spec});
        lines.push(entry("2026-05-22T16:00:11Z", recorded));
    }
    lines.push(entry("2026-05-31T00:00:00Z", json!({"type": "Noted", "text": "an incident"})));
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    fs::write(folder.join("entries.jsonl"), lines.join("\n") + "\n").unwrap();
}

#[test]
fn what_a_record_does_not_know_is_said_to_be_unknown() {
    let folder = tempfile::tempdir().unwrap();
    export(folder.path());
    let read = bund::data_flow::ledger::read(folder.path()).unwrap();
    let map = bund::data_flow::ledger::of_export(Path::new("export"), &read, super::then());
    run::assert_kept(&here("ledger.json"), &(serde_json::to_string_pretty(&map).unwrap() + "\n"));
}

#[test]
fn what_is_no_export_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let error = |directory: &str| {
        let output = run::bund(&here(""), &["report", "data-flow", "--ledger", directory]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(error(directory).contains("cannot be read; name a directory that `bund ledger export` wrote"));
    export(folder.path());
    let file = folder.path().join("entries.jsonl");
    let lines = fs::read_to_string(&file).unwrap();
    fs::write(&file, lines + "{\"at\": 1}\n").unwrap();
    assert!(
        error(directory).contains("line 7 of entries.jsonl is no entry of a ledger"),
        "{}",
        error(directory)
    );
}
