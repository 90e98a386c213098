//! The status of an exporter. It tells nothing of how much is exported. (pure)

use bund_crds::ExporterSpec;
use bund_crds::condition::READY;
use bund_engine::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_json::{Value, json};

use crate::controller::condition::{Wanted, conditions};
use crate::index::OwnObject;

/// So many days after it was counted a declaration is too old to count with.
const YOUNG: i32 = 31;
/// Beijing time, in hours from UTC.
const BEIJING: i8 = 8;

/// The status of an exporter that can be read, or why it cannot.
pub(super) fn status(spec: Result<&ExporterSpec, &str>, own: &OwnObject, now: Timestamp) -> Value {
    let wanted = match spec {
        Err(why) => {
            let message = format!("cannot be read: {why}; no route of its transfers can be told");
            Wanted::fails(READY, "FactUnreadable", message)
        }
        Ok(spec) => ready(spec.elsewhere.as_of.0, today(now)),
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
    if days > YOUNG {
        let message = format!(
            "spec.elsewhere was counted {days} days ago, and only {YOUNG} days count: no route of its transfers can be told. \
             Count again, and write the day into spec.elsewhere.asOf"
        );
        return Wanted::fails(READY, "DeclarationOld", message);
    }
    Wanted::holds(READY, "InForce", "it is understood, and what it declares is young enough to count with")
}

fn today(now: Timestamp) -> Date {
    Offset::constant(BEIJING).to_datetime(now).date()
}

/// The next midnight in Beijing.
pub(super) fn next_day(now: Timestamp) -> Option<Timestamp> {
    let tomorrow = today(now).tomorrow().ok()?;
    Offset::constant(BEIJING).to_timestamp(tomorrow.at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn reason(as_of: &str, now: &str) -> (bool, &'static str) {
        let Wanted { holds, reason, .. } = ready(as_of.parse().unwrap(), today(at(now)));
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
        assert_eq!(next_day(at("2026-12-31T15:59:59Z")), Some(at("2026-12-31T16:00:00Z")));
        assert_eq!(next_day(at("2026-12-31T16:00:00Z")), Some(at("2027-01-01T16:00:00Z")));
    }
}
