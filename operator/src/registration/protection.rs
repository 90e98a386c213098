//! The policy that the API server evaluates by itself: who may weaken the protection that our own kinds give. (pure)
//!
//! It needs no process of ours, so it holds while all of them are dead, and it can never keep anybody from repairing us.
//! What it refuses, [`bund_engine::weakening`] finds too; `e2e/tests/suite/protection.rs` compares the two. Three things
//! it cannot say as the engine does: classes and unreadable objects are those of the leader's last registration; of more
//! than [`CLASSES`] classes at one time, the right is asked for on all classes at once; and an edit that is too large for
//! the API server's limit on computing is refused, whoever asks, and must be made in steps.

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::{
    HeldClass, Reason,
    snapshot::World,
    weakening::{protected, protected_in},
};
use serde_json::{Value, json};

use super::{
    match_constraints, policy,
    right::{IS_PERSON, Resource},
    rule,
};

mod data_class;
mod destination_mapping;
mod egress;
mod jurisdiction;
mod location;
mod residency_policy;

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-protection";

/// How many classes the right is asked for one by one: the API server lets a policy ask its authorizer no more than 28
/// times.
const CLASSES: usize = 10;

/// What the custom resources say about who loses by an edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    /// Classes for which some policy denies something, in order.
    classes: Vec<String>,
    /// Of these, by jurisdiction, those that may be in it.
    by_jurisdiction: BTreeMap<String, Vec<String>>,
    /// Objects that cannot be read and may be repaired by anybody, as `Kind/name`.
    unreadable: Vec<String>,
}

impl Protected {
    /// What `world` protects.
    pub fn of(world: &World) -> Self {
        let names = |classes: BTreeSet<HeldClass>| -> Vec<String> {
            classes.iter().map(ToString::to_string).collect()
        };
        let places = world.policies().flat_map(|policy| &policy.spec.jurisdictions);
        let by_jurisdiction =
            places.map(|place| (place.to_string(), names(protected_in(place.as_str(), world))));
        let unreadable = world.unreadable().map(|object| format!("{}/{}", object.kind.as_str(), object.name));
        Self {
            classes: names(protected(world)),
            by_jurisdiction: by_jurisdiction.filter(|(_, classes)| !classes.is_empty()).collect(),
            unreadable: unreadable.collect(),
        }
    }
}

/// Refuses an edit or a deletion that takes protection from a class, unless a person was given the right to
/// `declassify` it.
pub fn protection_policy(protected: &Protected) -> Value {
    let losses = [
        residency_policy::variables(),
        data_class::variables(),
        jurisdiction::variables(),
        location::variables(),
        destination_mapping::variables(),
    ];
    let variables: Vec<Value> = edit(protected)
        .into_iter()
        .chain(losses.into_iter().flatten())
        .chain(outcome())
        .map(|(name, expression)| json!({ "name": name, "expression": expression }))
        .collect();
    let refusal = |expression: String| {
        json!({
            "expression": expression,
            "message": format!("ProtectionWeakened: this edit takes protection from data; {}", remedy()),
            "messageExpression": message(),
            "reason": "Forbidden",
        })
    };
    let resources =
        ["clusterlocations", "dataclasses", "destinationmappings", "jurisdictions", "residencypolicies"];
    // Not their statuses, and not their creation: what did not exist protected nothing.
    let rules = [rule(bund_crds::GROUP, &resources, &["UPDATE", "DELETE"], "Cluster")];
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "matchConstraints": match_constraints(&json!({}), &rules),
            "variables": variables,
            "validations": rights().into_iter().map(refusal).collect::<Vec<_>>(),
        }),
    )
}

