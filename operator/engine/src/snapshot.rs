//! Everything that is known, at one moment.
//!
//! A [`Snapshot`] is a value: cloning it is cheap, and changing a clone leaves the original as it is. The
//! operator's index and the command line build it by the same [`Snapshot::observe`], from objects as the API
//! server prints them. What cannot be read is kept as a fact of its own.

use alloc::{boxed::Box, collections::BTreeSet, sync::Arc, vec::Vec};
use core::net::IpAddr;

use bund_crds::NamespaceName;
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use serde_json::Value;

use crate::{
    ObjectId, Subject,
    network_policy::{ClusterPolicy, NetworkPolicy},
    storage::{Backing, ClassFacts},
    subject::{Access, ClaimInUse, Labels},
};

mod api_server;
mod carrier;
mod carriers;
mod class;
mod dependents;
mod geography;
mod glass;
mod hosts;
mod jurisdiction;
mod namespace;
mod network_policy;
mod networks;
mod node;
mod observe;
mod pod;
mod record;
mod service;
mod table;
mod templates;
mod transfers;
mod world;

pub use api_server::ApiServer;
pub use carrier::{CarrierFacts, CarrierId, CarrierKind, Origin};
pub(crate) use carrier::{claim_links, origin};
use carriers::Carriers;
pub(crate) use carriers::{PodKey, lies_on};
pub use class::ClassKind;
pub use geography::{Country, DatabaseState, Databases, Geography, Said, Service, Silence};
pub use glass::Glass;
pub use namespace::NamespaceFacts;
pub use networks::ClusterNetworks;
pub use node::{NodeFacts, Substance};
pub use observe::{DEFAULT_NAMESPACE, Observed};
pub use pod::{Life, MadeBy, PodFacts};
pub use service::{Leads, ServiceFacts};
pub(crate) use table::Place;
pub use table::Table;
use templates::Templates;
pub use transfers::{
    ApprovalFacts, Creator, EventFacts, ExporterFacts, TransferFacts, TransferKey, TransferKind, Transfers,
    UnreadableTransfer, Watch,
};
pub use world::{Class, LocationFacts, OwnKind, Policy, Unreadable, World};
pub(crate) use world::{mode_in, read as read_spec};

/// Everything that is known, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    world: Arc<World>,
    namespaces: RedBlackTreeMapSync<Box<str>, NamespaceFacts>,
    nodes: RedBlackTreeMapSync<Box<str>, Arc<NodeFacts>>,
    carriers: Carriers,
    classes: RedBlackTreeMapSync<(ClassKind, Box<str>), Arc<ClassFacts>>,
    /// Claims with the pods that use them and have not ended, and how.
    users: RedBlackTreeMapSync<CarrierId, RedBlackTreeMapSync<PodKey, Access>>,
    pods: RedBlackTreeMapSync<PodKey, Arc<PodFacts>>,
    /// The pods that take over from storage in another way than by using a claim.
    indirect: RedBlackTreeSetSync<PodKey>,
    services: RedBlackTreeMapSync<PodKey, Arc<ServiceFacts>>,
    network_policies: RedBlackTreeMapSync<PodKey, Arc<Subject>>,
    /// By namespace.
    other_policies: RedBlackTreeMapSync<Box<str>, RedBlackTreeMapSync<ObjectId, Arc<Subject>>>,
    cluster_policies: RedBlackTreeMapSync<ObjectId, Arc<Subject>>,
    nodes_listed: Listing,
    transfers: Transfers,
    api_server: ApiServer,
    templates: Templates,
}

/// Whether a kind was listed as a whole, so that what is not known does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Nothing can be concluded from absence.
    #[default]
    NotGiven,
    /// All of them are known.
    Whole,
}

/// Namespaces of the cluster itself, where nothing is refused.
const ALWAYS_EXEMPT: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Whether Bund enforces in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// Classified objects may live here, and are judged.
    Guarded,
    /// Classified objects may not live here.
    Unguarded,
    /// Nothing is refused here; everything is audited.
    Exempt,
    /// The namespace is not known. It counts as guarded.
    Assumed,
}

impl Snapshot {
    /// What the custom resources say.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The same, with what the custom resources say taken from elsewhere.
    pub(crate) fn in_world(&self, world: Arc<World>) -> Self {
        Self { world, ..self.clone() }
    }

