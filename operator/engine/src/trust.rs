//! Who holds a right although nobody in their place would: service accounts, and people who hold it by a wildcard.
//!
//! Where several policies keep a class, all of them hold: a subject is trusted with it only if each of them names the
//! subject. So nobody gains anything by writing a policy of their own.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
};

use bund_crds::{ClassName, ResidencyPolicySpec, Right};

use crate::{
    Snapshot,
    select::policies_in,
    snapshot::{Policy, World},
};

/// What the names of service accounts begin with.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Whether a user name is that of a service account.
pub fn is_service_account(username: &str) -> bool {
    username.starts_with(SERVICE_ACCOUNT)
}

/// Whether the policies that keep `class` in `namespace` trust `username` with `right`: one names the class, and every one
/// of them the subject.
pub fn is_trusted(username: &str, right: Right, class: &str, namespace: &str, snapshot: &Snapshot) -> bool {
    let keepers = || {
        policies_in(snapshot, namespace)
            .filter(|policy| keeps(policy, class, snapshot.world()))
            .map(|policy| &policy.spec)
    };
    keepers().any(|spec| lists(spec, class)) && keepers().all(|spec| names(spec, username, right))
}

/// By user name, the classes with which somebody is trusted in some namespace, as far as can be told without knowing
/// the namespace. What [`is_trusted`] says of any namespace is in it.
pub fn trusted_somewhere(right: Right, world: &World) -> BTreeMap<String, BTreeSet<ClassName>> {
    let mut trusted: BTreeMap<String, BTreeSet<ClassName>> = BTreeMap::new();
    for policy in world.policies() {
        for subject in &policy.spec.trusted_subjects {
            // A policy that applies everywhere and does not name the subject forbids it everywhere.
            let forbidden = |class: &ClassName| {
                world.policies().any(|other| {
                    other.spec.namespace_selector.is_none()
                        && other.spec.data_classes.contains(class)
                        && !names(&other.spec, &subject.username, right)
                })
            };
            let classes = policy.spec.data_classes.iter().filter(|class| !forbidden(class)).cloned();
            if subject.rights.contains(&right) {
                trusted.entry(subject.username.clone()).or_default().extend(classes);
            }
        }
    }
    trusted.retain(|_, classes| !classes.is_empty());
    trusted
}

/// Whether a policy keeps a class, in the namespaces in which it applies. One that no `DataClass` declares every policy
/// keeps.
pub(crate) fn keeps(policy: &Policy, class: &str, world: &World) -> bool {
    lists(&policy.spec, class) || world.class(class).is_none()
}

fn lists(policy: &ResidencyPolicySpec, class: &str) -> bool {
    policy.data_classes.iter().any(|name| name.as_str() == class)
}

fn names(policy: &ResidencyPolicySpec, username: &str, right: Right) -> bool {
    policy
        .trusted_subjects
        .iter()
        .any(|subject| subject.username == username && subject.rights.contains(&right))
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::ToOwned, format, vec::Vec};
    use core::slice::from_ref;

    use serde_json::{Value, json};

    use super::*;

    const CI: &str = "system:serviceaccount:ci:release";

    fn snapshot(policies: &[Value]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (name, team) in [("shop", "a"), ("till", "b")] {
            snapshot.observe(&json!({ "apiVersion": "v1", "kind": "Namespace",
                "metadata": { "name": name, "labels": { "team": team, "bund.dev/guarded": "true" } } }));
        }
        for class in ["logs", "pi"] {
            snapshot.observe(&json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass",
                "metadata": { "name": class }, "spec": { "category": "Other" } }));
        }
        for (number, policy) in policies.iter().enumerate() {
            let mut spec = policy.clone();
            spec["jurisdictions"] = json!(["cn-mainland"]);
            let observed = snapshot
                .observe(&json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy",
                "metadata": { "name": format!("p{number}") }, "spec": spec }));
            assert_eq!(observed, crate::snapshot::Observed::Fact);
        }
        snapshot
    }

    fn trusting(classes: &[&str], rights: &[&str]) -> Value {
        json!({ "dataClasses": classes, "trustedSubjects": [{ "username": CI, "rights": rights }] })
    }

    fn in_team(team: &str, mut policy: Value) -> Value {
        policy["namespaceSelector"] = json!({ "matchLabels": { "team": team } });
        policy
    }

    /// Where CI may approve for `pi`, and for which classes it may somewhere.
    fn trust(policies: &[Value]) -> (Vec<&'static str>, Vec<String>) {
        let snapshot = snapshot(policies);
        let here = |namespace: &&str| is_trusted(CI, Right::Approve, "pi", namespace, &snapshot);
        let somewhere = trusted_somewhere(Right::Approve, snapshot.world());
        let classes = somewhere.get(CI).into_iter().flatten().map(|class| class.as_str().to_owned());
        (["shop", "till"].into_iter().filter(here).collect(), classes.collect())
    }

    #[test]
    fn a_subject_is_trusted_where_every_policy_that_keeps_the_class_names_it() {
        let both = trusting(&["pi", "logs"], &["Approve", "Declassify"]);
        let silent = json!({ "dataClasses": ["pi"] });
        let all = || (Vec::from(["shop", "till"]), Vec::from(["logs".to_owned(), "pi".to_owned()]));
        assert_eq!(trust(&[]), (Vec::new(), Vec::new()));
        assert_eq!(trust(from_ref(&silent)), (Vec::new(), Vec::new()));
        assert_eq!(trust(from_ref(&both)), all());
        assert_eq!(trust(&[both.clone(), both.clone()]), all());
        assert_eq!(trust(&[both.clone(), silent.clone()]), (Vec::new(), Vec::from(["logs".to_owned()])));
        let in_shop = trust(&[both, in_team("b", silent)]);
        assert_eq!(in_shop, (Vec::from(["shop"]), Vec::from(["logs".to_owned(), "pi".to_owned()])));
    }

    #[test]
    fn nobody_is_trusted_with_a_class_that_no_policy_names() {
        let snapshot = snapshot(&[trusting(&["pi"], &["Approve"])]);
        assert!(!is_trusted(CI, Right::Approve, "undeclared", "shop", &snapshot));
    }

    #[test]
    fn one_right_is_not_the_other_and_one_class_not_another() {
        assert_eq!(trust(&[trusting(&["pi"], &["Declassify"])]), (Vec::new(), Vec::new()));
        let logs = trust(&[trusting(&["logs"], &["Approve"])]);
        assert_eq!(logs, (Vec::new(), Vec::from(["logs".to_owned()])));
        let there = trust(&[in_team("a", trusting(&["pi"], &["Approve"]))]);
        assert_eq!(there, (Vec::from(["shop"]), Vec::from(["pi".to_owned()])));
    }
}
