//! Days and moments, as people write them into objects.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::InvalidName;

macro_rules! time_type {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $format:literal, $pattern:literal, $length:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub $inner);

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(value: &str) -> Result<Self, InvalidName> {
                let invalid = || InvalidName { value: value.to_owned(), expected: $expected.to_owned() };
                let parsed: $inner = value.parse().map_err(|_| invalid())?;
                // One spelling of each: what the API server takes and what is written back are the same.
                if value.len() == $length && parsed.to_string() == value { Ok(Self(parsed)) } else { Err(invalid()) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(value: String) -> Result<Self, InvalidName> {
                value.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "format": $format, "minLength": $length, "maxLength": $length, "pattern": $pattern
                })
            }
        }
    };
}

time_type!(
    /// A day of the calendar, in Beijing time: `2026-05-09`.
    Date,
    jiff::civil::Date,
    "date",
    r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}$",
    10,
    "a day; write it as `2026-05-09`"
);

time_type!(
    /// A moment in UTC, to the second: `2026-05-09T02:00:00Z`.
    Moment,
    jiff::Timestamp,
    "date-time",
    r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    20,
    "a moment in UTC to the second; write it as `2026-05-09T02:00:00Z`"
);

impl Moment {
    /// The second in which `at` lies: what is written down is never later than what it tells of.
    pub fn of(at: jiff::Timestamp) -> Self {
        Self(jiff::Timestamp::from_second(at.as_second()).unwrap_or(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_spelling_of_a_day_and_of_a_moment() {
        assert_eq!("2026-05-09".parse::<Date>().map(|date| date.to_string()), Ok("2026-05-09".to_owned()));
        for bad in ["2026-5-9", "2026-02-30", "20260509", "2026-05-09T00:00:00Z", ""] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        let moment = "2026-05-09T02:00:00Z";
        assert_eq!(moment.parse::<Moment>().map(|moment| moment.to_string()), Ok(moment.to_owned()));
        for bad in ["2026-05-09T10:00:00+08:00", "2026-05-09T02:00:00.5Z", "2026-05-09T02:00Z", "2026-05-09"]
        {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }
}
