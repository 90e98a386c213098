//! What a policy would refuse, asked before it refuses anything: the same engine, with every mode at `Deny`.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{Aspect, GROUP, Mode, VERSION};
use serde_json::{Map, Value, json};

use crate::{
    ObjectId, Snapshot,
    snapshot::{OwnKind, Policy},
};

impl Snapshot {
    /// This snapshot with `policy` alone in it, and with every aspect of it `Deny` everywhere.
    #[must_use]
    pub fn under_deny(&self, policy: &Policy) -> Self {
        let mut strict = self.without_policies();
        let deny = |aspect: &Aspect| (aspect.as_str().to_owned(), Value::from(Mode::Deny.to_string()));
        let enforcement: Map<String, Value> = Aspect::ALL.iter().map(deny).collect();
        // A spec that was read from JSON is JSON again.
        let mut spec = serde_json::to_value(&policy.spec).unwrap_or_default();
        if let Value::Object(members) = &mut spec {
            members.remove("overrides");
            members.insert("enforcement".to_owned(), enforcement.into());
        }
        strict.observe(&json!({
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "kind": OwnKind::ResidencyPolicy.as_str(),
            "metadata": { "name": policy.name },
            "spec": spec,
        }));
        strict
    }

    /// This snapshot without any policy, and with every glass whole: what is still refused, no policy asks for.
    #[must_use]
    pub fn without_policies(&self) -> Self {
        let world = self.world();
        let policies = world.policies().map(|policy| (OwnKind::ResidencyPolicy, policy.name.as_str()));
        let glasses = world.glasses().map(|glass| (OwnKind::BreakGlass, glass.name.as_ref()));
        let unreadable = world.unreadable().filter(|fact| fact.kind == OwnKind::ResidencyPolicy);
        let unreadable = unreadable.map(|fact| (fact.kind, fact.name.as_ref()));
        let all = policies.chain(glasses).chain(unreadable);
        let named: Vec<(OwnKind, Box<str>)> = all.map(|(kind, name)| (kind, name.into())).collect();
        let mut bare = self.clone();
        for (kind, name) in named {
            bare.forget(&ObjectId { group: GROUP.into(), kind: kind.as_str().into(), namespace: None, name });
        }
        bare
    }
}
