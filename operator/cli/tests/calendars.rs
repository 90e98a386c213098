//! The shipped calendars, against a second typing of the notices and against the week.
//!
//! `NOTICES` was typed from the ranges of the notices and not from the YAML, which has single days.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeSet;

use bund::builtin;
use bund_crds::{Date, JurisdictionSpec, jurisdiction::WorkingCalendar};
use serde::Deserialize;

/// A year, from when to when nobody works, and the weekend days that are worked.
type Notice = (u16, &'static [(&'static str, &'static str)], &'static [&'static str]);

const NOTICES: &[Notice] = &[
    (
        2025,
        &[
            ("2025-01-01", "2025-01-01"),
            ("2025-01-28", "2025-02-04"),
            ("2025-04-04", "2025-04-06"),
            ("2025-05-01", "2025-05-05"),
            ("2025-05-31", "2025-06-02"),
            ("2025-10-01", "2025-10-08"),
        ],
        &["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"],
    ),
    (
        2026,
        &[
            ("2026-01-01", "2026-01-03"),
            ("2026-02-15", "2026-02-23"),
            ("2026-04-04", "2026-04-06"),
            ("2026-05-01", "2026-05-05"),
            ("2026-06-19", "2026-06-21"),
            ("2026-09-25", "2026-09-27"),
            ("2026-10-01", "2026-10-07"),
        ],
        &["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"],
    ),
];

fn shipped() -> Vec<WorkingCalendar> {
    let source = builtin::sources(builtin::VOCABULARY).swap_remove(0);
    let jurisdiction = bund::manifest::read(&source).swap_remove(0).unwrap().value;
    JurisdictionSpec::deserialize(&jurisdiction["spec"]).unwrap().calendars
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn is_weekend(day: Date) -> bool {
    day.0.weekday().to_monday_zero_offset() > 4
}

#[test]
fn a_calendar_lists_only_what_is_against_the_week() {
    for WorkingCalendar { year, holidays, workdays } in shipped() {
        for day in holidays.iter().chain(&workdays) {
            assert_eq!(day.0.year().unsigned_abs(), year, "{day}");
        }
        assert!(holidays.iter().all(|day| !is_weekend(*day)), "{year}: {holidays:?}");
        assert!(workdays.iter().all(|day| is_weekend(*day)), "{year}: {workdays:?}");
    }
}

#[test]
fn the_shipped_calendars_are_the_notices() {
    let typed = |(year, ranges, workdays): &Notice| {
        let days = ranges.iter().flat_map(|(first, last)| {
            let days = std::iter::successors(Some(day(first).0), |day| day.tomorrow().ok());
            days.take_while(|day| day.to_string().as_str() <= *last).map(Date)
        });
        let holidays: BTreeSet<Date> = days.filter(|day| !is_weekend(*day)).collect();
        (*year, holidays, workdays.iter().map(|text| day(text)).collect())
    };
    let listed = |calendar: WorkingCalendar| {
        let holidays: BTreeSet<Date> = calendar.holidays.into_iter().collect();
        (calendar.year, holidays, calendar.workdays.into_iter().collect::<BTreeSet<Date>>())
    };
    let shipped: Vec<_> = shipped().into_iter().map(listed).collect();
    assert_eq!(shipped, NOTICES.iter().map(typed).collect::<Vec<_>>());
}
