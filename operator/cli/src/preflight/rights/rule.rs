//! Whether a role grants what is asked, as the RBAC authorizer reads its rules.

use serde_json::Value;

use crate::inventory::list;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The API group; empty for the core group.
    pub(super) group: &'a str,
    /// The resource, with its subresource: `pods/exec`.
    pub(super) resource: &'a str,
    /// Verbs of which any will do.
    pub(super) verbs: &'a [&'a str],
}

/// How a role grants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// Some rule says `*` for the verb.
    pub(super) by_wildcard: bool,
    /// The names to which every rule that grants it is limited; empty where one is not.
    pub(super) only: Vec<String>,
}

/// How `role` grants what is asked, if it does.
pub(super) fn grants(role: &Value, asked: &Asked<'_>) -> Option<Grant> {
    let rules: Vec<&Value> = list(role, "/rules").filter(|rule| matches(rule, asked)).collect();
    if rules.is_empty() {
        return None;
    }
    let by_wildcard = rules.iter().any(|rule| texts(rule, "/verbs").any(|verb| verb == "*"));
    let mut only: Vec<String> = Vec::new();
    for rule in &rules {
        let names: Vec<_> = texts(rule, "/resourceNames").map(str::to_owned).collect();
        if names.is_empty() {
            return Some(Grant { by_wildcard, only: Vec::new() });
        }
        only.extend(names);
    }
    only.sort();
    only.dedup();
    Some(Grant { by_wildcard, only })
}

fn texts<'v>(rule: &'v Value, pointer: &str) -> impl Iterator<Item = &'v str> {
    list(rule, pointer).filter_map(Value::as_str)
}

fn matches(rule: &Value, asked: &Asked<'_>) -> bool {
    texts(rule, "/apiGroups").any(|group| group == "*" || group == asked.group)
        && texts(rule, "/resources").any(|resource| covers(resource, asked.resource))
        && texts(rule, "/verbs").any(|verb| verb == "*" || asked.verbs.contains(&verb))
}

/// `*` is every resource and subresource, `*/exec` the subresource of every resource; `pods` is not `pods/exec`, and
/// `pods/*` is nothing to the authorizer.
fn covers(granted: &str, asked: &str) -> bool {
    if granted == "*" || granted == asked {
        return true;
    }
    match (granted.split_once('/'), asked.split_once('/')) {
        (Some(("*", granted)), Some((_, asked))) => granted == asked,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn resources_are_covered_as_the_authorizer_covers_them() {
        for granted in ["*", "pods/exec", "*/exec"] {
            assert!(covers(granted, "pods/exec"), "{granted}");
        }
        for granted in ["pods", "pods/*", "*/log", "exec", "services/exec", ""] {
            assert!(!covers(granted, "pods/exec"), "{granted}");
        }
    }

    #[test]
    fn a_grant_says_how_it_grants() {
        let asked = Asked { group: "bund.dev", resource: "transferauthorities", verbs: &["approve"] };
        let rule = |groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs, "resourceNames": names});
        let of = |rules: Vec<Value>| json!({ "rules": rules });
        let named = rule(&["bund.dev"], &["transferauthorities"], &["approve"], &["b", "a"]);
        let wild = rule(&["*"], &["*"], &["*"], &[]);
        let other = rule(&["apps"], &["*"], &["*"], &[]);
        let grant = |by_wildcard, only: &[&str]| {
            Some(Grant { by_wildcard, only: only.iter().map(|name| (*name).to_owned()).collect() })
        };
        assert_eq!(grants(&of(vec![named.clone()]), &asked), grant(false, &["a", "b"]));
        assert_eq!(grants(&of(vec![named, wild]), &asked), grant(true, &[]));
        assert_eq!(grants(&of(vec![other]), &asked), None);
        assert_eq!(grants(&json!({}), &asked), None);
    }
}
