//! Everything that is known, for decisions and for reports. (pure)

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use bund_engine::snapshot::{
    CarrierId, Life, MadeBy, Observed, OwnKind, PodFacts, TransferFacts, TransferKind,
};
use bund_engine::{HeldClass, Holder, ObjectId, Snapshot, Subject};
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use serde_json::Value;
use tracing::{debug, warn};

use super::ended::Ended;
use super::subject::{Workload, says_something, stands_for_it};
use super::{Change, KeptWatch, ObjectKey, OwnObject, Record, SubjectKey, WatchedKind};
use crate::response::has_taint;

/// Everything that is known at one moment. Cloning it is cheap; a clone never changes with the original.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What decisions rest on.
    pub snapshot: Snapshot,
    own: RedBlackTreeMapSync<(OwnKind, Box<str>), Arc<OwnObject>>,
    workloads: RedBlackTreeMapSync<SubjectKey, Arc<Workload>>,
    /// The workloads that name storage beyond their own namespace.
    beyond: RedBlackTreeSetSync<SubjectKey>,
    /// By group, kind and name.
    records: RedBlackTreeMapSync<((&'static str, &'static str), ObjectKey), Arc<Record>>,
    /// The nodes that carry our taint. No decision rests on it.
    tainted: RedBlackTreeSetSync<Box<str>>,
    /// What is known of transfers and exporters besides their specs.
    declared: RedBlackTreeMapSync<(TransferKind, ObjectKey), Arc<OwnObject>>,
    kept_watch: KeptWatch,
    /// The transfers that were seen ended; nothing while kinds are listed for the first time, and much is not there yet.
    ended: Option<Ended>,
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
            Change::WatchKept(known) => {
                self.kept_watch = *known;
                self.snapshot.set_watch(known.watch());
            }
            Change::Geography(geography) => self.snapshot.set_geography(geography.clone()),
            Change::Ended(uids) => {
                if let Some(ended) = &mut self.ended {
                    ended.learn(uids, &mut self.snapshot);
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

    /// What is known besides their specs of every transfer or every exporter, in order of namespace and name; of those that
    /// cannot be read too.
    pub fn declared(&self, kind: TransferKind) -> impl Iterator<Item = (&ObjectKey, &OwnObject)> {
        let of_kind = self.declared.iter().filter(move |((own, _), _)| *own == kind);
        of_kind.map(|((_, key), object)| (key, object.as_ref()))
    }

    /// What is known of the watch over transfers.
    pub fn kept_watch(&self) -> KeptWatch {
        self.kept_watch
    }

    /// From now on, when every kind was listed, a transfer that was seen ended does not come back.
    pub(crate) fn remember_ends(&mut self) {
        self.ended = Some(Ended::of(&self.snapshot));
    }

    /// Transfers that were seen ended and that the store shows as if they had not. The snapshot does not have them.
    pub fn set_back(&self) -> impl Iterator<Item = &TransferFacts> {
        self.ended.iter().flat_map(Ended::set_back)
    }

    /// What is known besides its facts of an object that holds data, or that bears marks.
    pub(super) fn record(&self, kind: &'static WatchedKind, key: &ObjectKey) -> Option<&Record> {
        self.records.get(&(kind.group_and_kind(), key.clone())).map(AsRef::as_ref)
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

    /// Everything that is judged by itself: pods that have not ended, workloads that no other watched workload made,
    /// and what stands for data at rest. In no order that means anything.
    pub fn subjects(&self) -> impl Iterator<Item = SubjectKey> {
        let pods = self.snapshot.all_pod_facts().filter(|pod| pod.life == Life::Lasts);
        let pods = pods.filter_map(|pod| SubjectKey::of_object(&pod.subject.id));
        let workloads = self.workloads.iter().filter(|(_, workload)| workload.subject.is_some());
        let at_rest = self.snapshot.carriers().filter(|(id, _)| holds_data(id));
        pods.chain(workloads.map(|(key, _)| key.clone()))
            .chain(at_rest.map(|(id, _)| SubjectKey::of_carrier(id)))
    }

    /// What is judged by itself under this key.
    pub fn subject(&self, key: &SubjectKey) -> Option<Cow<'_, Subject>> {
        if let Some(pod) = self.pod(key) {
            return (pod.life == Life::Lasts).then_some(Cow::Borrowed(&pod.subject));
        }
        match self.workloads.get(key) {
            Some(workload) => workload.subject.as_deref().map(Cow::Borrowed),
            None => self.snapshot.carrier_subject(&key.carrier().filter(holds_data)?).map(Cow::Owned),
        }
    }

    /// What findings about a subject are told of: the workload that stands for it, or itself.
    pub fn owner_of(&self, key: &SubjectKey) -> SubjectKey {
        let mut owner = key.clone();
        // A pod, its ReplicaSet or Job, their Deployment or CronJob; references that go round end here too.
        for _ in 0..3 {
            let pod = self.pod(&owner).map(|pod| &pod.subject.made_by);
            let made_by = pod.or_else(|| self.workloads.get(&owner).map(|workload| &workload.made_by));
            let Some(MadeBy::Controller(id)) = made_by.filter(|made_by| stands_for_it(made_by)) else {
                break;
            };
            let above = SubjectKey::of_object(id).filter(|above| self.workloads.contains_key(above));
            let Some(above) = above else { break };
            owner = above;
        }
        owner
    }

    /// The pods on these nodes, and what shares storage with them.
    pub fn subjects_on(&self, nodes: &BTreeSet<Box<str>>) -> BTreeSet<SubjectKey> {
        let on_them = |pod: &&Subject| {
            let mut names = pod.shapes.iter().filter_map(|shape| shape.node_name.as_ref());
            names.any(|name| nodes.contains(name))
        };
        let pods = self.snapshot.pods().filter(on_them);
        let holders =
            pods.map(|pod| Holder::pod(pod.id.namespace.as_deref().unwrap_or_default(), &pod.id.name));
        self.snapshot.dependents(holders).iter().map(SubjectKey::of_holder).collect()
    }

    /// The uid of something that is judged by itself, if it is known.
    pub fn uid(&self, key: &SubjectKey) -> Option<&str> {
        let workload = || self.workloads.get(key).map(|workload| workload.uid.as_ref());
        let at_rest = || Some(self.carrier_record(&key.carrier()?)?.1.uid.as_ref());
        let pod = self.pod(key).map(|pod| pod.uid.as_ref());
        pod.or_else(workload).or_else(at_rest).filter(|uid| !uid.is_empty())
    }

    /// Whether a node carries our taint.
    pub fn is_tainted(&self, node: &str) -> bool {
        self.tainted.contains(node)
    }

    /// The nodes that carry our taint, in order of name.
    pub fn tainted(&self) -> impl Iterator<Item = &str> {
        self.tainted.iter().map(AsRef::as_ref)
    }

    /// What is known of the pod of this key.
    pub fn pod(&self, key: &SubjectKey) -> Option<&PodFacts> {
        (key.kind == "Pod").then(|| self.snapshot.pod_facts(&key.namespace, &key.name)).flatten()
    }

    /// What is known of a workload by itself, whoever made it.
    pub(super) fn workload(&self, key: &SubjectKey) -> Option<&Arc<Workload>> {
        self.workloads.get(key)
    }

    /// The workloads of a namespace that are judged by themselves.
    pub(super) fn workloads_in(&self, namespace: &str) -> impl Iterator<Item = (&SubjectKey, &Subject)> {
        let first = SubjectKey { namespace: namespace.into(), kind: "", name: Box::default() };
        let scope = first.namespace.clone();
        let here = self.workloads.range(first..).take_while(move |(key, _)| key.namespace == scope);
        here.filter_map(|(key, workload)| Some((key, workload.subject.as_deref()?)))
    }

    /// The workloads that name storage beyond their own namespace.
    pub(super) fn workloads_beyond(&self) -> impl Iterator<Item = (&SubjectKey, &Subject)> {
        self.beyond.iter().filter_map(|key| Some((key, self.workloads.get(key)?.subject.as_deref()?)))
    }

    fn observe(&mut self, kind: &'static WatchedKind, object: &Value) {
        let name = text(object, "/metadata/name");
        let before = self.before_ends(kind);
        match self.snapshot.observe(object) {
            Observed::Fact | Observed::NotAFact => {}
            Observed::Unreadable => {
                warn!(
                    kind = kind.kind,
                    name, "an object of Bund's own kinds cannot be read; it counts in its strict reading"
                );
            }
        }
        if kind.kind == "Node" && has_taint(object) {
            self.tainted.insert_mut(name.into());
        } else if kind.kind == "Node" {
            self.tainted.remove_mut(name);
        }
        if let Some(own) = OwnKind::of(kind.group, kind.kind) {
            self.own.insert_mut((own, name.into()), Arc::new(OwnObject::read(object)));
        } else if let Some(kind) = TransferKind::of(kind.group, kind.kind) {
            let key = ObjectKey::of_value(object);
            if matches!(kind, TransferKind::CrossBorderTransfer | TransferKind::Exporter) {
                self.declared.insert_mut((kind, key.clone()), Arc::new(OwnObject::read_without_spec(object)));
            }
            self.note_ends(kind, &key, before);
        } else {
            self.observe_record(kind, object);
            if kind.is_judged() {
                self.observe_workload(kind, object);
            }
        }
        debug!(kind = kind.kind, name, "observed");
    }

    /// Notes what ended with a change of an object of these kinds.
    fn note_ends(&mut self, kind: TransferKind, key: &ObjectKey, before: Option<Snapshot>) {
        if let (Some(ended), Some(before)) = (&mut self.ended, before) {
            ended.take(kind, key, &before, &mut self.snapshot);
        }
    }

    /// The snapshot as it is, where a change of the kind may end a transfer. Of the others none is kept: what is held twice
    /// is copied when it changes.
    fn before_ends(&self, kind: &WatchedKind) -> Option<Snapshot> {
        let transfers = TransferKind::of(kind.group, kind.kind).is_some();
        (transfers && self.ended.is_some()).then(|| self.snapshot.clone())
    }

    fn observe_record(&mut self, kind: &'static WatchedKind, object: &Value) {
        let (record, key) = (Record::read(object), (kind.group_and_kind(), ObjectKey::of_value(object)));
        if record.is_kept(kind) {
            self.records.insert_mut(key, Arc::new(record));
        } else {
            self.records.remove_mut(&key);
        }
    }

    fn observe_workload(&mut self, kind: &'static WatchedKind, object: &Value) {
        let key = SubjectKey {
            namespace: text(object, "/metadata/namespace").into(),
            kind: kind.kind,
            name: text(object, "/metadata/name").into(),
        };
        let made_by = MadeBy::read(object);
        let extract = || self.snapshot.extract(object, Some(&key.namespace), None);
        let subject = if kind.makes_pods() {
            (!stands_for_it(&made_by)).then(extract)
        } else {
            // Whoever made it does not say where it leads.
            Some(extract()).filter(says_something)
        };
        let subject = subject.map(Arc::new);
        if subject.as_ref().is_some_and(|subject| subject.names_beyond()) {
            self.beyond.insert_mut(key.clone());
        } else {
            self.beyond.remove_mut(&key);
        }
        let uid = text(object, "/metadata/uid").into();
        self.workloads.insert_mut(key, Arc::new(Workload { uid, made_by, subject }));
    }

    fn forget(&mut self, kind: &'static WatchedKind, key: &ObjectKey) {
        self.records.remove_mut(&(kind.group_and_kind(), key.clone()));
        let ObjectKey { namespace, name } = key;
        if kind.kind == "Node" {
            self.tainted.remove_mut(name);
        }
        let before = self.before_ends(kind);
        self.snapshot.forget(&ObjectId {
            group: kind.group.into(),
            kind: kind.kind.into(),
            namespace: namespace.clone(),
            name: name.clone(),
        });
        if let Some(own) = OwnKind::of(kind.group, kind.kind) {
            self.own.remove_mut(&(own, name.clone()));
        }
        if let Some(own) = TransferKind::of(kind.group, kind.kind) {
            self.declared.remove_mut(&(own, key.clone()));
            self.note_ends(own, key, before);
        }
        if let Some(namespace) = namespace.clone() {
            let key = SubjectKey { namespace, kind: kind.kind, name: name.clone() };
            self.workloads.remove_mut(&key);
            self.beyond.remove_mut(&key);
        }
    }
}

/// Whether a carrier stands for data at rest.
fn holds_data(id: &CarrierId) -> bool {
    WatchedKind::of(id.kind.group(), id.kind.as_str()).is_some_and(WatchedKind::holds_data)
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
        let owners = view.subjects().map(|key| view.owner_of(&key)).collect::<BTreeSet<_>>();
        owners.iter().map(|key| format!("{}/{}/{}", key.namespace, key.kind, key.name)).collect()
    }

    #[test]
    fn what_a_watched_workload_made_is_no_owner() {
        let mut view = View::default();
        let meta = |name: &str| json!({"name": name, "namespace": "shop"});
        let mut owned = meta("web-1");
        let by = |version: &str, kind: &str| json!([{"controller": true, "apiVersion": version, "kind": kind, "name": "o"}]);
        owned["ownerReferences"] = by("apps/v1", "ReplicaSet");
        let mut set = meta("o");
        set["ownerReferences"] =
            json!([{"controller": true, "apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}]);
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": set, "spec": {}});
        view.apply(&observed("apps", "ReplicaSet", set));
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
        assert_eq!(
            owner_names(&view),
            ["shop/Pod/bare", "shop/Pod/db-1", "shop/ReplicaSet/o"],
            "what is left stands for itself"
        );
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
