//! One finding as a result of a report. (pure)

use bund_crds::Mode;
use bund_engine::finding::{Standing, sentences};
use bund_engine::reason::Effect;
use bund_engine::{Finding, ObjectId, Timestamp};
use serde_json::{Map, Value, json};

use super::text::within;
use crate::audit::{FindingId, Told};

/// The property that holds the id of a finding.
pub(super) const FINDING: &str = "finding";
/// Who found it.
pub(super) const SOURCE: &str = "bund";

/// The longest message, in bytes.
const MESSAGE_LIMIT: usize = 2048;
/// The longest value of a property, in bytes.
const PROPERTY_LIMIT: usize = 512;
/// Subjects that are named; the others are counted.
const NAMED: usize = 10;

/// The outcome of a result, in the words of policy reports. In the order in which results are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// A rule is broken.
    Fail,
    /// It could not be found out whether one is, which counts as if it were.
    Error,
    /// It looks as if one were, or it is where nothing is refused.
    Warn,
}

impl Status {
    pub(super) const ALL: [Self; 3] = [Self::Fail, Self::Error, Self::Warn];

    pub(super) fn of(finding: &Finding) -> Self {
        match (finding.reason.entry().effect, &finding.standing) {
            (Effect::Hints, _) | (_, Standing::Exempt) => Self::Warn,
            (Effect::Denies, _) => Self::Fail,
            (Effect::Undecided, _) => Self::Error,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Warn => "warn",
        }
    }

    /// How grave it is: what a policy denies is graver than what it only audits.
    fn severity(self, mode: Mode) -> &'static str {
        match (self, mode) {
            (Self::Fail | Self::Error, Mode::Deny) => "high",
            (Self::Fail | Self::Error, Mode::Warn) => "medium",
            (Self::Fail | Self::Error, Mode::Audit) => "low",
            (Self::Warn, Mode::Deny | Mode::Warn | Mode::Audit) => "info",
        }
    }
}

/// The result that tells of a finding.
pub(super) fn result(owner: &ObjectId, told: &Told) -> Value {
    let finding = &told.finding;
    let (entry, status) = (finding.reason.entry(), Status::of(finding));
    let names: Vec<_> = finding.policies.iter().map(AsRef::as_ref).collect();
    // A few rules need no policy.
    let policy = if names.is_empty() { SOURCE.to_owned() } else { within(&names.join(", "), PROPERTY_LIMIT) };
    json!({
        "source": SOURCE,
        "policy": policy,
        "rule": finding.reason.code(),
        "category": entry.control,
        "severity": status.severity(finding.mode),
        "result": status.as_str(),
        "scored": status != Status::Warn,
        "message": message(owner, finding, MESSAGE_LIMIT),
        "timestamp": {
            "seconds": told.since.as_second(),
            "nanos": told.since.subsec_nanosecond(),
        },
        "properties": properties(told),
    })
}

/// The engine's sentence about a finding of an owner.
pub(super) fn message(owner: &ObjectId, finding: &Finding, limit: usize) -> String {
    within(&sentences(owner, &[finding]).join("; "), limit)
}

fn properties(told: &Told) -> Map<String, Value> {
    let Told { finding, since: _, subjects } = told;
    let requirement: Vec<_> = finding.requirement.iter().map(AsRef::as_ref).collect();
    let named: Vec<_> =
        subjects.iter().take(NAMED).map(|subject| format!("{} {}", subject.kind, subject.name)).collect();
    let properties = [
        (FINDING, FindingId::of(finding).as_str().to_owned()),
        ("class", finding.class.as_ref().map_or(String::new(), |class| class.as_str().to_owned())),
        ("field", finding.field.to_string()),
        ("offending", finding.offending.clone()),
        ("remedy", finding.remedy.clone()),
        ("requirement", requirement.join(", ")),
        ("citation", finding.reason.entry().citation.to_owned()),
        ("mode", finding.mode.to_string()),
        ("standing", standing(&finding.standing).to_owned()),
        ("subjects", subjects.len().to_string()),
        ("firstSubjects", named.join(", ")),
    ];
    let bounded = properties.into_iter().filter(|(_, value)| !value.is_empty());
    bounded.map(|(key, value)| (key.to_owned(), within(&value, PROPERTY_LIMIT).into())).collect()
}

fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Stands => "Stands",
        Standing::Existed => "Existed",
        Standing::Exempt => "Exempt",
        Standing::Covered(_) => "Covered",
        Standing::LetThrough(_) => "LetThrough",
        Standing::Declassified => "Declassified",
        Standing::Connected => "Connected",
    }
}

/// The finding that a stored result tells of, and since when it is known.
pub(super) fn recalled(result: &Value) -> Option<(FindingId, Timestamp)> {
    let id = result.pointer(&format!("/properties/{FINDING}"))?.as_str().filter(|id| id.len() == 16)?;
    let seconds = result.pointer("/timestamp/seconds")?.as_i64()?;
    let nanos = i32::try_from(result.pointer("/timestamp/nanos")?.as_i64()?).ok()?;
    Some((FindingId::stored(id), Timestamp::new(seconds, nanos).ok()?))
}
