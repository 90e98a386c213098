//! Architecture Invariant (generated equals types): `docs/reference/data-flow.md` names every field of the JSON document and
//! no other.

use std::{collections::BTreeSet, fs, path::Path};

use bund::{
    data_flow::{DataFlow, data_flow},
    inventory::{Task, files},
    why::facts,
};
use serde_json::Value;

use super::{here, ledger::export, map};

/// Every field of a value, as the page writes it: `holders[].owner.kind`.
fn fields(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        // Its members are named after policies.
        Value::Object(_) if at.ends_with("keptBy") => drop(found.insert(at.to_owned())),
        Value::Object(members) => {
            for (name, member) in members {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                fields(member, &at, found);
            }
        }
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            for element in elements {
                fields(element, &format!("{at}[]"), found);
            }
        }
        _ => drop(found.insert(at.to_owned())),
    }
}

/// The map of files, which do not tell everything.
fn of_files() -> DataFlow {
    let inventory = files::read(&[here("dump.yaml")], Task::Why, |_, _| {});
    data_flow(&inventory, &facts(&inventory), super::then())
}

#[test]
fn every_field_of_the_document_is_described_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    export(folder.path());
    let read = bund::data_flow::ledger::read(folder.path()).unwrap();
    let of_ledger = bund::data_flow::ledger::of_export(folder.path(), &read, super::then());
    let mut found = BTreeSet::new();
    fields(&serde_json::to_value(map()).unwrap(), "", &mut found);
    fields(&serde_json::to_value(of_ledger).unwrap(), "", &mut found);
    fields(&serde_json::to_value(of_files()).unwrap(), "", &mut found);
    // Absent as a whole, or empty, in one of them.
    let parents: Vec<_> = found
        .iter()
        .filter(|one| {
            found
                .iter()
                .any(|other| other.starts_with(&format!("{one}.")) || other.starts_with(&format!("{one}[]")))
        })
        .cloned()
        .collect();
    found.retain(|one| !parents.contains(one));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/data-flow.md");
    let page = fs::read_to_string(page).unwrap();
    let described: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(described, found);
}
