//! What a pod asks of its node, read from `nodeAffinity` term by term.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use serde_json::Value;

use super::Reader;
use crate::FieldPath;

/// One term of a required node affinity. Terms are ORed; what is in a term is ANDed; an empty term matches
/// no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeTerm {
    /// Requirements on the node's labels.
    pub labels: Vec<NodeRequirement>,
    /// Requirements on the node's fields.
    pub fields: Vec<FieldRequirement>,
    /// Whether the term, as the scheduler reads it, can match a node at all.
    pub form: TermForm,
}

impl NodeTerm {
    /// A term that matches no node.
    pub(crate) fn matching_nothing() -> Self {
        Self { labels: Vec::new(), fields: Vec::new(), form: TermForm::MatchesNothing }
    }
}

/// Whether a term can match a node at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermForm {
    /// It can.
    Sound,
    /// It is empty or malformed in a way that the scheduler answers by matching no node.
    MatchesNothing,
}

/// A requirement on a node's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRequirement {
    /// The label's key.
    pub key: Box<str>,
    /// The comparison, with its values.
    pub operator: Operator,
}

/// A comparison with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The label has one of the values.
    In(BTreeSet<Box<str>>),
    /// The label is absent or has none of the values.
    NotIn(BTreeSet<Box<str>>),
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The label is an integer greater than this.
    Gt(i64),
    /// The label is an integer less than this.
    Lt(i64),
}

/// A requirement on the node's name, the only field that the API server accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldRequirement {
    /// The node has this name.
    Named(Box<str>),
    /// The node has another name.
    NotNamed(Box<str>),
}

/// Reads the terms of `requiredDuringSchedulingIgnoredDuringExecution`. `None` where nothing is required.
pub(super) fn required_terms(reader: &mut Reader, pod_spec: &Value, at: &FieldPath) -> Option<Vec<NodeTerm>> {
    let affinity = reader.object_value(pod_spec, at, "affinity")?;
    let at = at.key("affinity");
    let node_affinity = reader.object_value(affinity, &at, "nodeAffinity")?;
    let at = at.key("nodeAffinity");
    let required = reader.object_value(node_affinity, &at, REQUIRED)?;
    Some(selector_terms(reader, required, &at.key(REQUIRED)))
}

/// Reads the terms of a node selector that sits at `at`.
pub(crate) fn selector_terms(reader: &mut Reader, selector: &Value, at: &FieldPath) -> Vec<NodeTerm> {
    let terms = reader.list(selector, at, "nodeSelectorTerms");
    let at = at.key("nodeSelectorTerms");
    terms.iter().enumerate().map(|(index, term)| read_term(reader, term, &at.index(index))).collect()
}

/// The field that holds the required terms, below `nodeAffinity`.
pub(crate) const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn read_term(reader: &mut Reader, term: &Value, at: &FieldPath) -> NodeTerm {
    if !term.is_object() && !term.is_null() {
        reader.note(at.clone(), "an object");
    }
    let expressions = reader.list(term, at, "matchExpressions");
    let fields = reader.list(term, at, "matchFields");
    let mut read = NodeTerm { labels: Vec::new(), fields: Vec::new(), form: TermForm::Sound };
    if expressions.is_empty() && fields.is_empty() {
        read.form = TermForm::MatchesNothing;
    }
    for (index, expression) in expressions.iter().enumerate() {
        match read_requirement(reader, expression, &at.key("matchExpressions").index(index)) {
            Reading::Of(requirement) => read.labels.push(requirement),
            Reading::MatchesNothing => read.form = TermForm::MatchesNothing,
            Reading::Ignored => {}
        }
    }
    for (index, field) in fields.iter().enumerate() {
        match read_field(reader, field, &at.key("matchFields").index(index)) {
            Reading::Of(requirement) => read.fields.push(requirement),
            Reading::MatchesNothing => read.form = TermForm::MatchesNothing,
            Reading::Ignored => {}
        }
    }
    read
}

enum Reading<T> {
    /// Understood.
    Of(T),
    /// The scheduler rejects it, so its term matches no node.
    MatchesNothing,
    /// Not understood. It is left out of the term, so that it confines nothing.
    Ignored,
}

fn read_requirement(reader: &mut Reader, expression: &Value, at: &FieldPath) -> Reading<NodeRequirement> {
    let Some(key) = reader.text(expression, at, "key") else { return Reading::MatchesNothing };
    let values = read_values(reader, expression, at);
    let operator = match (reader.text(expression, at, "operator"), values.as_slice()) {
        (Some("In"), [_, ..]) => Operator::In(values.into_iter().collect()),
        (Some("NotIn"), [_, ..]) => Operator::NotIn(values.into_iter().collect()),
        (Some("Exists"), []) => Operator::Exists,
        (Some("DoesNotExist"), []) => Operator::DoesNotExist,
        (Some(operator @ ("Gt" | "Lt")), [value]) => match value.parse() {
            Ok(bound) if operator == "Gt" => Operator::Gt(bound),
            Ok(bound) => Operator::Lt(bound),
            Err(_) => return Reading::MatchesNothing,
        },
        (Some("In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt") | None, _) => {
            return Reading::MatchesNothing;
        }
        (Some(_), _) => return Reading::Ignored,
    };
    Reading::Of(NodeRequirement { key: key.into(), operator })
}

fn read_field(reader: &mut Reader, field: &Value, at: &FieldPath) -> Reading<FieldRequirement> {
    let key = reader.text(field, at, "key");
    let values = read_values(reader, field, at);
    match (key, reader.text(field, at, "operator"), values.as_slice()) {
        (Some("metadata.name"), Some("In"), [name]) => Reading::Of(FieldRequirement::Named(name.clone())),
        (Some("metadata.name"), Some("NotIn"), [name]) => {
            Reading::Of(FieldRequirement::NotNamed(name.clone()))
        }
        (Some("metadata.name"), Some("In" | "NotIn"), _) | (_, None, _) => Reading::MatchesNothing,
        // The scheduler compares a field without a name as it compares any other.
        (_, Some(_), _) => Reading::Ignored,
    }
}

fn read_values(reader: &mut Reader, parent: &Value, at: &FieldPath) -> Vec<Box<str>> {
    let list = reader.list(parent, at, "values");
    let mut values = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        match value.as_str() {
            Some(text) => values.push(text.into()),
            None => reader.note(at.key("values").index(index), "a string"),
        }
    }
    values
}
