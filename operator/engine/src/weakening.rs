//! What an edit or a deletion of our own objects takes away from protection, and of which classes.
//!
//! Strengthening is free, and so is everything while no policy denies anything. The in-tree policy `bund-protection` of
//! the operator asks the same of the API server; what it refuses is a weakening here.

use alloc::{borrow::ToOwned, collections::BTreeSet, string::String, vec::Vec};

use bund_crds::{
    Aspect, Check, ClusterLocationSpec, DataClassSpec, DestinationMappingSpec, Enforcement, JurisdictionSpec,
    Mode, ResidencyPolicySpec,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    FieldPath, Finding, HeldClass, Operation, Reason, Request,
    finding::Standing,
    snapshot::{OwnKind, World, read_spec},
};

mod data_class;
mod destination_mapping;
mod egress;
mod jurisdiction;
mod location;
mod policy;

/// Something that an edit or a deletion takes away from protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakening {
    /// The field by which. Empty where the whole object goes.
    pub field: FieldPath,
    /// What is taken away: a clause that follows the object's name.
    pub what: String,
    /// The classes that lose by it; never empty.
    pub classes: BTreeSet<HeldClass>,
}

/// What the edit from `old` to `new`, or the deletion of `old`, takes away from the classes that policies of `world`
/// deny something for. An object that cannot be read protects nothing that could be named, and must be repairable:
/// from it every edit is free.
pub fn weakenings(kind: OwnKind, old: &Value, new: Option<&Value>, world: &World) -> Vec<Weakening> {
    match kind {
        // Who may break glass, and that it cannot be changed, is a matter of its own.
        OwnKind::BreakGlass => Vec::new(),
        OwnKind::ClusterLocation => of_kind::<ClusterLocationSpec>(old, new, world),
        OwnKind::DataClass => of_kind::<DataClassSpec>(old, new, world),
        OwnKind::DestinationMapping => of_kind::<DestinationMappingSpec>(old, new, world),
        OwnKind::Jurisdiction => of_kind::<JurisdictionSpec>(old, new, world),
        OwnKind::ResidencyPolicy => of_kind::<ResidencyPolicySpec>(old, new, world),
    }
}

/// Every class that some policy keeps and denies something for.
pub fn protected(world: &World) -> BTreeSet<HeldClass> {
    kept_by(world, |_| true)
}

/// The classes that some policy keeps, denies something for and lets be in the jurisdiction of this name.
pub fn protected_in(jurisdiction: &str, world: &World) -> BTreeSet<HeldClass> {
    kept_by(world, |spec| spec.jurisdictions.iter().any(|name| name.as_str() == jurisdiction))
}

fn kept_by(world: &World, concerns: impl Fn(&ResidencyPolicySpec) -> bool) -> BTreeSet<HeldClass> {
    let specs = world.policies().map(|policy| &policy.spec);
    specs.filter(|spec| denies(spec) && concerns(spec)).flat_map(classes_of).collect()
}

fn classes_of(spec: &ResidencyPolicySpec) -> impl Iterator<Item = HeldClass> {
    spec.data_classes.iter().map(|class| class.as_str().into())
}

/// Whether a policy names `Deny` anywhere.
fn denies(spec: &ResidencyPolicySpec) -> bool {
    let named = |enforcement: &Enforcement| {
        Aspect::ALL.into_iter().any(|aspect| enforcement.mode(aspect) == Some(Mode::Deny))
    };
    named(&spec.enforcement) || spec.overrides.iter().any(|entry| named(&entry.enforcement))
}

/// A spec whose edits can weaken.
trait Protects: Check + DeserializeOwned {
    /// The classes that an object of this name and spec protects.
    fn classes(&self, name: &str, world: &World) -> BTreeSet<HeldClass>;

    /// What `new` takes away, compared with this spec.
    fn losses(&self, new: &Self) -> Vec<Loss>;
}

/// Something that one spec has and the next one has not.
struct Loss {
    field: FieldPath,
    what: String,
    /// The one class that loses; `None`: all that the object protects.
    class: Option<HeldClass>,
}

impl Loss {
    fn at(field: &str, what: impl Into<String>) -> Self {
        Self { field: FieldPath::of(field), what: what.into(), class: None }
    }
}

fn of_kind<S: Protects>(old: &Value, new: Option<&Value>, world: &World) -> Vec<Weakening> {
    let metadata = old.get("metadata");
    let name = metadata.and_then(|metadata| metadata.get("name")).and_then(Value::as_str).unwrap_or_default();
    let Ok(before) = read_spec::<S>(name, old) else { return Vec::new() };
    let classes = before.classes(name, world);
    if classes.is_empty() {
        return Vec::new();
    }
    let losses = match new.map(|new| read_spec::<S>(name, new)) {
        None => Vec::from([Loss { field: FieldPath::root(), what: "is deleted".to_owned(), class: None }]),
        Some(Err(problem)) => Vec::from([Loss::at(&problem.field, "can no longer be read")]),
        Some(Ok(after)) => before.losses(&after),
    };
    let weakening = |Loss { field, what, class }| Weakening {
        field,
        what,
        classes: class.map_or_else(|| classes.clone(), |class| BTreeSet::from([class])),
    };
    losses.into_iter().map(weakening).collect()
}

/// Entries of `after` that no entry of `before` covers.
fn added<'a, T: PartialEq>(before: &[T], after: &'a [T], covers: fn(&T, &T) -> bool) -> Vec<&'a T> {
    after.iter().filter(|new| !before.iter().any(|old| old == *new || covers(old, new))).collect()
}

/// What equality alone covers.
fn nothing<T>(_: &T, _: &T) -> bool {
    false
}

/// One finding per class for everything that a request takes away from protection. Nothing but the right to declassify
/// waives it: neither what was there before, nor broken glass.
pub(crate) fn findings(request: &Request, world: &World) -> Vec<Finding> {
    let new = match request.operation {
        Operation::Update => request.object.as_ref(),
        Operation::Delete => None,
        Operation::Create | Operation::Connect => return Vec::new(),
    };
    let Some(old) = request.old_object.as_ref().filter(|_| request.subresource.is_none()) else {
        return Vec::new();
    };
    let text = |member: &str| old.get(member).and_then(Value::as_str).unwrap_or_default();
    let Some(kind) = OwnKind::of(crate::subject_group(text("apiVersion")), text("kind")) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for Weakening { field, what, classes } in weakenings(kind, old, new, world) {
        for class in classes {
            let waived = request.rights.declassify.contains(&class);
            let finding = Finding::without_policy(Reason::ProtectionWeakened, Mode::Deny);
            findings.push(Finding {
                class: Some(class),
                standing: if waived { Standing::Declassified } else { Standing::Stands },
                ..finding.at(field.clone(), &what, &what)
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests;
