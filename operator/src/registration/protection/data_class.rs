//! A class reaches less, or asks for less.

use super::{Variable, field, lost, selector, together};

/// A label key that can be read: what the API server lets through as a member of `matchLabels` need not be one.
const KEY: &str = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?\
                   [A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";

/// What an edit takes from the class (`lessOfClass`).
pub(super) fn variables() -> Vec<Variable> {
    // What was neither absent nor the weakest, and is otherwise now.
    let dropped = |path: &str, weakest: &str| {
        let (was, now) = (field("was", path, weakest), field("now", path, weakest));
        format!("{was} != {weakest} && {now} != {was}")
    };
    let days = |when| field(when, "retention.minimumDays", "0");
    let less_of_class = together(&[
        lost("variables.now.category != variables.was.category", "is of another category"),
        lost(&dropped("sensitivity", "'Ordinary'"), "is no longer sensitive"),
        lost(&dropped("subjects", "'Anyone'"), "is no longer of minors"),
        lost(&dropped("sector", "'General'"), "is no longer of its sector"),
        lost(&dropped("safeguards.atRest", "''"), "asks for no encryption at rest any more"),
        lost(&dropped("safeguards.inTransit", "''"), "asks for no encryption in transit any more"),
        lost(&format!("{} < {}", days("now"), days("was")), "is kept for less time"),
        lost(&gone(), "selects less"),
        lost(&unreadable(), "can no longer be read"),
    ]);
    vec![
        ("wasSelectors", selectors("was")),
        ("nowSelectors", selectors("now")),
        ("lessOfClass", less_of_class),
    ]
}

/// The selectors, comparable.
fn selectors(when: &str) -> String {
    let (object, namespaces) = (selector("s.objectSelector"), selector("s.namespaceSelector"));
    format!(
        "{}.map(s, {{'object': dyn({object}), 'namespaces': dyn(has(s.namespaceSelector) ? [{namespaces}] : [])}})",
        field(when, "selectors", "[]")
    )
}

/// Some selector is there no more, neither as it was nor in every namespace.
fn gone() -> String {
    "!variables.wasSelectors.all(w, variables.nowSelectors.exists(n, \
     n.object == w.object && (size(n.namespaces) == 0 || n.namespaces == w.namespaces)))"
        .to_owned()
}

fn unreadable() -> String {
    let key = |key: &str| format!("{key}.matches('{KEY}') && {key}.indexOf('/') <= 253");
    format!(
        "!variables.nowSelectors.filter(n, !(n in variables.wasSelectors)).all(n, ([n.object] + n.namespaces)\
         .all(s, s.labels.all(k, {}) && s.expressions.all(e, {})))",
        key("k"),
        key("e.key")
    )
}
