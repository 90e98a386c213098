//! Label selectors of other people's objects.

use alloc::{boxed::Box, collections::BTreeSet};

use bund_crds::labels::{EGRESS_PREFIX, EGRESS_TRANSFER_PREFIX};
use serde_json::Value;

use super::read::{members, text};

/// A selector over labels, as `metav1.LabelSelector`: all of its expressions hold. One that cannot be read selects everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Whatever satisfies all of these, in order, each once.
    Of(BTreeSet<Expression>),
    /// It cannot be read.
    Unreadable,
}

/// One expression of a selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expression {
    /// The label is there with one of these values.
    In(Box<str>, BTreeSet<Box<str>>),
    /// The label is absent or has none of these values.
    NotIn(Box<str>, BTreeSet<Box<str>>),
    /// The label is there.
    Exists(Box<str>),
    /// The label is absent.
    DoesNotExist(Box<str>),
}

impl Selector {
    /// The selector that selects everything.
    pub fn everything() -> Self {
        Self::Of(BTreeSet::new())
    }

    /// Reads a selector. Absent is the caller's to interpret.
    pub(super) fn read(selector: &Value) -> Self {
        expressions(selector).map_or(Self::Unreadable, Self::Of)
    }

    /// The same as far as it is about keys that `name` gives another name; what it says of others may be so or not.
    pub(super) fn renamed(&self, name: impl Fn(&str) -> Option<Box<str>>) -> Self {
        let Self::Of(expressions) = self else { return Self::Unreadable };
        let renamed = expressions.iter().filter_map(|expression| {
            Some(match expression {
                Expression::In(key, values) => Expression::In(name(key)?, values.clone()),
                Expression::NotIn(key, values) => Expression::NotIn(name(key)?, values.clone()),
                Expression::Exists(key) => Expression::Exists(name(key)?),
                Expression::DoesNotExist(key) => Expression::DoesNotExist(name(key)?),
            })
        });
        Self::Of(renamed.collect())
    }

    /// The selector that selects what both do. One that cannot be read leaves it to the other.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Of(mut one), Self::Of(other)) => {
                one.extend(other);
                Self::Of(one)
            }
            (Self::Unreadable, read) | (read, Self::Unreadable) => read,
        }
    }

    /// Whether it can be read.
    pub fn is_readable(&self) -> bool {
        matches!(self, Self::Of(_))
    }

    /// Whether it selects what has the labels that `lookup` finds.
    pub fn selects<'l>(&self, lookup: impl Fn(&str) -> Option<&'l str>) -> bool {
        match self {
            Self::Of(expressions) => expressions.iter().all(|expression| expression.holds(&lookup)),
            Self::Unreadable => true,
        }
    }

    /// The values one of which the label `key` certainly has on everything that is selected; `None` where it may have any,
    /// or be absent.
    pub fn values_of(&self, key: &str) -> Option<BTreeSet<&str>> {
        let Self::Of(expressions) = self else { return None };
        let listed = expressions.iter().filter_map(|expression| match expression {
            Expression::In(own, values) if **own == *key => Some(values),
            Expression::In(..)
            | Expression::NotIn(..)
            | Expression::Exists(_)
            | Expression::DoesNotExist(_) => None,
        });
        let sets = listed.map(|values| values.iter().map(AsRef::as_ref).collect::<BTreeSet<&str>>());
        sets.reduce(|one, other| one.intersection(&other).copied().collect())
    }

    /// Whether a mark of Bund's own is certainly on everything that is selected.
    pub fn asks_for_mark(&self) -> bool {
        let asks = |expression: &Expression| match expression {
            Expression::In(key, _) | Expression::Exists(key) => {
                key.starts_with(EGRESS_PREFIX) || key.starts_with(EGRESS_TRANSFER_PREFIX)
            }
            Expression::NotIn(..) | Expression::DoesNotExist(_) => false,
        };
        matches!(self, Self::Of(expressions) if expressions.iter().any(asks))
    }

    /// Whether the label `key` is certainly on everything that is selected.
    pub fn asks_for(&self, key: &str) -> bool {
        let asks = |expression: &Expression| match expression {
            Expression::In(own, _) | Expression::Exists(own) => **own == *key,
            Expression::NotIn(..) | Expression::DoesNotExist(_) => false,
        };
        matches!(self, Self::Of(expressions) if expressions.iter().any(asks))
    }
}

impl Expression {
    fn holds<'l>(&self, lookup: &impl Fn(&str) -> Option<&'l str>) -> bool {
        match self {
            Self::In(key, values) => lookup(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => lookup(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => lookup(key).is_some(),
            Self::DoesNotExist(key) => lookup(key).is_none(),
        }
    }
}

fn expressions(selector: &Value) -> Option<BTreeSet<Expression>> {
    let [labels, listed] = members(selector, ["matchLabels", "matchExpressions"])?;
    let mut expressions = BTreeSet::new();
    match labels {
        Value::Null => {}
        Value::Object(labels) => {
            for (key, value) in labels {
                expressions
                    .insert(Expression::In(key.as_str().into(), BTreeSet::from([text(value)?.into()])));
            }
        }
        _ => return None,
    }
    match listed {
        Value::Null => {}
        Value::Array(listed) => {
            for entry in listed {
                expressions.insert(expression(entry)?);
            }
        }
        _ => return None,
    }
    Some(expressions)
}

fn expression(entry: &Value) -> Option<Expression> {
    let [key, operator, values] = members(entry, ["key", "operator", "values"])?;
    let key: Box<str> = text(key)?.into();
    let values: BTreeSet<Box<str>> = match values {
        Value::Null => BTreeSet::new(),
        Value::Array(values) => {
            values.iter().map(|value| Some(text(value)?.into())).collect::<Option<_>>()?
        }
        _ => return None,
    };
    match (text(operator)?, values.is_empty()) {
        ("In", false) => Some(Expression::In(key, values)),
        ("NotIn", false) => Some(Expression::NotIn(key, values)),
        ("Exists", true) => Some(Expression::Exists(key)),
        ("DoesNotExist", true) => Some(Expression::DoesNotExist(key)),
        _ => None,
    }
}
