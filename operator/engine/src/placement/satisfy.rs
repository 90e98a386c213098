//! Whether the requirements on one label can be met together.

use alloc::{boxed::Box, vec::Vec};

use super::Asked;
use crate::subject::Operator;

/// What a label may say.
pub(super) enum Domain<'d> {
    /// Anything except the values for which this holds, or nothing at all. Infinitely many values remain.
    AllBut(Box<dyn Fn(&str) -> bool + 'd>),
    /// One of these values; nothing at all where `absent`.
    Only { values: Vec<&'d str>, absent: bool },
}

impl Domain<'_> {
    /// Whether a label may say this.
    pub(super) fn admits(&self, value: &str) -> bool {
        match self {
            Self::AllBut(excluded) => !excluded(value),
            Self::Only { values, .. } => values.contains(&value),
        }
    }
}

/// Whether some value of the domain, or absence, meets every requirement.
pub(super) fn satisfiable(asked: &[Asked<'_>], domain: &Domain<'_>) -> bool {
    match domain {
        Domain::Only { values, absent } => {
            (*absent && asked.iter().all(|a| a.holds(None)))
                || values.iter().any(|v| asked.iter().all(|a| a.holds(Some(v))))
        }
        Domain::AllBut(excluded) => {
            let finite = asked.iter().find_map(Asked::listed);
            match finite {
                Some(values) => {
                    values.into_iter().any(|v| !excluded(v) && asked.iter().all(|a| a.holds(Some(v))))
                }
                None => asked.iter().all(|a| a.holds(None)) || unlisted_value_meets(asked),
            }
        }
    }
}

/// Whether some value that nobody lists meets requirements of which none lists values to choose from. Where
/// integers are asked for, each has many spellings (`7`, `07`, `007` …), so that no list excludes them all.
fn unlisted_value_meets(asked: &[Asked<'_>]) -> bool {
    let mut above: i128 = -1;
    let mut below: i128 = i128::from(i64::MAX) + 1;
    for a in asked {
        match a {
            Asked::Operator(Operator::Gt(bound)) => above = above.max(i128::from(*bound)),
            Asked::Operator(Operator::Lt(bound)) => below = below.min(i128::from(*bound)),
            Asked::Operator(Operator::DoesNotExist) => return false,
            Asked::Operator(Operator::Exists | Operator::In(_) | Operator::NotIn(_)) | Asked::Equals(_) => {}
        }
    }
    above + 1 < below
}

impl<'p> Asked<'p> {
    /// The values from which the label must come, where there are such.
    pub(super) fn listed(&self) -> Option<Vec<&'p str>> {
        match self {
            Self::Equals(value) => Some(Vec::from([*value])),
            Self::Operator(Operator::In(values)) => Some(values.iter().map(AsRef::as_ref).collect()),
            Self::Operator(
                Operator::NotIn(_)
                | Operator::Exists
                | Operator::DoesNotExist
                | Operator::Gt(_)
                | Operator::Lt(_),
            ) => None,
        }
    }

    /// Whether a label with this value, or its absence, meets the requirement, as the scheduler compares.
    pub(super) fn holds(&self, label: Option<&str>) -> bool {
        let number = || label.and_then(|label| label.parse::<i64>().ok());
        match self {
            Self::Equals(value) => label == Some(*value),
            Self::Operator(Operator::In(values)) => label.is_some_and(|l| values.contains(l)),
            Self::Operator(Operator::NotIn(values)) => label.is_none_or(|l| !values.contains(l)),
            Self::Operator(Operator::Exists) => label.is_some(),
            Self::Operator(Operator::DoesNotExist) => label.is_none(),
            Self::Operator(Operator::Gt(bound)) => number().is_some_and(|n| n > *bound),
            Self::Operator(Operator::Lt(bound)) => number().is_some_and(|n| n < *bound),
        }
    }
}
