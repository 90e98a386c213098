//! Days in Beijing time. The mainland has one time of day, eight hours before UTC all year round.

use jiff::{Timestamp, civil::Date, tz::Offset};

const BEIJING: Offset = Offset::constant(8);

/// The day at this moment.
pub fn day(at: Timestamp) -> Date {
    BEIJING.to_datetime(at).date()
}

/// The first moment of a day.
pub fn start(day: Date) -> Timestamp {
    // Days of objects lie in the third millennium, which no time zone carries out of range.
    BEIJING.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

/// The end of a day: the first moment of the next one.
pub fn end(day: Date) -> Timestamp {
    start(day.tomorrow().unwrap_or(day))
}

/// The first moment of the calendar year at this moment, from which persons are counted (O16 Arts 5, 7 and 8).
pub(in crate::transfer) fn new_year(at: Timestamp) -> Timestamp {
    start(day(at).first_of_year())
}
