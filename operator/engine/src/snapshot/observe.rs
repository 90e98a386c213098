//! Taking in objects.

use alloc::{boxed::Box, sync::Arc};

use serde_json::Value;

use super::{
    ApiServer, CarrierFacts, CarrierId, CarrierKind, ClassKind, NamespaceFacts, NodeFacts, OwnKind, PodFacts,
    ServiceFacts, Snapshot, TransferKind, network_policy,
};
use crate::{
    network_policy::{ClusterPolicy, NetworkPolicy},
    storage::ClassFacts,
    subject::{labels_of, makes_pods},
    subject_group,
};

/// What became of an observed object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It is a fact now.
    Fact,
    /// It is one of our own kinds and cannot be read; that is a fact of its own.
    Unreadable,
    /// Decisions do not rest on objects of its kind.
    NotAFact,
}

/// See [`Snapshot::observe`].
pub(super) fn observe(snapshot: &mut Snapshot, object: &Value) -> Observed {
    let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let meta = |member: &str| metadata.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name: Box<str> = meta("name").unwrap_or_default().into();
    match (subject_group(text("apiVersion")), text("kind")) {
        ("", "Namespace") => {
            let facts = NamespaceFacts { labels: labels_of(object) };
            snapshot.namespaces.insert_mut(name, facts);
            Observed::Fact
        }
        ("", "Node") => {
            observe_node(snapshot, name, Arc::new(NodeFacts::read(object)));
            Observed::Fact
        }
        ("networking.k8s.io", "ServiceCIDR") => {
            Arc::make_mut(&mut snapshot.world).networks.observe_services(&name, object);
            Observed::Fact
        }
        // What has no name yet is not there yet.
        ("", "Pod") if name.is_empty() => Observed::NotAFact,
        ("", "Pod") => {
            observe_pod(snapshot, object, meta("namespace").unwrap_or(DEFAULT_NAMESPACE), name);
            Observed::Fact
        }
        ("", kind @ "Service") => {
            let namespace = meta("namespace").unwrap_or(DEFAULT_NAMESPACE);
            if ApiServer::is_told_by("", kind, Some(namespace), &name) {
                snapshot.api_server.observe(kind, object);
            }
            snapshot.services.insert_mut((namespace.into(), name), Arc::new(ServiceFacts::read(object)));
            Observed::Fact
        }
        network_policy::KIND => {
            snapshot.observe_network_policy(object, meta("namespace").unwrap_or(DEFAULT_NAMESPACE), name);
            Observed::Fact
        }
        (group, kind) if NetworkPolicy::is_kind_of_another_network(group, kind) => {
            snapshot.observe_other_policy(object, meta("namespace").unwrap_or(DEFAULT_NAMESPACE));
            Observed::Fact
        }
        (group, kind) if ClusterPolicy::is_kind(group, kind) => {
            snapshot.observe_cluster_policy(object);
            Observed::Fact
        }
        (group, kind) if ApiServer::is_told_by(group, kind, meta("namespace"), &name) => {
            snapshot.api_server.observe(kind, object);
            Observed::Fact
        }
        (group, kind) => {
            if let Some(own) = OwnKind::of(group, kind) {
                return Arc::make_mut(&mut snapshot.world).observe(own, &name, object);
            }
            if let Some(kind) = TransferKind::of(group, kind) {
                return snapshot.transfers.observe(kind, object);
            }
            if let Some(kind) = ClassKind::of(group, kind) {
                snapshot.classes.insert_mut((kind, name), Arc::new(ClassFacts::read(object)));
                return Observed::Fact;
            }
            let namespace = meta("namespace").unwrap_or(DEFAULT_NAMESPACE);
            let Some(kind) = CarrierKind::of(group, kind) else {
                if makes_pods(group, kind) {
                    snapshot.templates.observe(namespace, object);
                }
                return Observed::NotAFact;
            };
            let namespace = kind.is_namespaced().then(|| namespace.into());
            let id = CarrierId { kind, namespace, name };
            let facts = CarrierFacts::read(&id, object);
            snapshot.carriers.insert(id, facts);
            Observed::Fact
        }
    }
}

/// Most changes of nodes are heartbeats, which say nothing new.
fn observe_node(snapshot: &mut Snapshot, name: Box<str>, node: Arc<NodeFacts>) {
    let before = snapshot.nodes.get(&name).cloned();
    if before.as_ref() == Some(&node) {
        return;
    }
    let networked = |node: &NodeFacts| !node.networks.is_empty();
    if networked(&node) || before.as_deref().is_some_and(networked) {
        Arc::make_mut(&mut snapshot.world).networks.observe(&name, before.as_deref(), &node);
    }
    snapshot.nodes.insert_mut(name, node);
}

/// The namespace of namespaced objects that name none, as for kubectl.
pub const DEFAULT_NAMESPACE: &str = "default";

fn observe_pod(snapshot: &mut Snapshot, object: &Value, namespace: &str, name: Box<str>) {
    snapshot.insert_pod((namespace.into(), name), PodFacts::read(object, namespace));
}
