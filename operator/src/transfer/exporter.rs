//! The status of an exporter. It tells nothing of how much is exported. (pure)

use bund_crds::ExporterSpec;
use bund_crds::condition::READY;
use bund_engine::Timestamp;
use bund_engine::transfer::{ELSEWHERE_DAYS, beijing};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::controller::condition::{Wanted, conditions};
use crate::index::OwnObject;

/// The status of an exporter that can be read, or why it cannot.
pub(super) fn status(spec: Result<&ExporterSpec, &str>, own: &OwnObject, now: Timestamp) -> Value {
    let wanted = match spec {
        Err(why) => {
            let message = format!("cannot be read: {why}; no route of its transfers can be told");
            Wanted::fails(READY, "FactUnreadable", message)
        }
        Ok(spec) => ready(spec.elsewhere.as_of.0, beijing::day(now)),
    };
    json!({ "conditions": conditions(&[wanted], own.generation, &own.status, now) })
}

fn ready(as_of: Date, today: Date) -> Wanted {
    let days = as_of.until(today).map_or(0, |span| span.get_days());
    if as_of > today {
        let message = format!(
            "spec.elsewhere.asOf is {as_of}, which is yet to come in Beijing; write the day up to which was counted"
        );
        return Wanted::fails(READY, "DeclarationOfTheFuture", message);
    }
    if i64::from(days) > ELSEWHERE_DAYS {
        let message = format!(
            "spec.elsewhere was counted {days} days ago, and only {ELSEWHERE_DAYS} days count: no route of its transfers can be told. \
             Count again, and write the day into spec.elsewhere.asOf"
        );
        return Wanted::fails(READY, "DeclarationOld", message);
    }
    Wanted::holds(READY, "InForce", "it is understood, and what it declares is young enough to count with")
}

/// The next midnight in Beijing.
pub(super) fn next_day(now: Timestamp) -> Timestamp {
    beijing::end(beijing::day(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn reason(as_of: &str, now: &str) -> (bool, &'static str) {
        let Wanted { holds, reason, .. } = ready(as_of.parse().unwrap(), beijing::day(at(now)));
        (holds, reason)
    }

    #[test]
    fn a_declaration_counts_for_31_days_of_beijing() {
        assert_eq!(reason("2026-05-01", "2026-06-01T15:59:59Z"), (true, "InForce"));
        assert_eq!(reason("2026-05-01", "2026-06-01T16:00:00Z"), (false, "DeclarationOld"));
        assert_eq!(reason("2026-06-02", "2026-06-01T15:59:59Z"), (false, "DeclarationOfTheFuture"));
        assert_eq!(reason("2026-06-02", "2026-06-01T16:00:00Z"), (true, "InForce"));
    }

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        assert_eq!(next_day(at("2026-12-31T15:59:59Z")), at("2026-12-31T16:00:00Z"));
        assert_eq!(next_day(at("2026-12-31T16:00:00Z")), at("2027-01-01T16:00:00Z"));
    }
}
