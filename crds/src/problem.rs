//! What makes an object of ours invalid although every value in it can be read.
//!
//! The API server checks the same with `OpenAPI` and CEL. Files that never met one, and objects stored before a rule
//! was written, are checked here, so that both sides accept the same set and say the same sentence.
//! `tests/problems.rs` breaks every bound of the generated schemas once.

use std::{collections::BTreeSet, fmt};

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Problem {
    /// The field, from the object: `spec.providers[0].name`.
    pub field: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// A spec that can be checked beyond its types.
pub trait Check {
    /// The first rule that an object of this name and spec breaks.
    fn check(&self, name: &str) -> Result<(), Problem>;
}

impl Problem {
    pub(crate) fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Holds a rule.
pub(crate) fn ensure(holds: bool, field: impl Into<String>, message: &str) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::at(field, message)) }
}

/// A list has at least `least` and at most `most` entries.
pub(crate) fn count<T>(list: &[T], least: usize, most: usize, field: &str) -> Result<(), Problem> {
    bounds(list.len(), least, most, field, "entries")
}

/// A text has at least `least` and at most `most` characters.
pub(crate) fn length(text: &str, least: usize, most: usize, field: &str) -> Result<(), Problem> {
    bounds(text.chars().count(), least, most, field, "characters")
}

fn bounds(found: usize, least: usize, most: usize, field: &str, of_what: &str) -> Result<(), Problem> {
    if found > most {
        return Err(Problem::at(field, format!("has {found} {of_what}; at most {most} are allowed")));
    }
    if found < least {
        return Err(Problem::at(field, format!("has {found} {of_what}; at least {least} must be there")));
    }
    Ok(())
}

/// A list names every entry once: `x-kubernetes-list-type: set`, or `map` with this key.
pub(crate) fn unique<T, K: Ord + fmt::Display>(
    list: &[T],
    key: impl Fn(&T) -> &K,
    field: &str,
) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for (index, entry) in list.iter().enumerate() {
        let key = key(entry);
        if !seen.insert(key) {
            return Err(Problem::at(
                format!("{field}[{index}]"),
                format!("`{key}` is listed twice; remove one of the two"),
            ));
        }
    }
    Ok(())
}

/// A set of at least `least` and at most `most` entries.
pub(crate) fn set<T: Ord + fmt::Display>(
    list: &[T],
    least: usize,
    most: usize,
    field: &str,
) -> Result<(), Problem> {
    count(list, least, most, field)?;
    unique(list, |entry| entry, field)
}

/// A text begins with one of `first`, goes on with any of `rest` and ends with any of `last`.
pub(crate) fn shape(
    text: &str,
    first: fn(char) -> bool,
    rest: fn(char) -> bool,
    last: fn(char) -> bool,
) -> bool {
    text.starts_with(first) && text.ends_with(last) && text.chars().all(rest)
}
