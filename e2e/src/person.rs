//! People who were given a right by name, and everything else without a wildcard among its verbs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Somebody who may write everything, and may take away some classes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    classes: BTreeSet<String>,
}

impl Person {
    /// Somebody who may take away exactly these classes.
    pub fn who_may_declassify<'c>(classes: impl IntoIterator<Item = &'c str>) -> Self {
        Self { classes: classes.into_iter().map(str::to_owned).collect() }
    }

    /// The user name, which no other person has.
    pub fn name(&self) -> String {
        let classes: Vec<_> = self.classes.iter().map(String::as_str).collect();
        format!("declassifier:{}", classes.join("."))
    }

    /// What gives the person these rights.
    pub fn grants(&self) -> [Value; 2] {
        grants(&self.name(), &user(&self.name()), &self.classes)
    }
}

/// Whom a user name stands for in a binding.
pub fn user(name: &str) -> Value {
    json!({ "apiGroup": RBAC, "kind": "User", "name": name })
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// A ClusterRole `name` bound to `subject`: every resource by every usual verb, each by its name, and the right to take
/// these classes away.
pub fn grants(name: &str, subject: &Value, classes: &BTreeSet<String>) -> [Value; 2] {
    let verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    let mut rules = vec![json!({ "apiGroups": ["*"], "resources": ["*"], "verbs": verbs })];
    if !classes.is_empty() {
        rules.push(json!({
            "apiGroups": [bund_crds::GROUP], "resources": ["dataclasses"], "resourceNames": classes,
            "verbs": ["declassify"]
        }));
    }
    let version = format!("{RBAC}/v1");
    [
        json!({
            "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": name }, "rules": rules
        }),
        json!({
            "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": name }, "subjects": [subject]
        }),
    ]
}
