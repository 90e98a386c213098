//! What a check knows: the built-in vocabulary, policies, facts, and the manifests themselves.

use std::{borrow::Cow, collections::BTreeMap};

use bund_crds::{GROUP, Mode, VERSION, labels};
use bund_engine::{
    FieldPath, Snapshot, Step,
    snapshot::{
        CarrierFacts, CarrierId, CarrierKind, ClassKind, DEFAULT_NAMESPACE, Observed, OwnKind, TransferKind,
    },
};
use serde_json::{Value, json};

use super::{
    read::read_source,
    scope::{group_of, is_cluster_scoped},
};
use crate::{
    builtin,
    inventory::known::why_unreadable,
    manifest::{Document, Unreadable, position},
};

/// The name of the built-in starter policy while it judges: one of the same name among the manifests judges besides it
/// and does not take its place.
const STARTER_NAME: &str = "built-in.mainland-residency";

/// Which object. The version is left out: old API versions reach the same object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// What documents are given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What we ship.
    BuiltIn,
    /// `--policies`.
    Policies,
    /// `--facts`: any kind, of any version.
    Facts,
    /// What is judged.
    Manifests,
}

/// Everything that is known. Each role outweighs the one before: a manifest says what an object will be.
pub(crate) fn known(
    policies: Option<&[Document]>,
    facts: &[Document],
    manifests: &[Document],
    unreadable: &mut Vec<Unreadable>,
) -> Snapshot {
    let mut known = Known { snapshot: Snapshot::default(), nodes: Nodes::NotGiven, unreadable };
    known.built_in(builtin::VOCABULARY);
    match policies {
        Some(policies) => known.observe_all(Role::Policies, policies),
        None => known.starter(),
    }
    known.observe_all(Role::Facts, facts);
    known.observe_all(Role::Manifests, manifests);
    known.keep_what_applying_keeps(facts, manifests);
    if known.nodes == Nodes::Given {
        known.snapshot.set_nodes_listed();
    }
    known.snapshot
}

struct Known<'u> {
    snapshot: Snapshot,
    nodes: Nodes,
    unreadable: &'u mut Vec<Unreadable>,
}

/// Whether any Node was given: then all of them count as given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nodes {
    NotGiven,
    Given,
}

impl Known<'_> {
    fn built_in(&mut self, files: &[(&str, &str)]) {
        for source in builtin::sources(files) {
            let documents = read_source(&source, self.unreadable);
            self.observe_all(Role::BuiltIn, &documents);
        }
    }

    /// The starter policy, with every aspect of consequence enforced.
    fn starter(&mut self) {
        let deny = Mode::Deny.to_string();
        let enforcement =
            json!({"placement": deny, "storage": deny, "network": deny, "egress": deny, "connect": deny});
        for source in builtin::sources(builtin::STARTER) {
            for mut document in read_source(&source, self.unreadable) {
                for (field, value) in
                    [("/metadata/name", json!(STARTER_NAME)), ("/spec/enforcement", enforcement.clone())]
                {
                    set(&mut document.value, field, value);
                }
                self.observe(Role::BuiltIn, &document);
            }
        }
    }

    /// Takes documents in, in an order that does not depend on that of the command line.
    fn observe_all(&mut self, role: Role, documents: &[Document]) {
        let mut sorted: Vec<&Document> = documents.iter().collect();
        sorted.sort_by(|a, b| (&a.source.name, a.line).cmp(&(&b.source.name, b.line)));
        let mut first: BTreeMap<Key, &Document> = BTreeMap::new();
        for document in sorted {
            if !self.observe(role, document) {
                continue;
            }
            let key = Key::of(&document.value);
            match first.get(&key) {
                // The API server will make a name of its own for each.
                _ if key.name.is_empty() => {}
                Some(before) if differ(&key, &before.value, &document.value) => {
                    self.unreadable.push(given_twice(before, document));
                }
                Some(_) => {}
                None => drop(first.insert(key, document)),
            }
        }
    }

    /// Takes in what a Namespace or carrier will be once its manifest is applied. Applying keeps what others wrote and the
    /// manifest does not mention: the class that was stamped on a claim, the volume that it got.
    fn keep_what_applying_keeps(&mut self, facts: &[Document], manifests: &[Document]) {
        let applied: Vec<_> = manifests.iter().filter(|document| is_applied_over(&document.value)).collect();
        if applied.is_empty() {
            return;
        }
        let facts: BTreeMap<_, _> = facts
            .iter()
            .filter(|document| is_applied_over(&document.value))
            .map(|document| (Key::of(&document.value), &document.value))
            .collect();
        for document in applied {
            if let Some(fact) = facts.get(&Key::of(&document.value)) {
                let mut object = (*fact).clone();
                apply(&mut object, &as_written(Role::Manifests, &document.value));
                self.snapshot.observe(&object);
            }
        }
    }

    /// Takes one document in. Answers whether decisions rest on it.
    fn observe(&mut self, role: Role, document: &Document) -> bool {
        let text = |member: &str| document.value.get(member).and_then(Value::as_str).unwrap_or_default();
        if text("apiVersion") == "v1" && text("kind") == "Node" {
            self.nodes = Nodes::Given;
        }
        if let Some(error) = unserved(role, document) {
            self.unreadable.push(error);
            return false;
        }
        let mut apart = Snapshot::default();
        let snapshot = if counts(role, &document.value) { &mut self.snapshot } else { &mut apart };
        match snapshot.observe(&as_written(role, &document.value)) {
            Observed::Fact => true,
            Observed::NotAFact => false,
            Observed::Unreadable => {
                self.unreadable.push(unreadable_own(snapshot, document));
                true
            }
        }
    }
}

