//! Working days, by the calendars that the authority publishes.

use alloc::vec::Vec;

use bund_crds::jurisdiction::{JurisdictionSpec, WorkingCalendar};
use jiff::civil::{Date, Weekday};

/// The calendars of the jurisdictions that count.
pub(super) struct Calendars<'s>(Vec<&'s WorkingCalendar>);

impl<'s> Calendars<'s> {
    pub(super) fn of(jurisdictions: &[&'s JurisdictionSpec]) -> Self {
        Self(jurisdictions.iter().flat_map(|spec| &spec.calendars).collect())
    }

    /// Whether a day is worked. In a year that no calendar lists every day from Monday to Friday is; where calendars
    /// disagree, it is: both give the earlier deadline.
    pub(super) fn is_worked(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let mut listed = self.0.iter().filter(|calendar| i32::from(calendar.year) == i32::from(day.year()));
        let worked = |calendar: &&WorkingCalendar| {
            let against = if weekend { &calendar.workdays } else { &calendar.holidays };
            against.iter().any(|entry| entry.0 == day) == weekend
        };
        match listed.next() {
            None => !weekend,
            Some(first) => worked(first) || listed.any(worked),
        }
    }

    /// The `count`-th working day after a day, which is not counted itself (Civil Code Art. 201).
    pub(super) fn after(&self, day: Date, count: usize) -> Date {
        self.walk(day, count, |day| day.tomorrow().ok())
    }

    /// The `count`-th working day before a day, which is not counted itself.
    pub(super) fn before(&self, day: Date, count: usize) -> Date {
        self.walk(day, count, |day| day.yesterday().ok())
    }

    fn walk(&self, day: Date, count: usize, next: impl Fn(Date) -> Option<Date>) -> Date {
        let days = core::iter::successors(Some(day), |day| next(*day)).skip(1);
        let mut worked = days.filter(|day| self.is_worked(*day)).take(count);
        worked.by_ref().last().unwrap_or(day)
    }
}