    /// What the custom resources say, without the rest.
    pub(crate) fn into_world(self) -> Arc<World> {
        self.world
    }

    /// What is declared, decided and recorded of cross-border transfers.
    pub fn transfers(&self) -> &Transfers {
        &self.transfers
    }

    /// This snapshot without these decisions on transfers.
    #[must_use]
    pub(crate) fn without_approvals(&self, gone: &[TransferKey]) -> Self {
        Self { transfers: self.transfers.without_approvals(gone), ..self.clone() }
    }

    /// States until when somebody keeps watch over the transfers that are in effect.
    pub fn set_watch(&mut self, watch: Watch) {
        self.transfers.set_watch(watch);
    }

    /// States which databases say where addresses are.
    pub fn set_geography(&mut self, geography: Geography) {
        Arc::make_mut(&mut self.world).geography = geography;
    }

    /// The Namespace of this name.
    pub fn namespace(&self, name: &str) -> Option<&NamespaceFacts> {
        self.namespaces.get(name)
    }

    /// Every Namespace, in order of name.
    pub fn namespaces(&self) -> impl Iterator<Item = (&str, &NamespaceFacts)> {
        self.namespaces.iter().map(|(name, facts)| (name.as_ref(), facts))
    }

    /// The namespaces in which nothing is refused, in order of name.
    pub fn exempt_namespaces(&self) -> BTreeSet<&str> {
        let named = self.world.location().exempt.iter().map(NamespaceName::as_str);
        ALWAYS_EXEMPT.into_iter().chain(named).collect()
    }

    /// Where the API server is to be reached.
    pub fn api_server(&self) -> &ApiServer {
        &self.api_server
    }

    /// This snapshot with other labels on the Namespace of this name.
    #[must_use]
    pub(crate) fn with_namespace(&self, name: &str, labels: Labels) -> Self {
        let mut changed = self.clone();
        changed.namespaces.insert_mut(name.into(), NamespaceFacts { labels });
        changed
    }

    /// Whether Bund enforces in the namespace of this name.
    pub fn enrolment(&self, name: &str) -> Enrolment {
        let exempt_by_name = |exempt: &NamespaceName| exempt.as_str() == name;
        if ALWAYS_EXEMPT.contains(&name) || self.world.location().exempt.iter().any(exempt_by_name) {
            return Enrolment::Exempt;
        }
        match self.namespace(name) {
            None => Enrolment::Assumed,
            Some(facts) if facts.is_guarded() => Enrolment::Guarded,
            Some(_) => Enrolment::Unguarded,
        }
    }

    /// The Node of this name.
    pub fn node(&self, name: &str) -> Option<&NodeFacts> {
        self.nodes.get(name).map(AsRef::as_ref)
    }