/// Why an object of our own kinds cannot be read, with the line of the field.
fn unreadable_own(snapshot: &Snapshot, document: &Document) -> Unreadable {
    let Key { kind, name, .. } = Key::of(&document.value);
    let why = why_unreadable(snapshot, &document.value).unwrap_or_default();
    let (field, _) = why.split_once(": ").unwrap_or_default();
    let remedy = format!("`kubectl explain {}.spec` describes the fields", kind.to_lowercase());
    refuse(document, &FieldPath::of(field).steps(), format!("{kind} {name} is not valid: {why}"), remedy)
}

/// Whether decisions rest on an object in this role. What people decided and what was recorded is a fact of the cluster;
/// a file that is still to be applied proves neither.
fn counts(role: Role, object: &Value) -> bool {
    match transfer_kind(object) {
        Some(TransferKind::TransferApproval | TransferKind::LedgerEvent) => role == Role::Facts,
        Some(TransferKind::CrossBorderTransfer | TransferKind::Exporter) | None => true,
    }
}

/// An object without what only the API server writes. A transfer is known by its uid and by who created it, and a manifest
/// that states them states what is not so.
fn as_written(role: Role, object: &Value) -> Cow<'_, Value> {
    if role == Role::Facts || transfer_kind(object) != Some(TransferKind::CrossBorderTransfer) {
        return Cow::Borrowed(object);
    }
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata
            .retain(|name, _| !["uid", "creationTimestamp", "deletionTimestamp"].contains(&name.as_str()));
        let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
        if let Some(annotations) = annotations {
            annotations
                .retain(|name, _| ![labels::CREATED_BY, labels::CREATED_BY_UID].contains(&name.as_str()));
        }
    }
    Cow::Owned(object)
}

fn transfer_kind(object: &Value) -> Option<TransferKind> {
    let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
    TransferKind::of(group_of(text("apiVersion")), text("kind"))
}

/// Whether an object means something by what its metadata says, whoever wrote that.
fn is_applied_over(object: &Value) -> bool {
    let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
    let (group, kind) = (group_of(text("apiVersion")), text("kind"));
    CarrierKind::of(group, kind).is_some()
        || (group, kind) == ("", "Namespace")
        || TransferKind::of(group, kind) == Some(TransferKind::CrossBorderTransfer)
}

