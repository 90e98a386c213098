//! The part of `JSONPath` (RFC 9535) that a [`DestinationMapping`](crate::DestinationMapping) may use.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::InvalidName;

const EXPECTED: &str = "a field query: `$` followed by at most 16 steps such as `.spec`, `['a.b']`, `[0]` or `[*]`; \
no `..`, filters, slices or negative indexes";

/// One step of a [`FieldQuery`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueryStep {
    /// A member by name: `.name` or `['name']`.
    Member(Box<str>),
    /// An element by its index from zero: `[0]`.
    Element(usize),
    /// Every member or element: `.*` or `[*]`.
    Every,
}

/// A query of RFC 9535 without descendants (`..`), filters, slices and negative indexes, of at most
/// [`FieldQuery::MAX_STEPS`] steps: it visits a bounded part of an object and each result has one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldQuery {
    text: Box<str>,
    steps: Vec<QueryStep>,
}

impl FieldQuery {
    /// Most steps a query may have.
    pub const MAX_STEPS: usize = 16;
    /// Longest accepted text, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// The steps after `$`, in order.
    pub fn steps(&self) -> &[QueryStep] {
        &self.steps
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for FieldQuery {
    type Err = InvalidName;

    fn from_str(value: &str) -> Result<Self, InvalidName> {
        parse(value)
            .filter(|steps| {
                value.len() <= Self::MAX_LENGTH && !steps.is_empty() && steps.len() <= Self::MAX_STEPS
            })
            .map(|steps| Self { text: value.into(), steps })
            .ok_or_else(|| InvalidName { value: value.to_owned(), expected: EXPECTED.to_owned() })
    }
}

fn parse(value: &str) -> Option<Vec<QueryStep>> {
    let mut rest = value.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(after) = rest.strip_prefix('.') {
            dotted(after)?
        } else {
            bracketed(rest.strip_prefix('[')?)?
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

fn dotted(rest: &str) -> Option<(QueryStep, &str)> {
    if let Some(after) = rest.strip_prefix('*') {
        return Some((QueryStep::Every, after));
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end)?;
    let first = name.chars().next()?;
    let shorthand = (first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    shorthand.then(|| (QueryStep::Member(name.into()), after))
}

fn bracketed(rest: &str) -> Option<(QueryStep, &str)> {
    if let Some(after) = rest.strip_prefix("*]") {
        return Some((QueryStep::Every, after));
    }
    for quote in ['\'', '"'] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (name, after) = quoted.split_once(quote)?;
            // Escapes exist in RFC 9535; no field of Kubernetes needs one, and a backslash read
            // differently by two parsers is a way past.
            return (!name.contains('\\'))
                .then_some(())
                .and(after.strip_prefix(']'))
                .map(|after| (QueryStep::Member(name.into()), after));
        }
    }
    let (digits, after) = rest.split_once(']')?;
    let canonical = digits == "0" || !digits.starts_with('0');
    (canonical && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
        .map(|index| (QueryStep::Element(index), after))
}

impl TryFrom<String> for FieldQuery {
    type Error = InvalidName;

    fn try_from(value: String) -> Result<Self, InvalidName> {
        value.parse()
    }
}

impl From<FieldQuery> for String {
    fn from(value: FieldQuery) -> Self {
        value.text.into()
    }
}

impl fmt::Display for FieldQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl JsonSchema for FieldQuery {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FieldQuery".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 2,
            "maxLength": Self::MAX_LENGTH,
            "x-kubernetes-validations": [{
                "rule": r#"self.matches('^[$]([.][*]|[.][A-Za-z_][A-Za-z0-9_]*|\\[[*]\\]|\\[(0|[1-9][0-9]{0,5})\\]|\\[\'[^\'\\\\]*\'\\]|\\["[^"\\\\]*"\\]){1,16}$')"#,
                "message": EXPECTED.replace('`', "")
            }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_step_by_step() {
        let query: FieldQuery = "$.spec.pools[*].template['pod.spec'][0]".parse().unwrap();
        assert_eq!(
            query.steps(),
            [
                QueryStep::Member("spec".into()),
                QueryStep::Member("pools".into()),
                QueryStep::Every,
                QueryStep::Member("template".into()),
                QueryStep::Member("pod.spec".into()),
                QueryStep::Element(0),
            ]
        );
    }

    #[test]
    fn what_could_visit_without_bound_or_be_read_in_two_ways_is_refused() {
        let long = format!("${}", ".a".repeat(17));
        for bad in [
            "",
            "$",
            "spec",
            "$..a",
            "$.a[?@.b]",
            "$.a[-1]",
            "$.a[0:2]",
            "$.a[01]",
            "$.a['b\\'c']",
            "$.a-b",
            "$.a[",
            &long,
        ] {
            assert!(bad.parse::<FieldQuery>().is_err(), "{bad}");
        }
    }
}
