//! What logs and their shards are called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a log, such as `ledger.example.com/prod`. Its shards are called after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogName(Box<str>);

/// A shard: a year, and from the second on the number of the attempt in it, such as `2026` or `2026-2`.
///
/// The years are those of UTC. A second attempt exists only after a loss that somebody accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShardName {
    year: i16,
    attempt: u32,
}

/// A name that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct InvalidLogName {
    /// What was written.
    pub value: String,
    /// What would have been right.
    pub expected: &'static str,
}

/// The longest name of a log, in bytes.
const LONGEST: usize = 200;

impl LogName {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin of a shard: what its checkpoints begin with, and what its keys are called.
    pub fn origin(&self, shard: ShardName) -> String {
        format!("{self}/{shard}")
    }

    /// The shard that has this origin, if it is one of this log.
    pub fn shard_of(&self, origin: &str) -> Option<ShardName> {
        origin.strip_prefix(self.as_str())?.strip_prefix('/')?.parse().ok()
    }
}

impl FromStr for LogName {
    type Err = InvalidLogName;

    fn from_str(value: &str) -> Result<Self, InvalidLogName> {
        let part = |part: &str| {
            let edge = |at: Option<char>| at.is_some_and(|at| at.is_ascii_alphanumeric());
            edge(part.chars().next())
                && edge(part.chars().last())
                && part.chars().all(|at| at.is_ascii_lowercase() || at.is_ascii_digit() || ".-_".contains(at))
        };
        if value.len() <= LONGEST && value.split('/').all(part) {
            return Ok(Self(value.into()));
        }
        let expected = "the name of a log: lower-case letters, digits, `-`, `_` and `.`, in parts divided by `/`, such as \
             `ledger.example.com/prod`";
        Err(InvalidLogName { value: value.to_owned(), expected })
    }
}

impl TryFrom<String> for LogName {
    type Error = InvalidLogName;

    fn try_from(value: String) -> Result<Self, InvalidLogName> {
        value.parse()
    }
}

impl From<LogName> for String {
    fn from(value: LogName) -> Self {
        value.0.into()
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ShardName {
    /// The first shard of a year.
    pub fn of_year(year: i16) -> Self {
        Self { year, attempt: 1 }
    }

    /// The year, in UTC.
    pub fn year(self) -> i16 {
        self.year
    }

    /// The shard that goes on in the same year after this one was lost.
    #[must_use]
    pub fn after_loss(self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), ..self }
    }
}

impl FromStr for ShardName {
    type Err = InvalidLogName;

    fn from_str(value: &str) -> Result<Self, InvalidLogName> {
        let (year, attempt) = value.split_once('-').unwrap_or((value, "1"));
        let parsed = year.parse().ok().zip(attempt.parse().ok());
        let shard = parsed.map(|(year, attempt)| Self { year, attempt });
        // One spelling of each.
        shard
            .filter(|shard| {
                (2000..=9999).contains(&shard.year) && shard.attempt > 0 && shard.to_string() == value
            })
            .ok_or(InvalidLogName {
                value: value.to_owned(),
                expected: "a shard, such as `2026` or `2026-2`",
            })
    }
}

impl TryFrom<String> for ShardName {
    type Error = InvalidLogName;

    fn try_from(value: String) -> Result<Self, InvalidLogName> {
        value.parse()
    }
}

impl From<ShardName> for String {
    fn from(value: ShardName) -> Self {
        value.to_string()
    }
}

impl fmt::Display for ShardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, attempt } = self;
        if *attempt == 1 { write!(f, "{year}") } else { write!(f, "{year}-{attempt}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_have_one_spelling_and_an_order() {
        let shard = |text: &str| text.parse::<ShardName>().unwrap();
        assert!(
            shard("2026") < shard("2026-2")
                && shard("2026-2") < shard("2026-10")
                && shard("2026-10") < shard("2027")
        );
        assert_eq!(shard("2026").after_loss(), shard("2026-2"));
        for bad in ["2026-1", "2026-0", "02026", "1999", "2026-", "2026-02", "+2026", "-2026", "", "x"] {
            assert!(bad.parse::<ShardName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_tells_its_shard() {
        let name: LogName = "ledger.example.com/prod".parse().unwrap();
        let shard = ShardName::of_year(2026);
        assert_eq!(name.origin(shard), "ledger.example.com/prod/2026");
        assert_eq!(name.shard_of("ledger.example.com/prod/2026"), Some(shard));
        for other in
            ["ledger.example.com/prod", "ledger.example.com/prod2026", "ledger.example.com/prod/x/2026"]
        {
            assert_eq!(name.shard_of(other), None, "{other}");
        }
        for bad in ["", "/", "a//b", "A", "a b", "a+b", "-a", "a\n", "中"] {
            assert!(bad.parse::<LogName>().is_err(), "{bad}");
        }
    }
}
