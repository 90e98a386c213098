//! Conditions, and what of the stored ones stays. (pure)

use jiff::Timestamp;
use serde_json::{Value, json};

/// A condition as it should be, without its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its type.
    pub kind: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// Why, as one word for machines.
    pub reason: &'static str,
    /// Why, in a sentence.
    pub message: String,
}

impl Wanted {
    /// A condition that holds.
    pub fn holds(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, holds: true, reason, message: message.into() }
    }

    /// A condition that does not hold.
    pub fn fails(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, holds: false, reason, message: message.into() }
    }
}

/// The longest message that the schema takes is 32768; a person reads less.
const MESSAGE_LIMIT: usize = 2048;

/// The conditions as stored next: `lastTransitionTime` is that of the stored condition while its status stays,
/// `now` otherwise.
pub fn conditions(wanted: &[Wanted], generation: i64, stored: &Value, now: Timestamp) -> Value {
    let stored = stored.get("conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let conditions = wanted.iter().map(|wanted| {
        let status = if wanted.holds { "True" } else { "False" };
        let before =
            stored.iter().find(|condition| condition.get("type").is_some_and(|kind| kind == wanted.kind));
        let unchanged = before.filter(|before| before.get("status").is_some_and(|before| before == status));
        let since = unchanged.and_then(|before| before.get("lastTransitionTime")).cloned();
        json!({
            "type": wanted.kind,
            "status": status,
            "observedGeneration": generation,
            "lastTransitionTime": since.unwrap_or_else(|| whole_seconds(now).into()),
            "reason": wanted.reason,
            "message": wanted.message.chars().take(MESSAGE_LIMIT).collect::<String>(),
        })
    });
    conditions.collect()
}

/// As `metav1.Time` is written.
fn whole_seconds(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_moves_only_with_the_status() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = conditions(&[Wanted::holds("Ready", "InForce", "a")], 1, &Value::Null, at(0));
        let stored = json!({ "conditions": first });
        let second = conditions(&[Wanted::holds("Ready", "InForce", "b")], 2, &stored, at(60));
        assert_eq!(
            second,
            json!([{"type": "Ready", "status": "True", "observedGeneration": 2, "reason": "InForce", "message": "b",
                "lastTransitionTime": "1970-01-01T00:00:00Z"}])
        );
        let third = conditions(&[Wanted::fails("Ready", "Unreadable", "b")], 2, &stored, at(60));
        assert_eq!(third[0]["lastTransitionTime"], "1970-01-01T00:01:00Z");
    }
}
