//! Whether what is recorded of transfers is anywhere but in etcd.

use bund_crds::{GROUP, Ledger as Object, condition};
use serde::Serialize;

use crate::inventory::Inventory;

/// Whether there is a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// How it stands.
    pub state: Standing,
    /// How that is known, and what is wrong.
    pub how: String,
}

/// How a ledger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Standing {
    /// It takes entries, and holds every event of the cluster.
    Recording,
    /// It takes entries, and events of the cluster are not in it.
    Incomplete,
    /// It takes none.
    NotRecording,
    /// There is none.
    Absent,
    /// It is not known whether there is one.
    Unknown,
}

/// Whether there is a ledger.
pub fn ledger(inventory: &Inventory) -> Ledger {
    const KIND: &str = "Ledger";
    let told = |state, how: String| Ledger { state, how };
    if let Some(why) = inventory.gap(GROUP, KIND) {
        return told(Standing::Unknown, why.to_owned());
    }
    let Some(object) = inventory.of_kind(GROUP, KIND).next() else {
        let how = "what is recorded of transfers is in etcd alone, and a copy of etcd that is put back takes it back too";
        return told(Standing::Absent, how.to_owned());
    };
    let object: Object = match serde_json::from_value(object.clone()) {
        Ok(object) => object,
        Err(error) => return told(Standing::Unknown, format!("the object Ledger cannot be read: {error}")),
    };
    let status = object.status.unwrap_or_default();
    let of = |kind| condition::find(&status.conditions, kind);
    match (of(condition::READY), of(condition::COMPLETE)) {
        (Some(ready), complete) if ready.status == "True" => {
            let entries = status.size.unwrap_or_default();
            let shard = status.shard.unwrap_or_default();
            let how = format!("{}, shard {shard}, {entries} entries", object.spec.name);
            match complete.filter(|complete| complete.status != "True") {
                Some(complete) => told(Standing::Incomplete, format!("{how}; {}", complete.message)),
                None => told(Standing::Recording, how),
            }
        }
        (Some(ready), _) => told(Standing::NotRecording, format!("{}: {}", ready.reason, ready.message)),
        (None, _) => told(Standing::NotRecording, "nobody has told yet how it stands".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::{GroupKind, Origin};

    fn of(objects: Vec<Value>) -> Ledger {
        let origin = Origin::Files { paths: Vec::new() };
        ledger(&Inventory { origin, objects, ..Inventory::default() })
    }

    fn with(conditions: &Value) -> Ledger {
        of(vec![json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "Ledger", "metadata": {"name": "bund"},
            "spec": {"name": "ledger.example.com/prod"},
            "status": {"shard": "2026", "size": 7, "conditions": conditions}
        })])
    }

    fn condition(kind: &str, status: &str) -> Value {
        json!({"type": kind, "status": status, "reason": "Why", "message": "so it is", "observedGeneration": 1,
            "lastTransitionTime": "2026-05-09T00:00:00Z"})
    }

    #[test]
    fn it_is_told_whether_there_is_one_and_how_it_stands() {
        assert_eq!(of(Vec::new()).state, Standing::Absent);
        let how = "ledger.example.com/prod, shard 2026, 7 entries";
        let ready = condition("Ready", "True");
        let expected = Ledger { state: Standing::Recording, how: how.to_owned() };
        assert_eq!(with(&json!([ready, condition("Complete", "True")])), expected);
        let expected = Ledger { state: Standing::Incomplete, how: format!("{how}; so it is") };
        assert_eq!(with(&json!([ready, condition("Complete", "False")])), expected);
        let expected = Ledger { state: Standing::NotRecording, how: "Why: so it is".to_owned() };
        assert_eq!(with(&json!([condition("Ready", "False")])), expected);
        assert_eq!(with(&json!([])).state, Standing::NotRecording);
    }

    #[test]
    fn what_may_not_be_read_is_not_known() {
        let mut inventory = Inventory::default();
        inventory.gaps.insert(GroupKind::new(GROUP, "Ledger"), "may not list ledgers".to_owned());
        let expected = Ledger { state: Standing::Unknown, how: "may not list ledgers".to_owned() };
        assert_eq!(ledger(&inventory), expected);
    }
}
