//! People who were given a right by name, and everything else without a wildcard among its verbs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Somebody who may write everything, and has some of Bund's rights on some classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// What they may take away.
    pub declassify: BTreeSet<String>,
    /// Into what they may connect.
    pub connect: BTreeSet<String>,
}

impl Person {
    /// Somebody who may take away exactly these classes.
    pub fn who_may_declassify<'c>(classes: impl IntoIterator<Item = &'c str>) -> Self {
        Self { declassify: classes.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Somebody who may connect into what holds exactly these classes.
    pub fn who_may_connect<'c>(classes: impl IntoIterator<Item = &'c str>) -> Self {
        Self { connect: classes.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Whether they have any of Bund's rights.
    pub fn has_rights(&self) -> bool {
        *self != Self::default()
    }

    /// The user name, which no other person has.
    pub fn name(&self) -> String {
        let named = |who: &str, classes: &BTreeSet<String>| {
            let classes: Vec<_> = classes.iter().map(String::as_str).collect();
            (!classes.is_empty()).then(|| format!("{who}:{}", classes.join(".")))
        };
        let rights = [named("declassifier", &self.declassify), named("connector", &self.connect)];
        rights.into_iter().flatten().collect::<Vec<_>>().join(":")
    }

    /// What gives the person these rights.
    pub fn grants(&self) -> [Value; 2] {
        let Self { declassify, connect } = self;
        granted(&self.name(), &user(&self.name()), &[("declassify", declassify), ("connect", connect)])
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
    granted(name, subject, &[("declassify", classes)])
}

/// The same with other rights: each a verb, and the classes that it is about.
pub fn granted(name: &str, subject: &Value, rights: &[(&str, &BTreeSet<String>)]) -> [Value; 2] {
    let verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    let mut rules = vec![json!({ "apiGroups": ["*"], "resources": ["*"], "verbs": verbs })];
    let held = rights.iter().filter(|(_, classes)| !classes.is_empty());
    rules.extend(held.map(|(verb, classes)| {
        json!({
            "apiGroups": [bund_crds::GROUP], "resources": ["dataclasses"], "resourceNames": classes,
            "verbs": [verb]
        })
    }));
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
