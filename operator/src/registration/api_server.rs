//! The policy that the API server evaluates by itself: who says where the API server is. (pure)
//!
//! Every pod of a closed namespace may reach the API server, and its addresses are those of the Service `default/kubernetes`,
//! its Endpoints and its EndpointSlices: whoever writes them opens any address to all of these pods. The API server writes
//! them itself, and so may what belongs to the control plane. Anybody else needs the right `connect` on every class that
//! the strictest policies keep, because what they write opens a way out to all of them.
//!
//! A cloud may have another writer. It is refused only where a policy denies egress; where one warns, the audit log of the
//! API server tells who would be.

use bund_engine::Reason;
use serde_json::{Value, json};

use super::{
    MADE_AND_CHANGED, Strictest, Trusted, match_constraints, policy,
    right::{on_every_class, trusted_with},
    rule,
};

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-api-server";

/// Who writes them besides the API server: its controllers and those of the cloud, where they have no ServiceAccount.
const CONTROL_PLANE: [&str; 3] =
    ["system:apiserver", "system:cloud-controller-manager", "system:kube-controller-manager"];

/// Whose members are not asked: they could take this policy away as well. The second writes slices for every Service.
const GROUPS: [&str; 2] = ["system:masters", "system:serviceaccounts:kube-system"];

/// Refuses to write what says where the API server is, but for what changes nothing about it.
pub fn api_server_policy(strictest: Option<&Strictest>, trusted: &Trusted) -> Value {
    let variables = [
        ("trustedWith", trusted_with(trusted)),
        (
            "isControlPlane",
            format!(
                "request.userInfo.username in {} || request.userInfo.?groups.orValue([]).exists(g, g in {})",
                json!(CONTROL_PLANE),
                json!(GROUPS)
            ),
        ),
        ("now", says("object")),
        ("before", format!("request.operation == 'UPDATE' ? {} : dyn([])", says("oldObject"))),
        ("isAsBefore", "variables.now == variables.before".to_owned()),
    ];
    let variables: Vec<_> = variables
        .into_iter()
        .map(|(name, expression)| json!({ "name": name, "expression": expression }))
        .collect();
    let validations: Vec<_> = on_every_class("connect", strictest)
        .into_iter()
        .map(|right| {
            json!({
                "expression": format!("variables.isControlPlane || variables.isAsBefore || ({right})"),
                "message": format!("{}: this says where the API server is; {}", Reason::EgressWidened, rest()),
                "messageExpression": message(),
                "reason": "Forbidden",
            })
        })
        .collect();
    let rules = [
        rule("", &["services", "endpoints"], &MADE_AND_CHANGED, "Namespaced"),
        rule("discovery.k8s.io", &["endpointslices"], &MADE_AND_CHANGED, "Namespaced"),
    ];
    let there = json!({ "matchExpressions": [
        { "key": "kubernetes.io/metadata.name", "operator": "In", "values": ["default"] }
    ] });
    let mut spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": match_constraints(&there, &rules),
        "matchConditions": [{ "name": "says-where-the-api-server-is", "expression": claims("object") }],
        "validations": validations,
    });
    if let Some(members) = spec.as_object_mut() {
        members.insert("variables".to_owned(), variables.into());
    }
    policy(NAME, &spec)
}

/// Whether an object says where the API server is: by its name, or as a slice of the Service, whatever its name.
fn claims(object: &str) -> String {
    format!(
        "{object}.metadata.?name.orValue('') == 'kubernetes' || (request.resource.resource == 'endpointslices' && \
         {object}.metadata.?labels[?'kubernetes.io/service-name'].orValue('') == 'kubernetes')"
    )
}

/// What it says: the members of all three kinds, whichever it has. What does not claim to say it says nothing.
fn says(object: &str) -> String {
    let members = ["spec", "subsets", "addressType", "endpoints", "ports"]
        .map(|member| format!("dyn(dyn({object}).?{member}.orValue(null))"))
        .join(", ");
    format!("(({}) ? dyn([{members}]) : dyn([]))", claims(object))
}

fn message() -> String {
    format!(
        "'{}: ' + request.kind.kind + ' default/' + object.metadata.?name.orValue('') + ' would say where the API server \
         is, and so be open to every pod of closed namespaces; {}'",
        Reason::EgressWidened,
        rest()
    )
}

/// Control, law and what to do, which hold no quote.
fn rest() -> String {
    let entry = Reason::EgressWidened.entry();
    format!(
        "{}, {}; leave it to the API server, or have it done by a person who was given the verb connect on the classes by \
         name (dataclasses of group bund.dev, ClusterRole bund-connector), or by whom policies trust with Connect",
        entry.control, entry.citation
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bund_crds::Mode;

    use super::*;
    use crate::registration::testing::assert_written_before_read;

    fn strictest(classes: &[&str]) -> Strictest {
        Strictest {
            mode: Mode::Deny,
            classes: classes.iter().map(|class| class.parse().unwrap()).collect(),
            jurisdictions: BTreeSet::new(),
        }
    }

    #[test]
    fn it_is_asked_about_what_is_made_and_changed_in_one_namespace() {
        let spec = api_server_policy(Some(&strictest(&["pi"])), &Trusted::new())["spec"].clone();
        assert_eq!(
            spec["matchConstraints"],
            json!({
                "matchPolicy": "Equivalent",
                "namespaceSelector": { "matchExpressions": [
                    { "key": "kubernetes.io/metadata.name", "operator": "In", "values": ["default"] }
                ] },
                "objectSelector": {},
                "resourceRules": [
                    { "apiGroups": [""], "apiVersions": ["*"], "resources": ["services", "endpoints"],
                      "operations": ["CREATE", "UPDATE"], "scope": "Namespaced" },
                    { "apiGroups": ["discovery.k8s.io"], "apiVersions": ["*"], "resources": ["endpointslices"],
                      "operations": ["CREATE", "UPDATE"], "scope": "Namespaced" },
                ]
            })
        );
        assert_eq!(spec["failurePolicy"], "Fail");
    }

    #[test]
    fn the_right_is_asked_for_on_every_class_and_where_no_policy_keeps_any_nothing_is() {
        let count = |strictest: Option<&Strictest>| {
            let policy = api_server_policy(strictest, &Trusted::new());
            let validations = policy["spec"]["validations"].as_array().unwrap();
            let checks = |one: &Value| one["expression"].as_str().unwrap().matches("connect").count();
            validations.iter().map(checks).collect::<Vec<_>>()
        };
        assert_eq!(count(Some(&strictest(&["pi", "logs"]))), [2, 2]);
        assert_eq!(count(None), [0]);
    }

    #[test]
    fn every_variable_is_written_before_it_is_read_and_no_text_ends_its_literal() {
        assert_written_before_read(&api_server_policy(None, &Trusted::new()));
        assert!(!rest().contains('\''), "{}", rest());
    }
}
