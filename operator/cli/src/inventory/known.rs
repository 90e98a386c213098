//! What the engine is asked with: what an inventory says, and what is built in where it says nothing.

use bund_engine::{
    Snapshot,
    snapshot::{DEFAULT_NAMESPACE, Observed, OwnKind, Policy, TransferKey, TransferKind},
};
use serde::Serialize;
use serde_json::Value;

use super::{GroupKind, Inventory, name_of, text};
use crate::{builtin, manifest};

/// What the engine is asked with.
#[derive(Debug)]
pub struct Known {
    /// Every fact.
    pub snapshot: Snapshot,
    /// Where its policies are from.
    pub policies: PolicyOrigin,
    /// Objects of our own kinds that cannot be read, with why.
    pub unreadable: Vec<String>,
}

/// Where policies are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PolicyOrigin {
    /// They are among the objects that were read.
    Inventory,
    /// They were given on the command line.
    CommandLine,
    /// Nobody wrote one: the starter policy that ships.
    BuiltIn,
}

impl Known {
    /// Every policy, in order of name.
    pub fn policies(&self) -> Vec<Policy> {
        self.snapshot.world().policies().cloned().collect()
    }
}

/// Builds what is known. `policies` are objects that count instead of the policies of the inventory.
pub fn known(inventory: &Inventory, policies: Option<&[Value]>) -> Known {
    let mut snapshot = Snapshot::default();
    snapshot.set_geography(inventory.geography.clone());
    for object in built_in(builtin::VOCABULARY) {
        snapshot.observe(&object);
    }
    let mut unreadable = Vec::new();
    observe(&mut snapshot, &inventory.objects, &mut unreadable);
    let has_policies = inventory.of_kind(bund_crds::GROUP, "ResidencyPolicy").next().is_some();
    let origin = if let Some(policies) = policies {
        snapshot = snapshot.without_policies();
        observe(&mut snapshot, policies, &mut unreadable);
        PolicyOrigin::CommandLine
    } else if has_policies {
        PolicyOrigin::Inventory
    } else {
        for object in built_in(builtin::STARTER) {
            snapshot.observe(&object);
        }
        PolicyOrigin::BuiltIn
    };
    if inventory.gap("", "Node").is_none() {
        snapshot.set_nodes_listed();
    }
    Known { snapshot, policies: origin, unreadable }
}

pub(crate) fn observe(snapshot: &mut Snapshot, objects: &[Value], unreadable: &mut Vec<String>) {
    // Pods are left to those who ask what pods write.
    let rests_on = |object: &&Value| GroupKind::of(object) != GroupKind::new("", "Pod");
    for object in objects.iter().filter(rests_on) {
        if snapshot.observe(object) != Observed::Unreadable {
            continue;
        }
        let GroupKind { kind, .. } = GroupKind::of(object);
        let why = why_unreadable(snapshot, object).unwrap_or_default();
        unreadable.push(format!("{kind} {} cannot be read: {why}", name_of(object)));
    }
}

/// Why an object of our own kinds that was observed cannot be read: the field, and what is wrong with it.
pub(crate) fn why_unreadable<'s>(snapshot: &'s Snapshot, object: &Value) -> Option<&'s str> {
    let GroupKind { group, kind } = GroupKind::of(object);
    let name = name_of(object);
    if let Some(kind) = TransferKind::of(&group, &kind) {
        let namespace = match text(object, "/metadata/namespace") {
            _ if !kind.is_namespaced() => "",
            "" => DEFAULT_NAMESPACE,
            named => named,
        };
        let is_it = |key: &TransferKey| (key.0.as_ref(), key.1.as_ref()) == (namespace, name);
        let mut facts = snapshot.transfers().unreadable();
        return facts.find(|fact| fact.kind == kind && is_it(&fact.key)).map(|fact| fact.why.as_str());
    }
    let own = OwnKind::of(&group, &kind);
    let mut facts = snapshot.world().unreadable();
    facts.find(|fact| Some(fact.kind) == own && *fact.name == *name).map(|fact| fact.why.as_str())
}

/// The objects of shipped files.
pub(crate) fn built_in(files: &[(&str, &str)]) -> Vec<Value> {
    let sources = builtin::sources(files);
    let documents = sources.iter().flat_map(manifest::read);
    documents.filter_map(Result::ok).map(|document| document.value).collect()
}
