//! The policy that the API server evaluates by itself: who reaches kubelets through its proxy. (pure)
//!
//! A kubelet runs commands in every pod of its node and hands out their logs, and a Node lives in no namespace, so that no
//! webhook entry of ours is asked. What metrics and health need stays open to everybody whom RBAC lets; for anything
//! else the right `connect` is needed, on every class that the strictest policies keep.

use bund_engine::Reason;
use serde_json::{Value, json};

use super::{
    Strictest, Trusted, match_constraints, policy,
    right::{on_every_class, trusted_with},
    rule,
};

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-node-proxy";

/// What is asked of kubelets to watch over them. Exact paths: the API server resolves dots after admission, and whoever
/// spells a path in another way gets no answer that they need. `/pods` is none of them, for it shows the environment of
/// every pod; `/logs`, `/configz` and `/debug` even less.
const HARMLESS: [&str; 10] = [
    "/healthz",
    "/healthz/log",
    "/healthz/ping",
    "/healthz/syncloop",
    "/metrics",
    "/metrics/cadvisor",
    "/metrics/probes",
    "/metrics/resource",
    "/metrics/slis",
    "/stats/summary",
];

/// Refuses to proxy to kubelets, but for metrics and health, unless the requester was given the right to connect.
pub fn node_proxy_policy(strictest: Option<&Strictest>, trusted: &Trusted) -> Value {
    let variables = [
        ("path", "dyn(object).?path.orValue('')".to_owned()),
        // A name with a port is another server on the node.
        ("isHarmless", format!("!request.name.contains(':') && variables.path in {}", json!(HARMLESS))),
        ("trustedWith", trusted_with(trusted)),
    ];
    let variables: Vec<_> = variables
        .into_iter()
        .map(|(name, expression)| json!({ "name": name, "expression": expression }))
        .collect();
    let validations: Vec<_> = on_every_class("connect", strictest)
        .into_iter()
        .map(|expression| {
            json!({
                "expression": format!("variables.isHarmless || ({expression})"),
                "message": format!("{}: the kubelet reaches every pod of its node; {}", Reason::ConnectionUnapproved, rest()),
                "messageExpression": message(),
                "reason": "Forbidden",
            })
        })
        .collect();
    let rules = [rule("", &["nodes/proxy"], &["CONNECT"], "Cluster")];
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "matchConstraints": match_constraints(&json!({}), &rules),
            "variables": variables,
            "validations": validations,
        }),
    )
}

fn message() -> String {
    format!(
        "'{}: Node ' + request.name + ' would be reached through the API server, by its proxy' + \
         (variables.path == '' ? '' : ' at ' + variables.path) + '; its kubelet reaches every pod on it; {}'",
        Reason::ConnectionUnapproved,
        rest()
    )
}

/// Control, law and remedy, which hold no quote.
fn rest() -> String {
    let entry = Reason::ConnectionUnapproved.entry();
    format!("{}, {}; {}", entry.control, entry.citation, entry.remedy)
}

#[cfg(test)]
mod tests {
    use bund_crds::Mode;

    use super::*;
    use crate::registration::right::CLASSES;

    fn strictest(classes: usize) -> Strictest {
        Strictest {
            mode: Mode::Deny,
            classes: (0..classes).map(|number| format!("class-{number}").parse().unwrap()).collect(),
            jurisdictions: ["cn-mainland".parse().unwrap()].into(),
        }
    }

    fn expressions(strictest: Option<&Strictest>) -> Vec<String> {
        let policy = node_proxy_policy(strictest, &Trusted::new());
        let validations = policy["spec"]["validations"].as_array().unwrap().clone();
        validations.iter().map(|one| one["expression"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_authorizer_is_asked_no_more_than_the_api_server_lets_one() {
        assert_eq!(expressions(None), ["variables.isHarmless || (true)"]);
        for (classes, validations) in [(1, 1), (CLASSES, CLASSES), (CLASSES + 1, 1)] {
            let all = expressions(Some(&strictest(classes)));
            assert_eq!(all.len(), validations, "{classes}");
            // Of the two ways through a condition one is taken.
            assert!(all.iter().all(|one| one.matches(".check(").count() <= 3), "{all:?}");
        }
    }

    #[test]
    fn no_text_ends_its_literal() {
        assert!(!rest().contains('\''), "{}", rest());
    }
}
