//! Confining a pod by a required node affinity.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    Snapshot,
    select::Requirement,
    snapshot::Table,
    subject::{NodeTerm, Operator, PodShape, TermForm},
};

/// What confines a pod: every term of its required node affinity asks for a region inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Injection {
    /// The label that names a node's region.
    pub key: Box<str>,
    /// The values that name a place inside, in order.
    pub values: Vec<Box<str>>,
    /// The pod's whole `spec.affinity` as it becomes.
    pub affinity: Value,
}

impl Injection {
    /// The change as a JSON patch (RFC 6902). It is the same however often it is applied.
    pub fn json_patch(&self) -> Value {
        json!([{ "op": "add", "path": "/spec/affinity", "value": self.affinity }])
    }
}

/// The values of the node label that name a place inside for every one of `requirements`.
pub(crate) fn values_inside(requirements: &[&Requirement<'_>], snapshot: &Snapshot) -> BTreeSet<Box<str>> {
    let world = snapshot.world();
    let mut common: Option<BTreeSet<Box<str>>> = None;
    for requirement in requirements {
        let tables = requirement.jurisdictions.iter().filter_map(|name| world.jurisdiction(name));
        let values: BTreeSet<_> = tables.flat_map(Table::node_values).cloned().collect();
        common = Some(match common {
            None => values,
            Some(common) => common.intersection(&values).cloned().collect(),
        });
    }
    common.unwrap_or_default()
}

/// The injection that confines `pod` to `values`; `None` where its terms confine it already.
pub(crate) fn injection(
    pod: &Value,
    shape: &PodShape,
    values: &BTreeSet<Box<str>>,
    snapshot: &Snapshot,
) -> Option<Injection> {
    let key = snapshot.world().location().node_key.clone();
    let confined = |term: &NodeTerm| {
        term.form == TermForm::MatchesNothing
            || term.labels.iter().any(|requirement| {
                requirement.key == key
                    && matches!(&requirement.operator, Operator::In(asked) if asked.iter().all(|v| values.contains(v)))
            })
    };
    if shape.required_terms.as_ref().is_some_and(|terms| terms.iter().all(confined)) {
        return None;
    }
    let values: Vec<_> = values.iter().cloned().collect();
    let affinity = pod.get("spec").and_then(|spec| spec.get("affinity"));
    let affinity = confine(affinity, &json!({ "key": key, "operator": "In", "values": values }));
    Some(Injection { key, values, affinity })
}

/// Adds `requirement` to every term of the required node affinity; a single term where there is none. An empty
/// term stays as it is: it matches no node, and would match some with a requirement in it.
fn confine(affinity: Option<&Value>, requirement: &Value) -> Value {
    let mut affinity = members(affinity);
    let mut node_affinity = members(affinity.get("nodeAffinity"));
    let mut required = members(node_affinity.get(REQUIRED));
    let terms = required.get("nodeSelectorTerms").and_then(Value::as_array).cloned();
    let terms = match terms {
        None => Vec::from([json!({ "matchExpressions": [requirement] })]),
        Some(terms) => terms.into_iter().map(|term| confine_term(term, requirement)).collect(),
    };
    required.insert("nodeSelectorTerms".to_owned(), Value::Array(terms));
    node_affinity.insert(REQUIRED.to_string(), Value::Object(required));
    affinity.insert("nodeAffinity".to_owned(), Value::Object(node_affinity));
    Value::Object(affinity)
}

const REQUIRED: &str = crate::subject::REQUIRED;

fn confine_term(mut term: Value, requirement: &Value) -> Value {
    let is_empty = |member: &str| term.get(member).and_then(Value::as_array).is_none_or(Vec::is_empty);
    if is_empty("matchExpressions") && is_empty("matchFields") {
        return term;
    }
    let mut expressions = term.get("matchExpressions").and_then(Value::as_array).cloned().unwrap_or_default();
    if !expressions.contains(requirement) {
        expressions.push(requirement.clone());
    }
    if let Value::Object(members) = &mut term {
        members.insert("matchExpressions".to_owned(), Value::Array(expressions));
    }
    term
}

fn members(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement() -> Value {
        json!({ "key": "region", "operator": "In", "values": ["a"] })
    }

    #[test]
    fn every_term_is_confined_and_an_empty_one_stays_empty() {
        let affinity = json!({
            "podAffinity": { "x": 1 },
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [1],
                REQUIRED: { "nodeSelectorTerms": [
                    { "matchExpressions": [{ "key": "disk", "operator": "Exists" }] },
                    { "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["n"] }] },
                    {}
                ] }
            }
        });
        let once = confine(Some(&affinity), &requirement());
        assert_eq!(
            once,
            json!({
                "podAffinity": { "x": 1 },
                "nodeAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [1],
                    REQUIRED: { "nodeSelectorTerms": [
                        { "matchExpressions": [{ "key": "disk", "operator": "Exists" }, requirement()] },
                        {
                            "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["n"] }],
                            "matchExpressions": [requirement()]
                        },
                        {}
                    ] }
                }
            })
        );
        assert_eq!(confine(Some(&once), &requirement()), once, "twice is once");
    }

    #[test]
    fn a_pod_without_affinity_gets_one_term() {
        let confined = confine(None, &requirement());
        assert_eq!(
            confined,
            json!({ "nodeAffinity": { REQUIRED: { "nodeSelectorTerms": [{ "matchExpressions": [requirement()] }] } } })
        );
    }
}