/// A variable and its expression.
type Variable = (&'static str, String);

/// What is edited, and what the leader knows of the world.
fn edit(protected: &Protected) -> Vec<Variable> {
    let Protected { classes, by_jurisdiction, unreadable } = protected;
    vec![
        ("kind", "oldObject.kind".to_owned()),
        // Not the name of the request: it is empty where a collection is deleted.
        ("name", "oldObject.metadata.name".to_owned()),
        ("deleted", "request.operation == 'DELETE'".to_owned()),
        // Dynamic, because the kinds differ in their fields.
        ("was", "dyn(oldObject).?spec.orValue({})".to_owned()),
        ("now", "variables.deleted ? dyn({}) : dyn(object).?spec.orValue({})".to_owned()),
        ("protected", cel(&json!(classes))),
        ("protectedIn", cel(&json!(by_jurisdiction))),
        ("unreadable", cel(&json!(unreadable))),
    ]
}

/// Which classes could lose, what is lost, and which classes do lose.
fn outcome() -> [Variable; 3] {
    [
        (
            "losers",
            "(!variables.deleted && variables.was == variables.now) || \
             (variables.kind + '/' + variables.name) in variables.unreadable ? dyn([]) : \
             variables.kind == 'ResidencyPolicy' ? (variables.denies ? variables.was.dataClasses : dyn([])) : \
             variables.kind == 'DataClass' ? dyn(variables.protected.filter(c, c == variables.name)) : \
             variables.kind == 'Jurisdiction' ? dyn(variables.protectedIn[?variables.name].orValue([])) : \
             dyn(variables.protected)"
                .to_owned(),
        ),
        (
            "what",
            "size(variables.losers) == 0 ? [] : variables.deleted ? ['is deleted'] : \
             variables.kind == 'ResidencyPolicy' ? variables.forAll + variables.unkept.map(c, 'no longer keeps ' + c) : \
             variables.kind == 'DataClass' ? variables.lessOfClass : \
             variables.kind == 'Jurisdiction' ? variables.moreInside : \
             variables.kind == 'ClusterLocation' ? variables.elsewhere : variables.unseen"
                .to_owned(),
        ),
        (
            "weakened",
            "size(variables.what) == 0 ? dyn([]) : \
             variables.kind == 'ResidencyPolicy' && !variables.deleted && size(variables.forAll) == 0 ? \
             dyn(variables.unkept) : variables.losers"
                .to_owned(),
        ),
    ]
}

/// One validation per class, because an expression may ask the authorizer twice.
fn rights() -> Vec<String> {
    let person = format!("size(variables.weakened) == 0 || {IS_PERSON}");
    let all = Resource { plural: "dataclasses", name: None }.was_given("declassify");
    let all = format!("size(variables.weakened) <= {CLASSES} || ({all})");
    let each = (0..CLASSES).map(|number| {
        let class = format!("variables.weakened[{number}]");
        let given = Resource { plural: "dataclasses", name: Some(&class) }.was_given("declassify");
        format!("size(variables.weakened) <= {number} || size(variables.weakened) > {CLASSES} || ({given})")
    });
    [person, all].into_iter().chain(each).collect()
}

fn message() -> String {
    let entry = Reason::ProtectionWeakened.entry();
    let law = text(&format!("; {}, {}; {}", entry.control, entry.citation, remedy()));
    format!(
        "'ProtectionWeakened: ' + variables.kind + ' ' + variables.name + ' ' + variables.what.join(' and ') + \
         '; it protects ' + variables.weakened.join(', ') + {law}"
    )
}

fn remedy() -> String {
    let remedy = Reason::ProtectionWeakened.entry().remedy;
    format!(
        "{remedy} (ClusterRole bund-declassifier, bound by name; neither wildcards nor service accounts have it)"
    )
}

/// A list or map of texts as a CEL literal, which JSON is too.
fn cel(value: &Value) -> String {
    value.to_string()
}

/// A text as a CEL literal.
fn text(text: &str) -> String {
    cel(&json!(text))
}

/// Lists, one after the other.
fn together(lists: &[String]) -> String {
    lists.join(" + ")
}

/// A list of one text, if `condition` holds.
fn lost(condition: &str, what: &str) -> String {
    format!("({condition} ? ['{what}'] : [])")
}

/// One text for each entry that `list` selects.
fn each(list: &str, before: &str, entry: &str, after: &str) -> String {
    format!("{list}.map(x, '{before}' + {entry} + '{after}')")
}

/// A field of the spec as it was or as it is now, or what it is where it is left out.
fn field(when: &str, path: &str, default: &str) -> String {
    format!("variables.{when}.?{}.orValue({default})", path.replace('.', ".?"))
}

/// Entries of a list of texts that are there now and were not.
fn added(path: &str) -> String {
    format!("{}.filter(x, !(x in {}))", field("now", path, "[]"), field("was", path, "[]"))
}

/// Networks that are there now and are no part of one that was.
fn added_networks(path: &str) -> String {
    let was = field("was", path, "[]");
    format!(
        "{}.filter(x, !{was}.exists(o, o == x || cidr(o).containsCIDR(cidr(x))))",
        field("now", path, "[]")
    )
}

/// An expression that compares a label selector at `at` by what it says, however it says it.
fn selector(at: &str) -> String {
    format!(
        "{{'labels': {at}.?matchLabels.orValue({{}}), 'expressions': dyn({at}.?matchExpressions.orValue([])\
         .map(e, {{'key': dyn(e.key), 'operator': dyn(e.operator), 'values': dyn(e.?values.orValue([]))}}))}}"
    )
}

#[cfg(test)]
mod tests;
