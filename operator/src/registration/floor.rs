//! The floor: the policy that the API server evaluates by itself, so that it refuses the plain cases while no process of
//! ours runs and nobody calls us. (pure)
//!
//! One policy and one binding for all; what the ResidencyPolicies ask for is in objects of parameters beside them, one for
//! all that name the same jurisdictions. So the leader needs no right on any policy or binding but those of these names,
//! and the API server does its work once for a pod, however many policies there are.
//!
//! Architecture Invariant: what the floor refuses, the engine refuses (`e2e/tests/suite/floor.rs`). The floor is asked
//! after mutation: a pod that we have confined passes it. It knows classes by labels alone, and facts as the leader saw
//! them last.
//!
//! Without parameters it asks nothing (`parameterNotFoundAction: Allow`): in a cluster where no policy denies there are
//! none, and nothing must be refused there. Whoever takes them away must be us, or may break glass (`writers.rs`).

mod message;
mod parameters;
mod terms;
mod writers;

use bund_crds::floor_parameters::EVERYWHERE;
use serde_json::{Value, json};

use super::{match_constraints, namespace_selector, policy, rule};

pub(super) use parameters::parameters;
pub(super) use writers::{NAME as WRITERS, writers_policy};

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-floor";
/// The kind of its parameters.
pub(super) const PARAMETERS: &str = "FloorParameters";
/// The resource of its parameters.
pub(super) const PLURAL: &str = "floorparameters";

/// Whether an object can only be registered where parameters are served.
pub(super) fn needs_parameters(name: &str, kind: &str) -> bool {
    name == NAME || kind == PARAMETERS
}

/// A variable and its expression.
type Variable = (&'static str, String);

/// Refuses a pod that some policy keeps inside and that names a node outside, or that a node outside could satisfy.
pub fn floor_policy(exempt: &[String]) -> Value {
    let rules = [
        rule("", &["pods"], &["CREATE"], "Namespaced"),
        rule("", &["pods/ephemeralcontainers"], &["UPDATE"], "Namespaced"),
    ];
    let variables: Vec<Value> = [classes(), scope(), terms::variables(), message::variables()]
        .into_iter()
        .flatten()
        .map(|(name, expression)| json!({ "name": name, "expression": expression }))
        .collect();
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "paramKind": { "apiVersion": format!("{}/{}", bund_crds::GROUP, bund_crds::VERSION), "kind": PARAMETERS },
            "matchConstraints": match_constraints(&namespace_selector(Some("In"), exempt), &rules),
            "variables": variables,
            "validations": [node_inside(), confined()],
        }),
    )
}

/// Puts the policy in force with every object of parameters.
pub fn floor_binding() -> Value {
    let mut binding = super::binding(NAME);
    if let Some(Value::Object(spec)) = binding.get_mut("spec") {
        spec.insert("paramRef".to_owned(), json!({ "selector": {}, "parameterNotFoundAction": "Allow" }));
    }
    binding
}

/// The classes of the pod (`held`), and those of them that nobody declared.
fn classes() -> Vec<Variable> {
    let prefix = bund_crds::labels::DATA_CLASS_PREFIX;
    let named = |labels: &str| {
        format!("{labels}.filter(k, k.startsWith('{prefix}')).map(k, k.substring({}))", prefix.len())
    };
    vec![
        ("ownClasses", named("object.metadata.?labels.orValue({})")),
        ("namespaceLabels", "namespaceObject.metadata.?labels.orValue({})".to_owned()),
        ("namespaceClasses", named("variables.namespaceLabels")),
        (
            "held",
            "variables.ownClasses + variables.namespaceClasses.filter(c, !(c in variables.ownClasses))".to_owned(),
        ),
        (
            "undeclared",
            "has(params.spec.declaredClasses) ? variables.held.filter(c, !(c in params.spec.declaredClasses)) : []"
                .to_owned(),
        ),
    ]
}

