//! What is told as Events beside a transfer: each turn once. (pure)

use bund_crds::condition::{ACTIVE, APPROVED, COMPLETE, EXPIRED, EXPIRING_SOON, REVOKED, SUPERSEDED};
use bund_crds::{GROUP, VERSION};
use bund_engine::snapshot::TransferKind;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::EventType;
use serde_json::Value;

use crate::event::Occurrence;
use crate::index::ObjectKey;

/// A turn that a condition takes.
struct Turn {
    condition: &'static str,
    /// To which status.
    to: bool,
    /// Whether it is one even where nothing was known before.
    at_first: bool,
    severity: EventType,
    reason: &'static str,
}

const fn turn(condition: &'static str, to: bool, severity: EventType, reason: &'static str) -> Turn {
    Turn { condition, to, at_first: to, severity, reason }
}

/// What is told, in the order in which it happens.
const TURNS: [Turn; 8] = [
    Turn { at_first: true, ..turn(COMPLETE, false, EventType::Warning, "Incomplete") },
    turn(APPROVED, true, EventType::Normal, "Approved"),
    turn(ACTIVE, true, EventType::Normal, "Activated"),
    turn(EXPIRING_SOON, true, EventType::Warning, "ExpiringSoon"),
    turn(ACTIVE, false, EventType::Warning, "NotInEffect"),
    turn(EXPIRED, true, EventType::Warning, "Expired"),
    turn(REVOKED, true, EventType::Warning, "Revoked"),
    turn(SUPERSEDED, true, EventType::Normal, "Superseded"),
];

/// What is new in the `wanted` status of a transfer, which has `uid` and was opened and closed `turns` times, compared with
/// the one that is stored.
pub(super) fn news(
    key: &ObjectKey,
    uid: &str,
    turns: usize,
    stored: &Value,
    wanted: &Value,
) -> Vec<Occurrence<'static>> {
    let about = ObjectReference {
        api_version: Some(format!("{GROUP}/{VERSION}")),
        kind: Some(TransferKind::CrossBorderTransfer.as_str().to_owned()),
        namespace: key.namespace.as_deref().map(str::to_owned),
        name: Some(key.name.to_string()),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    };
    let taken = TURNS.iter().filter_map(|turn| Some((turn, note(turn, stored, wanted)?)));
    taken
        .map(|(turn, note)| Occurrence {
            name: format!("bund-transfer.{uid}.{}.{turns}", turn.reason.to_lowercase()),
            about: about.clone(),
            severity: match turn.severity {
                EventType::Normal => EventType::Normal,
                EventType::Warning => EventType::Warning,
            },
            reason: turn.reason,
            action: "Observe",
            note,
        })
        .collect()
}

/// What is said of a turn, if it was taken.
fn note(turn: &Turn, stored: &Value, wanted: &Value) -> Option<String> {
    let status = if turn.to { "True" } else { "False" };
    let after = condition(wanted, turn.condition).filter(|after| after["status"] == status)?;
    let taken = match condition(stored, turn.condition) {
        None => turn.at_first,
        Some(before) => before["status"] != status,
    };
    taken.then(|| after["message"].as_str().unwrap_or_default().to_owned())
}

fn condition<'v>(status: &'v Value, kind: &str) -> Option<&'v Value> {
    status.get("conditions")?.as_array()?.iter().find(|condition| condition["type"] == kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(conditions: &[(&str, bool)]) -> Value {
        let conditions = conditions.iter().map(|(kind, holds)| {
            json!({"type": kind, "status": if *holds { "True" } else { "False" }, "message": format!("about {kind}")})
        });
        json!({"conditions": conditions.collect::<Vec<_>>()})
    }

    fn told(stored: &Value, wanted: &Value) -> Vec<(String, String)> {
        let key = ObjectKey { namespace: Some("shop".into()), name: "t".into() };
        let news = news(&key, "u-1", 2, stored, wanted);
        news.into_iter().map(|news| (news.name, news.note)).collect()
    }

    fn named(name: &str, note: &str) -> (String, String) {
        (name.to_owned(), note.to_owned())
    }

    #[test]
    fn what_is_missing_is_told_at_first_sight() {
        let first = status(&[(COMPLETE, false), (ACTIVE, false), (EXPIRED, false)]);
        assert_eq!(told(&Value::Null, &first), [named("bund-transfer.u-1.incomplete.2", "about Complete")]);
        assert_eq!(told(&first, &first), []);
    }

    #[test]
    fn each_turn_is_told_once() {
        let before = status(&[(COMPLETE, true), (APPROVED, true), (ACTIVE, true), (REVOKED, false)]);
        let after = status(&[(COMPLETE, true), (APPROVED, false), (ACTIVE, false), (REVOKED, true)]);
        assert_eq!(
            told(&before, &after),
            [
                named("bund-transfer.u-1.notineffect.2", "about Active"),
                named("bund-transfer.u-1.revoked.2", "about Revoked")
            ]
        );
        assert_eq!(told(&after, &after), []);
    }
}
