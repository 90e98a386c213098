//! An inventory of files, as `kubectl get -o yaml` prints them.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use super::{GroupKind, Inventory, Origin, Task};
use crate::check::{self, Key};

/// Reads files and folders. Of an object that is given twice and says different things, the first counts, and the second
/// is unreadable.
pub fn read(paths: &[PathBuf], task: Task, progress: impl FnMut(usize, usize)) -> Inventory {
    let mut unreadable = Vec::new();
    let mut documents = check::read(paths, &mut unreadable, progress);
    documents.sort_by(|a, b| (&a.source.name, a.line).cmp(&(&b.source.name, b.line)));
    let mut first = BTreeMap::new();
    let mut kept = Vec::new();
    for document in documents {
        let key = Key::of(&document.value);
        match first.get(&key) {
            None => {
                first.insert(key, kept.len());
                kept.push(document);
            }
            Some(&index) => {
                let before: Option<&crate::manifest::Document> = kept.get(index);
                let before = before.filter(|before| before.value != document.value);
                unreadable.extend(before.map(|before| check::given_twice(before, &document)));
            }
        }
    }
    let objects: Vec<Value> =
        kept.into_iter().map(|document| without_content(document.value, task)).collect();
    let origin = Origin::Files { paths: paths.iter().map(|path| path.display().to_string()).collect() };
    let mut inventory = Inventory { origin, objects, unreadable, ..Inventory::default() };
    for listed in task.kinds() {
        if inventory.of_kind(listed.group, listed.kind).next().is_none() {
            let why = format!("no {} is given", listed.kind);
            inventory.gaps.insert(GroupKind::new(listed.group, listed.kind), why);
        }
    }
    inventory
}

/// What Secrets and ConfigMaps hold is nobody's business here, unless it is asked whom settings name.
fn without_content(mut object: Value, task: Task) -> Value {
    let GroupKind { group, kind } = GroupKind::of(&object);
    if group.is_empty()
        && (kind == "Secret" || kind == "ConfigMap")
        && let Value::Object(members) = &mut object
    {
        let settings = task == Task::Plan && kind == "ConfigMap";
        members.retain(|name, _| {
            ["apiVersion", "kind", "metadata"].contains(&name.as_str()) || (settings && name == "data")
        });
    }
    object
}
