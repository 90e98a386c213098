//! From watch events of one kind to changes of the view. (pure)

use std::collections::BTreeSet;

use bund_crds::Uid;
use bund_engine::snapshot::Geography;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::api::{DynamicObject, ObjectMeta};
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::Event;
use serde_json::{Map, Value, json};

use super::{KeptWatch, WatchedKind};

/// What happened to what is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An object is as given: complete, with its `apiVersion` and `kind`.
    Observed(&'static WatchedKind, Value),
    /// An object is gone.
    Gone(&'static WatchedKind, ObjectKey),
    /// Every object of the kind was given once.
    Listed(&'static WatchedKind),
    /// What is known of the watch over transfers is as given.
    WatchKept(KeptWatch),
    /// These transfers ended, as somebody says who knows more than the store.
    Ended(Vec<Uid>),
    /// Databases say of addresses what these say.
    Geography(Geography),
}

/// An object of a known kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Its namespace, if it has one.
    pub namespace: Option<Box<str>>,
    /// Its name.
    pub name: Box<str>,
}

impl ObjectKey {
    fn of(metadata: &ObjectMeta) -> Self {
        Self {
            namespace: metadata.namespace.as_deref().map(Box::from),
            name: metadata.name.as_deref().unwrap_or_default().into(),
        }
    }

    /// The key of an object as the API server prints it.
    pub(super) fn of_value(object: &Value) -> Self {
        let named = |member: &str| object.get("metadata")?.get(member)?.as_str().map(Box::from);
        Self { namespace: named("namespace"), name: named("name").unwrap_or_default() }
    }
}

/// The names of one kind that are known, so that what vanished while nobody watched is forgotten.
#[derive(Debug)]
pub(super) struct Roster {
    kind: &'static WatchedKind,
    known: BTreeSet<ObjectKey>,
    /// What the list that is being read has shown so far.
    listing: BTreeSet<ObjectKey>,
}

/// An object as a watch gives it.
pub(super) trait Watched {
    fn metadata(&self) -> &ObjectMeta;
    /// The object as the API server prints it, with what no decision rests on left out.
    fn into_value(self, kind: &WatchedKind) -> Value;
}

impl Roster {
    pub(super) fn new(kind: &'static WatchedKind) -> Self {
        Self { kind, known: BTreeSet::new(), listing: BTreeSet::new() }
    }

    /// What an event changes.
    pub(super) fn take<W: Watched>(&mut self, event: Event<W>) -> Vec<Change> {
        match event {
            Event::Init => {
                self.listing.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                self.listing.insert(ObjectKey::of(object.metadata()));
                self.observe(object)
            }
            Event::InitDone => {
                let vanished = self.known.difference(&self.listing).cloned();
                let mut changes: Vec<_> = vanished.map(|key| Change::Gone(self.kind, key)).collect();
                changes.push(Change::Listed(self.kind));
                self.known = std::mem::take(&mut self.listing);
                changes
            }
            Event::Apply(object) => self.observe(object),
            Event::Delete(object) => {
                let key = ObjectKey::of(object.metadata());
                self.known.remove(&key);
                vec![Change::Gone(self.kind, key)]
            }
        }
    }

    /// What changes when the kind as a whole is not there: nothing of it is, and that is all there is to list.
    pub(super) fn vanish(&mut self) -> Vec<Change> {
        self.listing.clear();
        let known = std::mem::take(&mut self.known);
        let gone = known.into_iter().map(|key| Change::Gone(self.kind, key));
        gone.chain([Change::Listed(self.kind)]).collect()
    }

    fn observe<W: Watched>(&mut self, object: W) -> Vec<Change> {
        self.known.insert(ObjectKey::of(object.metadata()));
        vec![Change::Observed(self.kind, object.into_value(self.kind))]
    }
}

impl Watched for DynamicObject {
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn into_value(self, kind: &WatchedKind) -> Value {
        into_value(self, kind)
    }
}

/// The whole object. Of its managed fields only who wrote it last is kept.
pub(crate) fn into_value(object: DynamicObject, kind: &WatchedKind) -> Value {
    let DynamicObject { types: _, mut metadata, data } = object;
    metadata.managed_fields = metadata.managed_fields.take().and_then(last_writer);
    let mut members = match data {
        Value::Object(members) => members,
        // Not an object at all. It stays what it is, so that its extraction says what is wrong.
        other => Map::from_iter([("spec".to_owned(), other)]),
    };
    members.insert("apiVersion".to_owned(), kind.api_version().into());
    members.insert("kind".to_owned(), kind.kind.into());
    // Metadata is made of strings, numbers and maps of strings, which always are JSON.
    members.insert("metadata".to_owned(), serde_json::to_value(metadata).unwrap_or_default());
    Value::Object(members)
}

/// The last write of anything but a subresource: its manager, how and when, without the fields.
fn last_writer(entries: Vec<ManagedFieldsEntry>) -> Option<Vec<ManagedFieldsEntry>> {
    let of_object = entries.into_iter().filter(|entry| entry.subresource.is_none() && entry.time.is_some());
    let ManagedFieldsEntry { manager, operation, time, .. } = of_object.max_by(|a, b| a.time.cmp(&b.time))?;
    Some(vec![ManagedFieldsEntry { manager, operation, time, ..ManagedFieldsEntry::default() }])
}

impl Watched for PartialObjectMeta<DynamicObject> {
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn into_value(self, kind: &WatchedKind) -> Value {
        metadata_into_value(self, kind)
    }
}

/// Identity and labels. Of annotations nothing is kept: one of them may hold a copy of the content.
pub(crate) fn metadata_into_value(object: PartialObjectMeta<DynamicObject>, kind: &WatchedKind) -> Value {
    let ObjectMeta { name, namespace, uid, resource_version, labels, .. } = object.metadata;
    json!({
        "apiVersion": kind.api_version(),
        "kind": kind.kind,
        "metadata": {
            "name": name, "namespace": namespace, "uid": uid, "resourceVersion": resource_version,
            "labels": labels.unwrap_or_default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::KINDS;

    fn kind() -> &'static WatchedKind {
        KINDS.iter().find(|kind| kind.kind == "Pod").unwrap()
    }

    fn pod(name: &str) -> DynamicObject {
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "shop", "managedFields": [{"manager": "m"}]},
            "spec": {"nodeName": "n"}
        }))
        .unwrap()
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey { namespace: Some("shop".into()), name: name.into() }
    }

    #[test]
    fn an_observed_object_has_its_kind_and_no_managed_fields() {
        let changes = Roster::new(kind()).take(Event::Apply(pod("a")));
        let expected = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"},
            "spec": {"nodeName": "n"}
        });
        assert_eq!(changes, [Change::Observed(kind(), expected)]);
    }

    #[test]
    fn of_managed_fields_the_last_writer_is_kept() {
        let entry = |manager: &str, time: &str| json!({"manager": manager, "operation": "Update", "time": time, "fieldsV1": {}});
        let mut status = entry("kubelet", "2026-01-03T00:00:00Z");
        status["subresource"] = "status".into();
        let managed = json!([entry("b", "2026-01-02T00:00:00Z"), entry("a", "2026-01-01T00:00:00Z"), status]);
        let pod: DynamicObject =
            serde_json::from_value(json!({"metadata": {"name": "a", "managedFields": managed}})).unwrap();
        let value = into_value(pod, kind());
        let last = json!([{"manager": "b", "operation": "Update", "time": "2026-01-02T00:00:00Z"}]);
        assert_eq!(value["metadata"]["managedFields"], last);
    }

    #[test]
    fn what_was_known_of_a_kind_that_vanished_is_forgotten() {
        let mut roster = Roster::new(kind());
        assert_eq!(roster.vanish(), [Change::Listed(kind())], "absent from the start counts as listed");
        roster.take(Event::Apply(pod("a")));
        assert_eq!(roster.vanish(), [Change::Gone(kind(), key("a")), Change::Listed(kind())]);
        assert_eq!(roster.vanish(), [Change::Listed(kind())]);
    }

    #[test]
    fn what_vanished_while_nobody_watched_is_forgotten_on_the_next_list() {
        let mut roster = Roster::new(kind());
        roster.take::<DynamicObject>(Event::Init);
        roster.take(Event::InitApply(pod("a")));
        roster.take(Event::InitApply(pod("b")));
        assert_eq!(roster.take::<DynamicObject>(Event::InitDone), [Change::Listed(kind())]);
        roster.take(Event::Apply(pod("c")));

        roster.take::<DynamicObject>(Event::Init);
        roster.take(Event::InitApply(pod("b")));
        let changes = roster.take::<DynamicObject>(Event::InitDone);
        assert_eq!(
            changes,
            [Change::Gone(kind(), key("a")), Change::Gone(kind(), key("c")), Change::Listed(kind())]
        );
    }

    #[test]
    fn a_list_that_breaks_off_forgets_nothing() {
        let mut roster = Roster::new(kind());
        roster.take::<DynamicObject>(Event::Init);
        roster.take(Event::InitApply(pod("a")));
        roster.take(Event::InitApply(pod("b")));
        roster.take::<DynamicObject>(Event::InitDone);
        roster.take::<DynamicObject>(Event::Init);
        roster.take(Event::InitApply(pod("a")));
        roster.take::<DynamicObject>(Event::Init);
        roster.take(Event::InitApply(pod("b")));
        roster.take(Event::InitApply(pod("a")));
        assert_eq!(roster.take::<DynamicObject>(Event::InitDone), [Change::Listed(kind())]);
    }

    #[test]
    fn of_a_secret_only_identity_and_labels_are_taken() {
        let secret: PartialObjectMeta<DynamicObject> = serde_json::from_value(json!({
            "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
            "metadata": {"name": "s", "namespace": "shop", "labels": {"a": "b"}, "uid": "u", "resourceVersion": "7",
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":\"c2VjcmV0\"}"}}
        }))
        .unwrap();
        let kind = KINDS.iter().find(|kind| kind.kind == "Secret").unwrap();
        assert_eq!(
            secret.into_value(kind),
            json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "s", "namespace": "shop", "uid": "u", "resourceVersion": "7", "labels": {"a": "b"}}})
        );
    }
}