    /// Every Node, in order of name.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &NodeFacts)> {
        self.nodes.iter().map(|(name, facts)| (name.as_ref(), facts.as_ref()))
    }

    /// Whether all Nodes are known.
    pub fn nodes_listed(&self) -> Listing {
        self.nodes_listed
    }

    /// States that every Node there is has been observed.
    pub fn set_nodes_listed(&mut self) {
        self.nodes_listed = Listing::Whole;
    }

    /// The Service of this namespace and name.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&ServiceFacts> {
        self.services.get(&(namespace.into(), name.into())).map(AsRef::as_ref)
    }

    /// The namespace and the name of the Service that has this address in the cluster.
    pub(crate) fn service_at(&self, address: IpAddr) -> Option<(&str, &str)> {
        let mut services = self.services.iter();
        let found = services.find(|(_, service)| service.cluster_ips.contains(&address));
        found.map(|((namespace, name), _)| (namespace.as_ref(), name.as_ref()))
    }

    /// The carrier of this id.
    pub fn carrier(&self, id: &CarrierId) -> Option<&CarrierFacts> {
        self.carriers.get(id)
    }

    /// The carrier of this id, to be judged as it stands.
    pub fn carrier_subject(&self, id: &CarrierId) -> Option<Subject> {
        self.carriers.shared(id).map(|facts| Subject::of_carrier(id, facts))
    }

    /// Every carrier, in order of kind, namespace and name.
    pub fn carriers(&self) -> impl Iterator<Item = (&CarrierId, &CarrierFacts)> {
        self.carriers.iter()
    }

    /// The carriers of one kind in one namespace whose names start with `prefix`, in order of name.
    pub fn carriers_named<'s>(
        &'s self,
        kind: CarrierKind,
        namespace: &str,
        prefix: &'s str,
    ) -> impl Iterator<Item = (&'s CarrierId, &'s CarrierFacts)> {
        self.carriers.named(kind, namespace, prefix)
    }

    /// What is kept for a claim or a snapshot: whatever it holds, the claim or snapshot will hold once it is bound.
    pub(crate) fn kept_for(&self, id: &CarrierId) -> impl Iterator<Item = &CarrierId> {
        self.carriers.kept_for(id)
    }

    /// The volumes of a claim: the one that it names, and those that are kept for it.
    pub(crate) fn volumes_of<'s>(&'s self, claim: &'s CarrierId) -> impl Iterator<Item = &'s CarrierId> {
        let links = self.carrier(claim).into_iter().flat_map(|facts| &facts.links);
        links.chain(self.kept_for(claim)).filter(|id| id.kind == CarrierKind::PersistentVolume)
    }

    /// Every volume and snapshot that may lie on what `backings` lie on, in order, each once.
    pub(crate) fn lying_on(&self, backings: &[Backing]) -> Vec<CarrierId> {
        self.carriers.lying_on(backings)
    }

    /// Every other volume and snapshot that may lie on what the carrier of this id lies on, in order.
    pub fn lying_beside(&self, id: &CarrierId) -> Vec<CarrierId> {
        let backings = self.carrier(id).map(lies_on).unwrap_or_default();
        let mut found = self.lying_on(&backings);
        found.retain(|other| other != id);
        found
    }

    /// The pods that use a claim and have not ended, and how.
    pub(crate) fn users(&self, claim: &CarrierId) -> impl Iterator<Item = (&PodKey, Access)> {
        self.users.get(claim).into_iter().flatten().map(|(pod, access)| (pod, *access))
    }

    /// The class of this kind and name.
    pub fn storage_class(&self, kind: ClassKind, name: &str) -> Option<&ClassFacts> {
        self.classes.get(&(kind, name.into())).map(AsRef::as_ref)
    }

    /// The class that counts where none is named: of those that say so and are of `driver`, if one is given, the
    /// youngest, and then the first by name.
    pub fn default_class(&self, kind: ClassKind, driver: Option<&str>) -> Option<(&str, &ClassFacts)> {
        let of_driver =
            |class: &ClassFacts| driver.is_none_or(|driver| driver.eq_ignore_ascii_case(&class.driver));
        let of_kind = self.classes.iter().filter(|((other, _), class)| *other == kind && of_driver(class));
        let defaults =
            of_kind.filter_map(|((_, name), class)| Some((class.default_since.as_ref()?, name, class)));
        defaults
            .max_by(|(since, name, _), (other, other_name, _)| {
                since.cmp(other).then_with(|| other_name.cmp(name))
            })
            .map(|(_, name, class)| (name.as_ref(), class.as_ref()))
    }

    /// The pod of this namespace and name.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&Subject> {
        self.pod_facts(namespace, name).map(|pod| &pod.subject)
    }

    /// What is known of the pod of this namespace and name.
    pub fn pod_facts(&self, namespace: &str, name: &str) -> Option<&PodFacts> {
        self.pods.get(&(namespace.into(), name.into())).map(AsRef::as_ref)
    }

    /// The pods of a namespace, in order of name.
    pub fn pods_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Subject> {
        let first: PodKey = (namespace.into(), Box::default());
        let here = self.pods.range(first..).take_while(move |((other, _), _)| **other == *namespace);
        here.map(|(_, pod)| &pod.subject)
    }

    /// What makes pods in a namespace, in order of kind and name, but for what a Deployment or a CronJob made.
    pub fn templates_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Subject> {
        self.templates.within(namespace)
    }

    fn insert_pod(&mut self, key: PodKey, mut pod: PodFacts) {
        self.remove_pod(&key);
        // Pods of one workload lie side by side.
        if let Some((_, other)) = self.pods.range(..key.clone()).next_back() {
            pod.share_with(other);
        }
        if pod.life == Life::Lasts {
            for ClaimInUse { claim, at: _, access } in pod.subject.claims_in_use(&key.0) {
                let users = self.users.get(&claim).cloned().unwrap_or_default();
                let access = users.get(&key).copied().max(Some(access)).unwrap_or(access);
                self.users.insert_mut(claim, users.insert(key.clone(), access));
            }
        }
        self.note_indirect(&key, &pod.subject);
        self.pods.insert_mut(key, Arc::new(pod));
    }

    fn remove_pod(&mut self, key: &PodKey) {
        let Some(pod) = self.pods.get(key).cloned() else { return };
        self.pods.remove_mut(key);
        self.indirect.remove_mut(key);
        for ClaimInUse { claim, .. } in pod.subject.claims_in_use(&key.0) {
            let Some(users) = self.users.get(&claim).map(|users| users.remove(key)) else { continue };
            if users.is_empty() {
                self.users.remove_mut(&claim);
            } else {
                self.users.insert_mut(claim, users);
            }
        }
    }

    /// Every pod, in order of namespace and name.
    pub fn pods(&self) -> impl Iterator<Item = &Subject> {
        self.pods.values().map(|pod| &pod.subject)
    }

    /// What is known of every pod, in order of namespace and name.
    pub fn all_pod_facts(&self) -> impl Iterator<Item = &PodFacts> {
        self.pods.values().map(AsRef::as_ref)
    }

    /// Forgets the object of this id.
    pub fn forget(&mut self, id: &ObjectId) {
        let ObjectId { group, kind, namespace, name } = id;
        match (group.as_ref(), kind.as_ref()) {
            ("", "Namespace") => {
                self.namespaces.remove_mut(name);
            }
            ("", "Node") => {
                let Some(node) = self.nodes.get(name).cloned() else { return };
                if !node.networks.is_empty() {
                    Arc::make_mut(&mut self.world).networks.forget(name, &node);
                }
                self.nodes.remove_mut(name);
            }
            ("networking.k8s.io", "ServiceCIDR") => {
                Arc::make_mut(&mut self.world).networks.forget_services(name);
            }
            ("", "Pod") => {
                let key = (namespace.clone().unwrap_or_default(), name.clone());
                self.remove_pod(&key);
            }
            ("", "Service") => {
                if ApiServer::is_told_by("", kind, namespace.as_deref(), name) {
                    self.api_server.forget(kind);
                }
                self.services.remove_mut(&(namespace.clone().unwrap_or_default(), name.clone()));
            }
            network_policy::KIND => {
                self.network_policies.remove_mut(&(namespace.clone().unwrap_or_default(), name.clone()));
            }
            (group, kind) if NetworkPolicy::is_kind_of_another_network(group, kind) => {
                self.forget_other_policy(id, namespace.as_deref().unwrap_or_default());
            }
            (group, kind) if ClusterPolicy::is_kind(group, kind) => {
                self.cluster_policies.remove_mut(id);
            }
            (group, kind) if ApiServer::is_told_by(group, kind, namespace.as_deref(), name) => {
                self.api_server.forget(kind);
            }
            (group, kind) => {
                if let Some(own) = OwnKind::of(group, kind) {
                    Arc::make_mut(&mut self.world).forget(own, name);
                } else if let Some(kind) = TransferKind::of(group, kind) {
                    self.transfers.forget(kind, &(namespace.clone().unwrap_or_default(), name.clone()));
                } else if let Some(kind) = CarrierKind::of(group, kind) {
                    let id = CarrierId { kind, namespace: namespace.clone(), name: name.clone() };
                    self.carriers.remove(&id);
                } else if let Some(kind) = ClassKind::of(group, kind) {
                    self.classes.remove_mut(&(kind, name.clone()));
                } else {
                    self.templates.forget(id);
                }
            }
        }
    }

    /// Takes in an object as the API server prints it: a fact, if its kind is one that decisions rest on.
    pub fn observe(&mut self, object: &Value) -> Observed {
        observe::observe(self, object)
    }

    /// Extracts the subject of a request's object, with the mappings of its kind.
    pub fn extract(&self, object: &Value, namespace: Option<&str>, name: Option<&str>) -> Subject {
        let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
        let mappings = self.world.mappings_of(crate::subject_group(text("apiVersion")), text("kind"));
        Subject::extract(object, namespace, name, mappings)
    }
}
