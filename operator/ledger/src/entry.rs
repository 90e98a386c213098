//! One entry of the log: one line of JSON, whose exact bytes are hashed.

use bund_crds::Moment;
use bytes::Bytes;
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::event::Event;

/// As many bytes as an entry may have. A bundle of tlog-tiles could hold 65,535; but a proof carries its entry in a line of
/// base64, and readers of proofs in Go take no line of 64 KiB.
pub const LARGEST: usize = 48_000;

/// As many bytes as the name of whoever records may have.
const LONGEST_BY: usize = 253;

/// The version of entries.
const VERSION: u8 = 1;

/// What makes an event one event: it is in the log once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId(Box<str>);

impl EntryId {
    /// The longest id, in bytes.
    pub const LONGEST: usize = 512;

    /// An id: printable ASCII without spaces.
    pub fn new(id: &str) -> Result<Self, Invalid> {
        if !id.is_empty() && id.len() <= Self::LONGEST && id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(id.into()));
        }
        Err(Invalid::Id(id.chars().take(64).collect()))
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EntryId {
    type Error = Invalid;

    fn try_from(value: String) -> Result<Self, Invalid> {
        Self::new(&value)
    }
}

impl From<EntryId> for String {
    fn from(value: EntryId) -> Self {
        value.0.into()
    }
}

/// Something to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What makes it one event.
    pub id: EntryId,
    /// What happened.
    pub event: Event,
    /// Until when it must be kept at least, where the event says more than its kind.
    pub retain_until: Option<Moment>,
}

impl Draft {
    /// Whether it can become an entry.
    pub fn check(&self) -> Result<(), Invalid> {
        let longest = "-".repeat(LONGEST_BY);
        Entry::of(self.clone(), Moment::of(Timestamp::UNIX_EPOCH), &longest).line().map(drop)
    }
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// When it was recorded: never before the entry before it.
    pub at: Moment,
    /// Who recorded it, such as the name of a pod.
    pub by: String,
    /// What happened.
    pub event: Event,
    /// What makes it one event.
    pub id: EntryId,
    /// Until when it must be kept.
    pub retain_until: Moment,
    /// The version of this form.
    pub v: u8,
}

/// What the log itself must know of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moments {
    /// When it was recorded.
    pub at: Moment,
    /// What makes it one event.
    pub id: EntryId,
    /// Until when it must be kept.
    pub retain_until: Moment,
}

/// Why something cannot be an entry.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// The id is empty, too long, or has other characters than printable ASCII.
    #[error("`{0}` is not an id: 1 to 512 printable ASCII characters without spaces")]
    Id(String),
    /// It is not the JSON of an entry.
    #[error("this is not an entry")]
    Json(#[from] serde_json::Error),
    /// It has another version.
    #[error("this entry has version {0}, and only 1 is known: use a newer bund")]
    Version(u8),
    /// It is too large.
    #[error("the entry has {0} bytes, and may have {LARGEST}: keep large things as documents, by their hash")]
    TooLarge(usize),
}

impl Entry {
    /// The entry that `draft` becomes when it is recorded at `at` by `by`.
    pub fn of(draft: Draft, at: Moment, by: &str) -> Self {
        let Draft { id, event, retain_until } = draft;
        let least = retained(&event, at);
        let retain_until = retain_until.map_or(least, |asked| asked.max(least));
        Self { at, by: by.to_owned(), event, id, retain_until, v: VERSION }
    }

    /// Its line, without the newline: the bytes of the leaf. RFC 8785, so that equal entries have equal bytes.
    pub fn line(&self) -> Result<Bytes, Invalid> {
        let line = serde_json_canonicalizer::to_vec(self)?;
        if line.len() > LARGEST { Err(Invalid::TooLarge(line.len())) } else { Ok(line.into()) }
    }

    /// Reads a line. Fields that are not known, missing or written twice are errors.
    pub fn read(line: &[u8]) -> Result<Self, Invalid> {
        if line.len() > LARGEST {
            return Err(Invalid::TooLarge(line.len()));
        }
        let entry: Self = serde_json::from_slice(line)?;
        if entry.v == VERSION { Ok(entry) } else { Err(Invalid::Version(entry.v)) }
    }

    /// Until when it must be kept at least, whatever it says.
    pub(crate) fn least_retained(&self) -> Moment {
        retained(&self.event, self.at)
    }
}

impl Moments {
    /// Reads of a line what the log itself must know.
    pub fn read(line: &[u8]) -> Result<Self, Invalid> {
        if line.len() > LARGEST {
            return Err(Invalid::TooLarge(line.len()));
        }
        Ok(serde_json::from_slice(line)?)
    }
}

/// Until when an event must be kept at least, recorded at `at`.
///
/// Three years after the transfer ends, the time for which the record of a transfer is kept (PIPL art. 56, NDSR art. 12);
/// five for documents of audits.
fn retained(event: &Event, at: Moment) -> Moment {
    let years = match event {
        Event::Document(_) => 5,
        Event::LogOpened { .. }
        | Event::LogClosed { .. }
        | Event::KeyRotated { .. }
        | Event::LossAccepted { .. }
        | Event::ShardDropped { .. }
        | Event::Recorded { .. }
        | Event::Enforced(_)
        | Event::Noted { .. } => 3,
    };
    let from = match event {
        Event::Recorded { spec, .. } => spec.transfer.as_ref().map_or(at, |transfer| transfer.until.max(at)),
        _ => at,
    };
    after_years(from, years)
}

/// Until when any entry of this time is kept at least.
pub(crate) fn least_kept(at: Moment) -> Moment {
    after_years(at, 3)
}

/// The moment so many years later. Where time ends before, the last moment there is.
fn after_years(from: Moment, years: i16) -> Moment {
    let later = from.0.to_zoned(TimeZone::UTC).checked_add(Span::new().years(years));
    // A day more: whoever counts in another time zone counts the same day.
    let later = later.and_then(|later| later.checked_add(SignedDuration::from_hours(24)));
    Moment::of(later.map_or(Timestamp::MAX, |later| later.timestamp()))
}
