//! Paths to fields, as people write them and as tools find them.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::fmt::{self, Write};

use serde::{Serialize, Serializer};

/// A path to a field of an object: `spec.template.spec.volumes[0].secret.secretName`. Members whose name
/// is not a plain word are written `['a.b/c']`. Empty for the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Arc<str>);

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of an object.
    Key(String),
    /// An element of an array, from zero.
    Index(usize),
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FieldPath {
    /// The object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of plain members, such as `spec.nodeName`.
    pub fn of(text: &str) -> Self {
        Self(text.into())
    }

    /// The member `name` below this path.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        let mut path = self.with_room(name.len() + "['']".len());
        push_key(&mut path, name);
        Self(path.into())
    }

    /// The element `index` below this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.with_room("[1234567]".len());
        let (Ok(()) | Err(fmt::Error)) = write!(path, "[{index}]");
        Self(path.into())
    }

    /// The path `below`, seen from this one.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        if self.0.is_empty() || below.is_empty() || below.starts_with('[') {
            Self(format!("{}{below}", self.0).into())
        } else {
            Self(format!("{}.{below}", self.0).into())
        }
    }

    /// The text, with room for so many bytes more.
    fn with_room(&self, more: usize) -> String {
        let mut path = String::with_capacity(self.0.len() + more);
        path.push_str(&self.0);
        path
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The steps, for finding the field in a document.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut rest = self.as_str();
        while !rest.is_empty() {
            let (step, after) = next_step(rest);
            steps.extend(step);
            rest = after;
        }
        steps
    }
}

/// The first step of `rest`, and what follows it. Every path that this module built reads back; of any
/// other text what cannot be read is taken as one member.
fn next_step(rest: &str) -> (Option<Step>, &str) {
    if let Some((name, after)) = rest.strip_prefix("['").and_then(|quoted| quoted.split_once("']")) {
        return (Some(Step::Key(name.to_owned())), after);
    }
    if let Some((digits, after)) = rest.strip_prefix('[').and_then(|open| open.split_once(']'))
        && let Ok(index) = digits.parse()
    {
        return (Some(Step::Index(index)), after);
    }
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let end = rest.find(['.', '[']).filter(|end| *end > 0).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some(("", after)) => (None, after),
        Some((name, after)) => (Some(Step::Key(name.to_owned())), after),
        None => (None, ""),
    }
}

fn push_key(path: &mut String, name: &str) {
    let plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'$');
    if plain {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    } else {
        path.push_str("['");
        path.push_str(name);
        path.push_str("']");
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path while a document is walked: cheap to extend and to shorten, rendered only where it is needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail<'v>(Vec<Segment<'v>>);

#[derive(Clone, Copy, Debug)]
enum Segment<'v> {
    Key(&'v str),
    Index(usize),
}

impl<'v> Trail<'v> {
    pub(crate) fn enter_key(&mut self, name: &'v str) {
        self.0.push(Segment::Key(name));
    }

    pub(crate) fn enter_index(&mut self, index: usize) {
        self.0.push(Segment::Index(index));
    }

    pub(crate) fn leave(&mut self) {
        self.0.pop();
    }

    /// The path from the place where the walk began, as text to [`FieldPath::join`].
    pub(crate) fn render(&self) -> Box<str> {
        let mut path = String::new();
        for segment in &self.0 {
            match segment {
                Segment::Key(name) => push_key(&mut path, name),
                // Writing to a string cannot fail.
                Segment::Index(index) => write!(path, "[{index}]").unwrap_or_default(),
            }
        }
        path.into_boxed_str()
    }
}

impl From<&[Step]> for FieldPath {
    fn from(steps: &[Step]) -> Self {
        steps.iter().fold(Self::root(), |path, step| match step {
            Step::Key(name) => path.key(name),
            Step::Index(index) => path.index(*index),
        })
    }
}

impl From<&FieldPath> for String {
    fn from(path: &FieldPath) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn a_path_reads_back_as_the_steps_it_was_built_from() {
        let steps = vec![
            Step::Key("spec".to_owned()),
            Step::Key("a.b/c".to_owned()),
            Step::Index(3),
            Step::Key("secretName".to_owned()),
        ];
        let path = FieldPath::from(steps.as_slice());
        assert_eq!(path.as_str(), "spec['a.b/c'][3].secretName");
        assert_eq!(path.steps(), steps);
    }

    #[test]
    fn joining_keeps_one_separator() {
        assert_eq!(FieldPath::root().join("spec.nodeName").as_str(), "spec.nodeName");
        assert_eq!(
            FieldPath::of("spec.template").join("spec.volumes[0]").as_str(),
            "spec.template.spec.volumes[0]"
        );
    }
}
