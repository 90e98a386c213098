//! A mapping sees less.

use bund_crds::FieldQuery;

use super::{Variable, each, field, lost, together};

const ACTS: &str = "actsForNamespace";

/// What an edit makes a mapping see no more (`unseen`).
pub(super) fn variables() -> Vec<Variable> {
    let unseen = together(&[
        lost("variables.now.target != variables.was.target", "no longer tells where its kind leads"),
        each(
            &gone("destinations", &[("type", "''"), ("provider", "''")]),
            "no longer reads ",
            "x.query",
            " as it did",
        ),
        each(&gone("templates", &[("shape", "'PodTemplate'")]), "no longer finds pods at ", "x.query", ""),
        lost(
            &format!("{} && !{}", field("was", ACTS, "false"), field("now", ACTS, "false")),
            "no longer judges its kind for what lives in the namespace",
        ),
        lost(&unreadable(), "can no longer be read"),
    ]);
    vec![("unseen", unseen)]
}

/// Entries of a list that are there no more with the same query and members.
fn gone(list: &str, members: &[(&str, &str)]) -> String {
    let same = members.iter().map(|(member, default)| {
        format!(" && n.?{member}.orValue({default}) == x.?{member}.orValue({default})")
    });
    let same: String = same.collect();
    let (was, now) = (field("was", list, "[]"), field("now", list, "[]"));
    format!("{was}.filter(x, !{now}.exists(n, n.query == x.query{same}))")
}

/// The API server counts the characters of a query; what reads it counts bytes.
fn unreadable() -> String {
    let queries = ["destinations", "templates"].map(|list| {
        format!("{}.exists(x, size(bytes(x.query)) > {})", field("now", list, "[]"), FieldQuery::MAX_LENGTH)
    });
    queries.join(" || ")
}
