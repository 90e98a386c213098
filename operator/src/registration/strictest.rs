//! What policies ask for where no namespace tells which of them applies: the strictest of them counts. (pure)

use std::collections::BTreeSet;

use bund_crds::{Aspect, ClassName, JurisdictionName, Mode};
use bund_engine::snapshot::{Policy, World};
use serde_json::{Value, json};

/// What is asked for at objects that live in no namespace, or in any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strictest {
    /// The strictest mode of any policy in any namespace.
    pub mode: Mode,
    /// The classes that policies with this mode keep.
    pub classes: BTreeSet<ClassName>,
    /// Where all of them allow data to be.
    pub jurisdictions: BTreeSet<JurisdictionName>,
}

impl Strictest {
    /// What the policies ask for in an aspect; nothing where there is no policy.
    pub fn of(aspect: Aspect, world: &World) -> Option<Self> {
        let mode = world.policies().map(|policy| anywhere(policy, aspect)).max()?;
        let mut policies = world.policies().filter(|policy| anywhere(policy, aspect) == mode);
        let mut strictest = Self::only(policies.next()?, mode);
        for policy in policies {
            let other = Self::only(policy, mode);
            strictest.classes.extend(other.classes);
            strictest.jurisdictions.retain(|name| other.jurisdictions.contains(name));
        }
        Some(strictest)
    }

    fn only(policy: &Policy, mode: Mode) -> Self {
        Self {
            mode,
            classes: policy.spec.data_classes.iter().cloned().collect(),
            jurisdictions: policy.spec.jurisdictions.iter().cloned().collect(),
        }
    }
}

/// The strictest mode of a policy in any namespace.
fn anywhere(policy: &Policy, aspect: Aspect) -> Mode {
    let own = policy.spec.enforcement.mode(aspect).unwrap_or_else(|| aspect.default_mode());
    let overrides = policy.spec.overrides.iter().filter_map(|entry| entry.enforcement.mode(aspect));
    overrides.fold(own, Mode::max)
}

/// Puts the policy of this name in force, as strictly as `strictest` says.
pub(super) fn binding(name: &str, strictest: Option<&Strictest>) -> Value {
    let actions = match strictest.map_or(Mode::Audit, |strictest| strictest.mode) {
        Mode::Deny => json!(["Deny"]),
        Mode::Warn => json!(["Audit", "Warn"]),
        Mode::Audit => json!(["Audit"]),
    };
    let mut binding = super::binding(name);
    if let Some(Value::Object(spec)) = binding.get_mut("spec") {
        spec.insert("validationActions".to_owned(), actions);
    }
    binding
}

#[cfg(test)]
mod tests {
    use bund_engine::Snapshot;

    use super::*;

    fn strictest(policies: &[Value]) -> Option<Strictest> {
        let mut snapshot = Snapshot::default();
        for (number, spec) in policies.iter().enumerate() {
            let observed = snapshot.observe(&json!({
                "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy",
                "metadata": { "name": format!("p{number}") }, "spec": spec
            }));
            assert_eq!(observed, bund_engine::snapshot::Observed::Fact);
        }
        Strictest::of(Aspect::Connect, snapshot.world())
    }

    fn policy(class: &str, places: &[&str], mode: &str) -> Value {
        json!({ "dataClasses": [class], "jurisdictions": places, "enforcement": { "connect": mode } })
    }

    fn names<T: std::str::FromStr<Err: std::fmt::Debug> + Ord>(names: &[&str]) -> BTreeSet<T> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn the_strictest_policies_count_and_no_others() {
        assert_eq!(strictest(&[]), None);
        let denying = policy("pi", &["cn-mainland", "hk"], "Deny");
        let auditing = policy("logs", &["cn-mainland"], "Audit");
        let expected = Strictest {
            mode: Mode::Deny,
            classes: names(&["pi"]),
            jurisdictions: names(&["cn-mainland", "hk"]),
        };
        assert_eq!(strictest(&[auditing.clone(), denying.clone()]), Some(expected));
        let mut in_one = auditing;
        in_one["overrides"] = json!([{ "namespaces": ["shop"], "enforcement": { "connect": "Deny" } }]);
        let expected = Strictest {
            mode: Mode::Deny,
            classes: names(&["logs", "pi"]),
            jurisdictions: names(&["cn-mainland"]),
        };
        assert_eq!(strictest(&[denying, in_one]), Some(expected));
    }

    #[test]
    fn the_mode_becomes_what_the_api_server_does() {
        for (mode, actions) in
            [("Deny", json!(["Deny"])), ("Warn", json!(["Audit", "Warn"])), ("Audit", json!(["Audit"]))]
        {
            let found = strictest(&[policy("pi", &["cn-mainland"], mode)]);
            assert_eq!(binding("b", found.as_ref())["spec"]["validationActions"], actions);
        }
        assert_eq!(binding("b", None)["spec"]["validationActions"], json!(["Audit"]));
    }
}
