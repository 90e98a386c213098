//! Who may write what the floor knows. (pure)
//!
//! Whoever could edit the parameters could take the floor away without a trace. The leader writes them; a person who may
//! break glass can repair them. What nobody owns any more the API server's garbage collector deletes as soon as this
//! policy is gone too.

use serde_json::{Value, json};

use crate::registration::{
    match_constraints, policy,
    right::{IS_PERSON, Resource},
    rule,
};

/// The name of the policy and of its binding.
pub(in crate::registration) const NAME: &str = "bund-floor-parameters";

/// Refuses every write of parameters by others than `writer` and those who may break glass.
pub fn writers_policy(writer: &str) -> Value {
    let enforcement = Resource { plural: "enforcements", name: None };
    let expression = format!(
        "request.userInfo.username == {} || ({IS_PERSON} && {})",
        json!(writer),
        enforcement.was_given("breakglass")
    );
    let rules = [rule(bund_crds::GROUP, &["floorparameters"], &["CREATE", "UPDATE", "DELETE"], "Cluster")];
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "matchConstraints": match_constraints(&json!({}), &rules),
            "validations": [{
                "expression": expression,
                "message": "FloorParameters are written by Bund alone: change the ResidencyPolicy of the same name. To end \
                            enforcement in an emergency see docs/operations.md",
                "reason": "Forbidden",
            }],
        }),
    )
}
