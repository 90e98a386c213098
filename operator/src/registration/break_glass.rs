//! The policy that the API server evaluates by itself: who may break glass. (pure)
//!
//! It is asked for our own emergency exit alone, so that no fault of it stops anything else.

use serde_json::{Value, json};

use super::{
    match_constraints, policy,
    right::{IS_PERSON, Resource},
    rule,
};

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-break-glass";

/// Refuses a `BreakGlass` of anybody who was not given the right, and of machines.
pub fn break_glass_policy() -> Value {
    let enforcement = Resource { plural: "enforcements", name: None };
    let refusal = |expression: String, message: &str| json!({ "expression": expression, "message": message, "reason": "Forbidden" });
    let validations = [
        refusal(IS_PERSON.to_owned(), "BreakGlass: a service account does not break glass; a person does"),
        refusal(
            enforcement.may("breakglass"),
            "BreakGlass: you do not have the verb breakglass on enforcements of group bund.dev; ask for a \
             ClusterRoleBinding to ClusterRole bund-breakglass",
        ),
        refusal(
            format!("!{}", enforcement.held_by_wildcard()),
            "BreakGlass: you hold the verb breakglass by a wildcard, which nobody chose; act as a person who was given \
             ClusterRole bund-breakglass and no wildcard (kubectl --as), or use the emergency command of \
             docs/operations.md",
        ),
        refusal(
            "object.spec.requestedBy == request.userInfo.username".to_owned(),
            "BreakGlass: spec.requestedBy must be your own user name, as `kubectl auth whoami` tells it",
        ),
    ];
    let rules = [rule(bund_crds::GROUP, &["breakglasses"], &["CREATE"], "Cluster")];
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "matchConstraints": match_constraints(&json!({}), &rules),
            "validations": validations,
        }),
    )
}
