//! The policy that the API server evaluates by itself: where it may send objects by URL. (pure)
//!
//! A webhook, and the conversion of a custom resource, see whole objects, and the API server sends them wherever a URL says.
//! Webhooks are never asked about webhook configurations, so it is this policy that judges them. It lets through what
//! the engine would call inside by exact lists (`inside.rs`), and refuses whatever it cannot decide.
//!
//! What a Service of the cluster answers is another matter: a Service is judged as one.

mod inside;

use bund_engine::Reason;
use serde_json::{Value, json};

use super::{Endpoint, MADE_AND_CHANGED, match_constraints, policy, rule};
use crate::webhook::{MUTATE, VALIDATE};

pub use inside::Inside;

/// The name of the policy and of its binding.
pub(super) const NAME: &str = "bund-callbacks";

/// A variable and its expression.
type Variable = (&'static str, String);

/// Refuses webhooks and conversions by a URL that is not `inside`, and not our own. Without an `inside` there is no policy
/// that keeps anything, and nothing is asked.
pub fn callbacks_policy(inside: Option<&Inside>, own: &Endpoint) -> Value {
    let variables: Vec<_> = variables(inside, own)
        .into_iter()
        .map(|(name, expression)| json!({ "name": name, "expression": expression }))
        .collect();
    let entry = Reason::CallbackOutside.entry();
    // No text of these holds a quote.
    let rest = format!("{}, {}; {}", entry.control, entry.citation, entry.remedy);
    let message = format!(
        "'{}: ' + request.kind.kind + ' ' + request.name + ' would have the API server send objects to ' + \
         variables.outside.join(' and ') + ', which is not known to be inside; {rest}'",
        Reason::CallbackOutside
    );
    let webhooks = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"];
    let rules = [
        rule("admissionregistration.k8s.io", &webhooks, &MADE_AND_CHANGED, "Cluster"),
        rule("apiextensions.k8s.io", &["customresourcedefinitions"], &MADE_AND_CHANGED, "Cluster"),
    ];
    policy(
        NAME,
        &json!({
            "failurePolicy": "Fail",
            "matchConstraints": match_constraints(&json!({}), &rules),
            "variables": variables,
            "validations": [{
                "expression": "size(variables.outside) == 0",
                "message": format!(
                    "{}: the API server would send objects to a place that is not known to be inside; {rest}",
                    Reason::CallbackOutside
                ),
                "messageExpression": message,
                "reason": "Forbidden",
            }],
        }),
    )
}

/// What is called (`calls`), what of it is new, and the URLs of that which lead out.
fn variables(inside: Option<&Inside>, own: &Endpoint) -> Vec<Variable> {
    let mut variables = vec![
        ("calls", calls("object")),
        ("before", format!("request.operation == 'UPDATE' ? {} : dyn([])", calls("oldObject"))),
        ("own", json!(own_urls(own)).to_string()),
    ];
    match inside {
        None => variables.push(("outside", "dyn([])".to_owned())),
        Some(inside) => {
            variables.extend(inside.variables());
            let outside = format!(
                "variables.calls.filter(c, !(c in variables.before)).map(c, c.url).filter(u, \
                 !(u in variables.own) && !(isURL(u) && url(u).getScheme() == 'https' && {}))",
                inside::test("url(u).getHostname().lowerAscii()")
            );
            variables.push(("outside", outside));
        }
    }
    variables
}

/// Everything that is called by URL: the URL with what decides which objects it sees, so that an update that shows it
/// more is as new as another URL. What its certificate is signed by changes all the time.
fn calls(object: &str) -> String {
    let object = format!("dyn({object})");
    let seen = ["rules", "namespaceSelector", "objectSelector", "matchConditions", "matchPolicy"]
        .map(|member| format!("'{member}': dyn(w.?{member}.orValue(null))"))
        .join(", ");
    format!(
        "dyn({object}.?webhooks.orValue([]).filter(w, w.?clientConfig.?url.orValue('') != '')\
         .map(w, {{'url': dyn(w.clientConfig.url), {seen}}}) + \
         [{object}.?spec.?conversion.?webhook.?clientConfig.?url.orValue('')].filter(u, u != '')\
         .map(u, {{'url': dyn(u)}}))"
    )
}

/// Where the API server finds us, if that is a URL.
fn own_urls(own: &Endpoint) -> Vec<String> {
    match own {
        Endpoint::Service { .. } => Vec::new(),
        Endpoint::Url(url) => {
            [MUTATE, VALIDATE].map(|path| format!("{}{path}", url.trim_end_matches('/'))).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_webhook_by_url_is_let_through_by_its_very_url() {
        assert_eq!(
            own_urls(&Endpoint::Url("https://127.0.0.1:8443/".to_owned())),
            ["https://127.0.0.1:8443/mutate", "https://127.0.0.1:8443/validate"]
        );
    }

    #[test]
    fn no_text_ends_its_literal() {
        let entry = Reason::CallbackOutside.entry();
        assert!(![entry.control, entry.citation, entry.remedy].concat().contains('\''));
    }
}
