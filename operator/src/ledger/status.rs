//! What the object `Ledger` says besides the checkpoint. (pure)

use bund_crds::condition::{COMPLETE, READY};
use bund_crds::{GROUP, Ledger, VERSION, ledger::NAME};
use bund_engine::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::condition::{Wanted, conditions};
use crate::controller::plan::holds;

/// How the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// It is open and takes entries.
    Recording,
    /// It takes none.
    Not {
        /// Why, as one word for machines.
        reason: &'static str,
        /// Why.
        message: String,
    },
}

/// What is applied; `None` where it is stored already. `pending` is how many events of the cluster it does not hold.
pub(super) fn status(
    stored: &Ledger,
    stands: &Stands,
    pending: Option<u64>,
    now: Timestamp,
) -> Option<Value> {
    let before = serde_json::to_value(&stored.status).unwrap_or_default();
    let generation = stored.metadata.generation.unwrap_or_default();
    let wanted: Vec<_> = [Some(ready(stands)), pending.map(complete)].into_iter().flatten().collect();
    let mut members = Map::new();
    members.insert("conditions".to_owned(), conditions(&wanted, generation, &before, now));
    members.extend(pending.map(|pending| ("pending".to_owned(), json!(pending))));
    let wanted = Value::Object(members);
    (!holds(&before, &wanted, &["pending"])).then_some(wanted)
}

fn ready(stands: &Stands) -> Wanted {
    match stands {
        Stands::Recording => Wanted::holds(READY, "Recording", "it is open, and takes entries"),
        Stands::Not { reason, message } => {
            let message = format!("{message}; no transfer opens meanwhile, and what closes one closes it");
            Wanted::fails(READY, reason, message)
        }
    }
}

fn complete(pending: u64) -> Wanted {
    match pending {
        0 => Wanted::holds(COMPLETE, "AllRecorded", "it holds every LedgerEvent"),
        1 => Wanted::fails(COMPLETE, "EventsWait", "1 LedgerEvent is not in it; it is tried again"),
        many => Wanted::fails(
            COMPLETE,
            "EventsWait",
            format!("{many} LedgerEvents are not in it; they are tried again"),
        ),
    }
}

/// What is applied as the status of the object.
pub(super) fn body(status: &Value) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "Ledger",
        "metadata": { "name": NAME },
        "status": status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(status: &Value) -> Ledger {
        let object = json!({"apiVersion": "bund.dev/v1alpha1", "kind": "Ledger", "metadata": {"name": "bund", "generation": 1},
            "spec": {"name": "ledger.example.com/test"}, "status": status});
        serde_json::from_value(object).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": 1,
            "lastTransitionTime": "1970-01-01T00:00:00Z"})
    }

    #[test]
    fn it_says_whether_it_records_and_whether_it_holds_everything() {
        let none = stored(&json!({}));
        let ready = condition("Ready", "True", "Recording", "it is open, and takes entries");
        assert_eq!(status(&none, &Stands::Recording, None, at(0)), Some(json!({"conditions": [ready]})));
        let complete = condition(
            "Complete",
            "False",
            "EventsWait",
            "2 LedgerEvents are not in it; they are tried again",
        );
        let whole = json!({"conditions": [ready, complete], "pending": 2});
        assert_eq!(status(&none, &Stands::Recording, Some(2), at(0)), Some(whole.clone()));
        assert_eq!(status(&stored(&whole), &Stands::Recording, Some(2), at(60)), None, "it is stored");
    }

    #[test]
    fn what_is_wrong_says_what_it_keeps_from_happening() {
        let stands = Stands::Not { reason: "NoLedger", message: "there is none".to_owned() };
        let message = "there is none; no transfer opens meanwhile, and what closes one closes it";
        let expected = json!({"conditions": [condition("Ready", "False", "NoLedger", message)]});
        assert_eq!(status(&stored(&json!({})), &stands, None, at(0)), Some(expected));
    }
}
