//! Everything that is known, for decisions and for reports. (pure)

use std::sync::Arc;

use bund_crds::GROUP;
use bund_engine::snapshot::{CarrierId, Observed, OwnKind};
use bund_engine::{HeldClass, ObjectId, Snapshot, Subject};
use rpds::RedBlackTreeMapSync;
use serde_json::{Value, json};
use tracing::{debug, warn};

use super::{Change, ObjectKey, Record, WatchedKind};

/// Everything that is known at one moment. Cloning it is cheap; a clone never changes with the original.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What decisions rest on.
    pub snapshot: Snapshot,
    own: RedBlackTreeMapSync<(OwnKind, Box<str>), Arc<OwnObject>>,
    owners: RedBlackTreeMapSync<OwnerKey, Owner>,
    /// By kind, as its resource is called, and name.
    records: RedBlackTreeMapSync<(&'static str, ObjectKey), Arc<Record>>,
}

/// What is known of an object of our own kinds besides its spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnObject {
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.resourceVersion`: tells one state of the object from another, nothing else.
    pub resource_version: Box<str>,
    /// Its status as stored.
    pub status: Value,
    /// Its name, uid and spec, to be compared with what follows.
    pub object: Value,
}

/// A workload or a pod that no watched workload made, in the order of reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerKey {
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: Box<str>,
}

#[derive(Clone, Debug)]
enum Owner {
    Workload(Arc<Subject>),
    /// The snapshot holds its subject.
    Pod,
}

impl View {
    /// Takes in a change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Observed(kind, object) => self.observe(kind, object),
            Change::Gone(kind, key) => self.forget(kind, key),
            Change::Listed(kind) => {
                if kind.kind == "Node" {
                    self.snapshot.set_nodes_listed();
                }
            }
        }
    }

    /// What is known of one of our own objects besides its spec.
    pub fn own(&self, kind: OwnKind, name: &str) -> Option<&OwnObject> {
        self.own.get(&(kind, name.into())).map(AsRef::as_ref)
    }

    /// Every object of our own kinds, in order of kind and name; those that cannot be read too.
    pub fn own_objects(&self) -> impl Iterator<Item = (OwnKind, &str, &OwnObject)> {
        self.own.iter().map(|((kind, name), object)| (*kind, name.as_ref(), object.as_ref()))
    }

    /// What is known besides its facts of an object that holds data, or that bears marks.
    pub(super) fn record(&self, kind: &'static WatchedKind, key: &ObjectKey) -> Option<&Record> {
        self.records.get(&(kind.plural, key.clone())).map(AsRef::as_ref)
    }

    /// What is known besides its facts of a carrier that holds data.
    pub fn carrier_record(&self, id: &CarrierId) -> Option<(&'static WatchedKind, &Record)> {
        let kind = WatchedKind::of(id.kind.group(), id.kind.as_str())?;
        let key = ObjectKey { namespace: id.namespace.clone(), name: id.name.clone() };
        Some((kind, self.record(kind, &key)?))
    }

    /// The classes that objects of a namespace are marked with.
    pub(super) fn classes_marked_in(&self, namespace: &str) -> impl Iterator<Item = HeldClass> {
        let inside =
            self.records.iter().filter(move |((_, key), _)| key.namespace.as_deref() == Some(namespace));
        inside.flat_map(|(_, record)| record.marks.classes.iter().cloned())
    }

    /// Workloads and pods that no watched workload made, in order of namespace, kind and name.
    pub fn owners(&self) -> impl Iterator<Item = (&OwnerKey, &Subject)> {
        self.owners.iter().filter_map(|(key, owner)| {
            let subject = match owner {
                Owner::Workload(subject) => subject.as_ref(),
                Owner::Pod => self.snapshot.pod(&key.namespace, &key.name)?,
            };
            Some((key, subject))
        })
    }

    fn observe(&mut self, kind: &'static WatchedKind, object: &Value) {
        let name = text(object, "/metadata/name");
        match self.snapshot.observe(object) {
            Observed::Fact | Observed::NotAFact => {}
            Observed::Unreadable => {
                warn!(
                    kind = kind.kind,
                    name, "an object of Bund's own kinds cannot be read; it counts in its strict reading"
                );
            }
        }
        if let Some(own) = OwnKind::of(kind.group, kind.kind) {
            self.own.insert_mut((own, name.into()), Arc::new(OwnObject::read(object)));
        } else {
            self.observe_record(kind, object);
            if let Some(key) = owner_key(kind, object) {
                self.observe_owner(kind, key, object);
            }
        }
        debug!(kind = kind.kind, name, "observed");
    }

    fn observe_record(&mut self, kind: &'static WatchedKind, object: &Value) {
        let (record, key) = (Record::read(object), (kind.plural, ObjectKey::of_value(object)));
        if record.is_kept(kind) {
            self.records.insert_mut(key, Arc::new(record));
        } else {
            self.records.remove_mut(&key);
        }
    }

    fn observe_owner(&mut self, kind: &WatchedKind, key: OwnerKey, object: &Value) {
        if has_owner(object) {
            self.owners.remove_mut(&key);
        } else if kind.kind == "Pod" {
            self.owners.insert_mut(key, Owner::Pod);
        } else {
            let subject = self.snapshot.extract(object, Some(&key.namespace), None);
            self.owners.insert_mut(key, Owner::Workload(Arc::new(subject)));
        }
    }

    fn forget(&mut self, kind: &'static WatchedKind, key: &ObjectKey) {
        self.records.remove_mut(&(kind.plural, key.clone()));
        let ObjectKey { namespace, name } = key;
        self.snapshot.forget(&ObjectId {
            group: kind.group.into(),
            kind: kind.kind.into(),
            namespace: namespace.clone(),
            name: name.clone(),
        });
        if let Some(own) = OwnKind::of(kind.group, kind.kind) {
            self.own.remove_mut(&(own, name.clone()));
        }
        if let Some(namespace) = namespace.clone() {
            self.owners.remove_mut(&OwnerKey { namespace, kind: kind.kind, name: name.clone() });
        }
    }
}

impl OwnObject {
    fn read(object: &Value) -> Self {
        Self {
            generation: object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default(),
            resource_version: text(object, "/metadata/resourceVersion").into(),
            status: object.get("status").cloned().unwrap_or_default(),
            object: json!({
                "metadata": { "name": text(object, "/metadata/name"), "uid": text(object, "/metadata/uid") },
                "spec": object.get("spec")
            }),
        }
    }
}

/// The key of an object that can be an owner.
fn owner_key(kind: &'static WatchedKind, object: &Value) -> Option<OwnerKey> {
    let can_own = kind.group != GROUP && (kind.kind == "Pod" || kind.purpose == super::Purpose::Reports);
    can_own.then(|| OwnerKey {
        namespace: text(object, "/metadata/namespace").into(),
        kind: kind.kind,
        name: text(object, "/metadata/name").into(),
    })
}

/// Whether a workload that is watched made the object and stands for it, or a kubelet by itself (a mirror pod). What
/// the controller of another kind made (a database operator's pod, a Rollout's ReplicaSet) stands for itself.
fn has_owner(object: &Value) -> bool {
    let references = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let is_watched = |owner: &Value| {
        let group = text(owner, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let kind = WatchedKind::of(group, text(owner, "/kind"));
        kind.is_some_and(|kind| kind.purpose == super::Purpose::Reports)
    };
    let controller = |owner: &&Value| owner.get("controller") == Some(&Value::Bool(true));
    references.into_iter().flatten().filter(controller).any(is_watched)
        || object.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some()
}

/// The text that `pointer` leads to; empty where there is none.
pub(super) fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn observed(group: &str, kind: &str, object: Value) -> Change {
        Change::Observed(WatchedKind::of(group, kind).unwrap(), object)
    }

    fn owner_names(view: &View) -> Vec<String> {
        view.owners().map(|(key, _)| format!("{}/{}/{}", key.namespace, key.kind, key.name)).collect()
    }

    #[test]
    fn what_a_watched_workload_made_is_no_owner() {
        let mut view = View::default();
        let meta = |name: &str| json!({"name": name, "namespace": "shop"});
        let mut owned = meta("web-1");
        let by = |version: &str, kind: &str| json!([{"controller": true, "apiVersion": version, "kind": kind, "name": "o"}]);
        owned["ownerReferences"] = by("apps/v1", "ReplicaSet");
        let mut of_an_operator = meta("db-1");
        of_an_operator["ownerReferences"] = by("postgresql.cnpg.io/v1", "Cluster");
        view.apply(&observed(
            "",
            "Pod",
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": of_an_operator, "spec": {}}),
        ));
        view.apply(&observed(
            "",
            "Pod",
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": owned, "spec": {}}),
        ));
        view.apply(&observed(
            "",
            "Pod",
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("bare"), "spec": {}}),
        ));
        let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web"), "spec": {}});
        view.apply(&observed("apps", "Deployment", web));
        assert_eq!(owner_names(&view), ["shop/Deployment/web", "shop/Pod/bare", "shop/Pod/db-1"]);

        let gone = ObjectKey { namespace: Some("shop".into()), name: "web".into() };
        view.apply(&Change::Gone(WatchedKind::of("apps", "Deployment").unwrap(), gone));
        assert_eq!(owner_names(&view), ["shop/Pod/bare", "shop/Pod/db-1"]);
    }

    #[test]
    fn an_unreadable_object_of_ours_stays_known() {
        let mut view = View::default();
        let policy = json!({"apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy",
            "metadata": {"name": "p", "generation": 3, "resourceVersion": "7"}, "spec": 1});
        view.apply(&observed("bund.dev", "ResidencyPolicy", policy));
        assert_eq!(view.own(OwnKind::ResidencyPolicy, "p").unwrap().generation, 3);
        assert_eq!(view.snapshot.world().unreadable().count(), 1);
    }
}