/// Applies a manifest: mappings are merged, everything else is replaced.
fn apply(object: &mut Value, manifest: &Value) {
    match (object, manifest) {
        (Value::Object(members), Value::Object(applied)) => {
            for (name, value) in applied {
                apply(members.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (object, manifest) => *object = manifest.clone(),
    }
}

/// Whether two documents of one object say different things to decisions.
fn differ(key: &Key, one: &Value, other: &Value) -> bool {
    let observed = |object| {
        let mut snapshot = Snapshot::default();
        snapshot.observe(object);
        snapshot
    };
    let (a, b) = (observed(one), observed(other));
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Namespace") => a.namespace(&key.name) != b.namespace(&key.name),
        ("", "Node") => a.node(&key.name) != b.node(&key.name),
        (group, kind) if CarrierKind::of(group, kind).is_some() => {
            CarrierKind::of(group, kind).is_some_and(|kind| {
                let namespace = key.namespace.as_deref().map(Box::from);
                let id = CarrierId { kind, namespace, name: key.name.as_str().into() };
                // Where each says that it is stored is judged by itself, if it holds a class.
                let passed_on =
                    |snapshot: &Snapshot| snapshot.carrier(&id).map(CarrierFacts::without_storage);
                passed_on(&a) != passed_on(&b)
            })
        }
        // By its name a Service means the place to which it leads.
        ("", "Service") => {
            let leads = |snapshot: &Snapshot| {
                let namespace = key.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
                snapshot.service(namespace, &key.name).map(|service| service.leads.clone())
            };
            leads(&a) != leads(&b)
        }
        // Each is judged by itself, and no decision about another object rests on it.
        ("networking.k8s.io", "NetworkPolicy") => false,
        // Nothing holds data by a class of storage; a claim that it misleads is judged again where it is made.
        (group, kind) if ClassKind::of(group, kind).is_some() => false,
        // Nothing is decided by a pod but its own judgement and its binding, which no file holds.
        ("", "Pod") => false,
        // Whose it is, by uid, and who created it count with what it says.
        (group, kind) if TransferKind::of(group, kind).is_some() => {
            one.get("spec") != other.get("spec") || one.get("metadata") != other.get("metadata")
        }
        _ => {
            one.get("spec") != other.get("spec")
                || one.pointer("/metadata/labels") != other.pointer("/metadata/labels")
        }
    }
}

/// Refuses an object of which two documents say different things.
pub(crate) fn given_twice(first: &Document, second: &Document) -> Unreadable {
    let Key { kind, namespace, name, .. } = Key::of(&second.value);
    let namespace = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    refuse(
        second,
        &[],
        format!(
            "{kind} {namespace}{name} is given twice and differs from {}:{}: which one holds depends on who reads it",
            first.source.name, first.line
        ),
        "leave one of the two out, or check what belongs to different clusters apart".to_owned(),
    )
}

/// Refuses what is of our group and no kind of this version: the API server would not take it, and a typing error would
/// leave data without its policy.
fn unserved(role: Role, document: &Document) -> Option<Unreadable> {
    let text = |member: &str| document.value.get(member).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    if group_of(version) != GROUP || role == Role::Facts {
        return None;
    }
    let served = format!("{GROUP}/{VERSION}");
    let is_own = OwnKind::of(GROUP, kind).is_some() || TransferKind::of(GROUP, kind).is_some();
    let (member, problem) = if !is_own {
        ("kind", format!("{GROUP} has no kind `{kind}`"))
    } else if version != served {
        ("apiVersion", format!("`{version}` is not served"))
    } else {
        return None;
    };
    let transfers = TransferKind::ALL.iter().map(|kind| kind.as_str());
    let mut kinds: Vec<_> = OwnKind::ALL.iter().map(|kind| kind.as_str()).chain(transfers).collect();
    kinds.sort_unstable();
    let remedy = format!("write `{served}` and one of {}", kinds.join(", "));
    Some(refuse(document, &[Step::Key(member.to_owned())], problem, remedy))
}

fn refuse(document: &Document, field: &[Step], problem: String, remedy: String) -> Unreadable {
    let place = position(document, field);
    Unreadable {
        source_name: document.source.name.clone(),
        line: place.line,
        column: place.column,
        problem,
        remedy,
    }
}

/// Sets a member of a member.
fn set(object: &mut Value, pointer: &str, value: Value) {
    let Some((parent, member)) = pointer.rsplit_once('/') else { return };
    if let Some(parent) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.insert(member.to_owned(), value);
    }
}

// === impl Key ===

impl Key {
    /// The key of an object. What names no namespace is in that of kubectl.
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let namespace = match text("/metadata/namespace") {
            "" => DEFAULT_NAMESPACE,
            named => named,
        };
        Self {
            group: group_of(text("/apiVersion")).to_owned(),
            kind: text("/kind").to_owned(),
            namespace: (!is_cluster_scoped(object)).then(|| namespace.to_owned()),
            name: text("/metadata/name").to_owned(),
        }
    }
}