/// The policies that deny for some of these classes in this namespace now (`keeping`), and the classes that they keep
/// (`kept`).
fn scope() -> Vec<Variable> {
    // The API server writes the creation time before it asks, so it is the clock that a policy lacks. A pod that gets a
    // container has an old one: there glass counts as broken as long as the leader says so.
    let glass = format!(
        "has(params.spec.brokenGlass) && [request.namespace, '{EVERYWHERE}'].exists(n, n in params.spec.brokenGlass && \
         (request.operation != 'CREATE' || \
         timestamp(object.metadata.creationTimestamp) < timestamp(params.spec.brokenGlass[n])))"
    );
    // Where a transfer leads only the webhook knows, so what it may cover is left to it. The clock is the same.
    let covered = "request.namespace in params.spec.?transfers.orValue({}) && \
                   params.spec.transfers[request.namespace].exists(t, variables.held.all(c, c in t.classes) && \
                   (request.operation != 'CREATE' || \
                   timestamp(object.metadata.creationTimestamp) < timestamp(t.until)))";
    // What a kubelet runs by itself runs already; its mirror only tells of it.
    let mirror = "request.userInfo.?groups.orValue([]).exists(g, g == 'system:nodes') && \
                  'kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({})";
    let keeping = format!(
        "size(variables.held) == 0 || variables.isMirror || variables.glassIsBroken || variables.mayBeCovered ? dyn([]) : \
         dyn(params.spec.policies.filter(p, \
         (size(variables.undeclared) > 0 || variables.held.exists(c, c in p.classes)) && \
         p.denies != (request.namespace in p.?overridden.orValue([])) && {}))",
        selected("p")
    );
    vec![
        ("glassIsBroken", glass),
        ("mayBeCovered", covered.to_owned()),
        ("isMirror", mirror.to_owned()),
        ("keeping", keeping),
        (
            "kept",
            "variables.held.filter(c, c in variables.undeclared || variables.keeping.exists(p, c in p.classes))"
                .to_owned(),
        ),
    ]
}

/// Whether the policy applies in the namespace, by its labels.
fn selected(policy: &str) -> String {
    let (label, selector) = ("variables.namespaceLabels", format!("{policy}.namespaceSelector"));
    format!(
        "(!has({selector}) || ({selector}.?matchLabels.orValue({{}})\
         .all(k, k in {label} && {label}[k] == {selector}.matchLabels[k]) && \
         {selector}.?matchExpressions.orValue([]).all(e, \
         e.operator == 'In' ? e.key in {label} && {label}[e.key] in e.values : \
         e.operator == 'NotIn' ? !(e.key in {label} && {label}[e.key] in e.values) : \
         (e.key in {label}) == (e.operator == 'Exists'))))"
    )
}

/// A pod that names its node is not scheduled: it runs there.
fn node_inside() -> Value {
    let outside = "has(params.spec.nodesInside) ? !(object.spec.nodeName in params.spec.nodesInside) : \
                   object.spec.nodeName in params.spec.?nodesNotInside.orValue([])";
    json!({
        "expression": format!("size(variables.keeping) == 0 || !has(object.spec.nodeName) || !({outside})"),
        "message": "NodeOutside: the pod is put on a node that is not inside",
        "messageExpression": message::node_outside(),
        "reason": "Forbidden",
    })
}

/// The scheduler puts a pod on any node that satisfies it.
fn confined() -> Value {
    let open = "variables.openTerms.exists(open, open)";
    json!({
        "expression": format!(
            "size(variables.keeping) == 0 || has(object.spec.nodeName) || request.operation != 'CREATE' || \
             params.spec.unplaced != 'Confined' || variables.isBig || !{open}"
        ),
        "message": "PlacementUnconfined: the pod could be placed outside",
        "messageExpression": message::unconfined(),
        "reason": "Forbidden",
    })
}

#[cfg(test)]
mod tests;
