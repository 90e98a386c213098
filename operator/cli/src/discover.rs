//! `bund discover`: databases, queues, caches and stores that run without a data class. (pure)
//!
//! It recognises; it never says that something holds no data.

use bund_crds::labels::DATA_CLASS_PREFIX;
use bund_engine::{Snapshot, Timestamp, decide_standing, snapshot::Enrolment};
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{
    GroupKind, Inventory, NotKnown, Origin, Owner, controller, known, list, name_of, owners, text,
};

mod class;
pub(crate) mod image;
mod recognise;
mod render;
pub mod table;

use class::Named;
pub use class::ProbableClass;
use recognise::{Recognised, by_kind, in_pods};
pub use render::text as render_text;
use table::{ClassWords, Store, StoreType};

/// The form of the JSON report.
pub const VERSION: &str = "bund.dev/discover/v1";

/// How sure a guess is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Confidence {
    /// One sign that others share.
    Low,
    /// Several signs, or a word.
    Medium,
    /// An image or a kind that is this product's own.
    High,
}

/// What was discovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// [`VERSION`].
    pub version: &'static str,
    /// Where it is from.
    pub origin: Origin,
    /// How many stores hold a class already; they are not listed.
    pub classified: usize,
    /// Stores without a class, in order of namespace, kind and name.
    pub stores: Vec<Found>,
    /// Kinds that could not be read, with why.
    pub not_known: Vec<NotKnown>,
}

/// A store without a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Its API group.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub store_type: StoreType,
    /// The product.
    pub product: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// What tells it.
    pub evidence: Vec<String>,
    /// What it probably holds.
    pub classes: Vec<ProbableClass>,
    /// What to write.
    pub remedy: Remedy,
}

/// How to classify a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// Where the labels go; absent where its kind is not known to pass any on to its pods: then they go on the Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The lines to add there.
    pub labels: Vec<String>,
    /// Whether the namespace must be enrolled first.
    pub enrol_namespace: bool,
}

/// Looks through an inventory.
pub fn discover(inventory: &Inventory, stores: &[Store], words: &[ClassWords], now: Timestamp) -> Discovery {
    let snapshot = known(inventory, None).snapshot;
    let mut found = Vec::new();
    let mut classified = 0;
    for owner in owners(inventory, &snapshot) {
        if by_kind(owner.object, stores).is_some() || is_made_by_store(owner.object, inventory, stores) {
            continue;
        }
        for recognised in in_pods(&owner, stores) {
            if holds_class(&owner, &snapshot, now) {
                classified += 1;
            } else {
                let field = owner.subject.shapes.first().map(|shape| shape.labels_at.to_string());
                found.push(tell(owner.object, &recognised, field, words, &snapshot));
            }
        }
    }
    for object in &inventory.objects {
        let Some((recognised, kind)) = by_kind(object, stores) else { continue };
        if has_class_label(object) {
            classified += 1;
        } else {
            found.push(tell(object, &recognised, kind.labels_at.clone(), words, &snapshot));
        }
    }
    found.sort_by(|a, b| {
        (&a.namespace, &a.kind, &a.name, &a.product).cmp(&(&b.namespace, &b.kind, &b.name, &b.product))
    });
    let not_known = inventory.not_known();
    Discovery { version: VERSION, origin: inventory.origin.clone(), classified, stores: found, not_known }
}

/// Whether an object of an operator's kind, which is listed itself, made this one.
fn is_made_by_store(object: &Value, inventory: &Inventory, stores: &[Store]) -> bool {
    controller(object).is_some_and(|owner| {
        let GroupKind { group, kind } = GroupKind::of(owner);
        by_kind(owner, stores).is_some()
            && inventory.of_kind(&group, &kind).any(|known| name_of(known) == text(owner, "/name"))
    })
}

fn holds_class(owner: &Owner<'_>, snapshot: &Snapshot, now: Timestamp) -> bool {
    let labels = owner.subject.shapes.iter().map(|shape| &shape.labels);
    let labelled = labels.chain([&owner.subject.labels]).any(|labels| labels.classes().next().is_some());
    labelled || !decide_standing(&owner.subject, snapshot, now).classes.is_empty()
}

/// Whether a label anywhere in the object names a class: an operator's kind may pass it on from wherever it stands.
fn has_class_label(object: &Value) -> bool {
    match object {
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.starts_with(DATA_CLASS_PREFIX) || has_class_label(member)),
        Value::Array(elements) => elements.iter().any(has_class_label),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn tell(
    object: &Value,
    recognised: &Recognised<'_>,
    field: Option<String>,
    words: &[ClassWords],
    snapshot: &Snapshot,
) -> Found {
    let GroupKind { group, kind } = GroupKind::of(object);
    let namespace = text(object, "/metadata/namespace").to_owned();
    let classes = class::guess(&names(object), recognised.store, recognised.store_type, words);
    let labels =
        classes.iter().map(|probable| format!("{DATA_CLASS_PREFIX}{}: \"\"", probable.class)).collect();
    let enrol_namespace = snapshot.enrolment(&namespace) == Enrolment::Unguarded;
    Found {
        group,
        kind,
        name: name_of(object).to_owned(),
        store_type: recognised.store_type,
        product: recognised.name().to_owned(),
        confidence: recognised.confidence,
        evidence: recognised.evidence.clone(),
        classes,
        remedy: Remedy { field, labels, enrol_namespace },
        namespace,
    }
}

/// Everything that names a store: itself, its containers' databases, its namespace.
fn names(object: &Value) -> Vec<Named> {
    const DATABASES: [&str; 6] = [
        "POSTGRES_DB",
        "POSTGRESQL_DATABASE",
        "MYSQL_DATABASE",
        "MARIADB_DATABASE",
        "MONGO_INITDB_DATABASE",
        "CLICKHOUSE_DB",
    ];
    let mut names = vec![Named { text: name_of(object).to_owned(), place: "its name".to_owned() }];
    for template in ["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"] {
        for variable in
            list(object, &format!("{template}/containers")).flat_map(|container| list(container, "/env"))
        {
            let name = text(variable, "/name");
            if DATABASES.contains(&name) || name.ends_with("_BUCKET") {
                names.push(Named {
                    text: text(variable, "/value").to_owned(),
                    place: format!("variable {name}"),
                });
            }
        }
    }
    let namespace = text(object, "/metadata/namespace");
    names.push(Named { text: namespace.to_owned(), place: "its namespace".to_owned() });
    names
}
