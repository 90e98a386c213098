//! What is to be judged again after a change: exactly what it touches. (pure)

use std::collections::BTreeSet;

use bund_engine::Holder;
use bund_engine::snapshot::{
    CarrierId, CarrierKind, ClassKind, Enrolment, Leads, OwnKind, TransferFacts, TransferKind,
};

use super::{Change, ObjectKey, SubjectKey, View, WatchedKind};

/// What is to be judged again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Everything.
    Everything,
    /// These alone, and what rests on these nodes.
    Only {
        /// The subjects.
        subjects: BTreeSet<SubjectKey>,
        /// The nodes that came, went, or say something else about where they are.
        nodes: BTreeSet<Box<str>>,
    },
}

impl Default for Touched {
    /// Nothing.
    fn default() -> Self {
        Self::Only { subjects: BTreeSet::new(), nodes: BTreeSet::new() }
    }
}

/// More is as much as everything.
const MOST: usize = 20_000;

impl Touched {
    /// What `change`, which led from one view to the next, touches.
    pub(crate) fn by(change: &Change, before: &View, after: &View) -> Self {
        let (kind, key) = match change {
            Change::Observed(kind, object) => (*kind, ObjectKey::of_value(object)),
            Change::Gone(kind, key) => (*kind, key.clone()),
            // What was there before a list was read again, and is no more, is told one by one.
            Change::Listed(_) => return Self::default(),
            Change::WatchKept(_) => return Self::by_watch(before, after),
            Change::Ended(_) => return Self::by_ends(before, after),
            Change::Geography(_) => return Self::Everything,
        };
        let (old, new) = (Side { view: before, kind, key: &key }, Side { view: after, kind, key: &key });
        if let Some(own) = OwnKind::of(kind.group, kind.kind) {
            return everything_if(old.own(own) != new.own(own));
        }
        if let Some(class) = ClassKind::of(kind.group, kind.kind) {
            return everything_if(
                before.snapshot.storage_class(class, &key.name)
                    != after.snapshot.storage_class(class, &key.name),
            );
        }
        if let Some(transfers) = TransferKind::of(kind.group, kind.kind) {
            return Self::by_transfers(transfers, &key, before, after);
        }
        match (kind.group, kind.kind) {
            ("", "Node") => Self::by_node(key.name, before, after),
            ("networking.k8s.io", "ServiceCIDR") => {
                let [was, is] = [before, after].map(|view| view.snapshot.world().networks());
                everything_if(was.services(&key.name) != is.services(&key.name))
            }
            ("", "Namespace") => {
                let name = &key.name;
                if before.snapshot.namespace(name) == after.snapshot.namespace(name) {
                    return Self::default();
                }
                Self::namespace(name, before, after)
            }
            _ if old.holder_facts_differ(&new) => {
                Self::only([before, after].into_iter().flat_map(|view| resting_on(new.holder(), view)))
            }
            ("", "Service") if Self::renames(&key, before, after) || Self::moves(&key, before, after) => {
                Self::Everything
            }
            _ if new.is_workload() => Self::by_workload(&old, &new),
            _ => Self::default(),
        }
    }

    /// Adds what something else touches.
    pub(super) fn add(&mut self, more: Self) {
        let (Self::Only { subjects, nodes }, Self::Only { subjects: more, nodes: more_nodes }) =
            (&mut *self, more)
        else {
            *self = Self::Everything;
            return;
        };
        subjects.extend(more);
        nodes.extend(more_nodes);
        if subjects.len() + nodes.len() > MOST {
            *self = Self::Everything;
        }
    }

    /// Whether nothing is touched.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn only(subjects: impl Iterator<Item = SubjectKey>) -> Self {
        Self::Only { subjects: subjects.collect(), nodes: BTreeSet::new() }
    }

    /// Everything in a namespace, and what rests on it.
    fn namespace(name: &str, before: &View, after: &View) -> Self {
        let all = [before, after].into_iter().flat_map(|view| {
            let workloads = view.workloads_in(name).map(|(key, _)| key.clone());
            workloads.chain(resting_on(view.snapshot.holders_in(name), view))
        });
        Self::only(all)
    }

    /// What a transfer may cover: what is in its namespace.
    fn by_transfers(kind: TransferKind, key: &ObjectKey, before: &View, after: &View) -> Self {
        let [old, new] = [before, after].map(|view| view.snapshot.transfers());
        let namespace = key.namespace.as_deref().unwrap_or_default();
        let differs = match kind {
            TransferKind::CrossBorderTransfer => {
                old.transfer(namespace, &key.name) != new.transfer(namespace, &key.name)
            }
            TransferKind::TransferApproval => {
                old.approval(namespace, &key.name) != new.approval(namespace, &key.name)
            }
            // Its exports are counted together, and with those of others that name it.
            TransferKind::Exporter => return everything_if(!old.exporters().eq(new.exporters())),
            TransferKind::LedgerEvent => return Self::by_event(&key.name, before, after),
        };
        if differs || !old.unreadable().eq(new.unreadable()) {
            return Self::namespace(namespace, before, after);
        }
        Self::default()
    }

    fn by_event(name: &str, before: &View, after: &View) -> Self {
        let [old, new] = [before, after].map(|view| view.snapshot.transfers());
        if !old.unreadable().eq(new.unreadable()) {
            // It may be one that closes any transfer.
            return Self::Everything;
        }
        let (was, is) = (old.event(name), new.event(name));
        if was == is {
            return Self::default();
        }
        let about = [was, is].into_iter().flatten().filter_map(|event| event.spec.transfer.as_ref());
        let mut touched = Self::default();
        for transfer in about {
            touched.add(Self::namespace(&transfer.namespace, before, after));
            // What one exporter exports is counted together: one transfer may take another over a threshold.
            let counted = new.transfers().filter(|other| other.spec.exporter == transfer.exporter);
            let namespaces: BTreeSet<&str> = counted.map(|other| other.namespace.as_ref()).collect();
            for namespace in namespaces {
                touched.add(Self::namespace(namespace, before, after));
            }
        }
        touched
    }

    /// Where there are transfers, unless the watch over them goes on as it did.
    fn by_watch(before: &View, after: &View) -> Self {
        if after.kept_watch().goes_on_from(before.kept_watch()) {
            return Self::default();
        }
        Self::covered_by(after.snapshot.transfers().transfers(), before, after)
    }

    /// What was covered by transfers of which somebody else knows that they ended.
    fn by_ends(before: &View, after: &View) -> Self {
        let all = before.snapshot.transfers().transfers();
        let left = after.snapshot.transfers();
        Self::covered_by(all.filter(|it| left.transfer(&it.namespace, &it.name).is_none()), before, after)
    }

    fn covered_by<'v>(
        transfers: impl Iterator<Item = &'v TransferFacts>,
        before: &View,
        after: &View,
    ) -> Self {
        let namespaces: BTreeSet<&str> = transfers.map(|transfer| transfer.namespace.as_ref()).collect();
        let mut touched = Self::default();
        for namespace in namespaces {
            touched.add(Self::namespace(namespace, before, after));
        }
        touched
    }

    /// Whether the name of a Service means another place than before: whatever names it may be anywhere.
    fn renames(key: &ObjectKey, before: &View, after: &View) -> bool {
        let namespace = key.namespace.as_deref().unwrap_or_default();
        let [was, is] = [before, after].map(|view| view.snapshot.service(namespace, &key.name));
        let [was, is] = [was, is].map(|service| service.map(|service| &service.leads));
        let judged_there = after.snapshot.enrolment(namespace) != Enrolment::Exempt;
        let of_pods = |leads: Option<&Leads>| !matches!(leads, Some(Leads::ToName(_)));
        was != is && !(judged_there && of_pods(was) && of_pods(is))
    }

    /// Whether an address leads to another Service than before: whatever names it may be anywhere. Of guarded namespaces all of
    /// them lead to what is judged.
    fn moves(key: &ObjectKey, before: &View, after: &View) -> bool {
        let namespace = key.namespace.as_deref().unwrap_or_default();
        let addresses = |view: &View| {
            let service = view.snapshot.service(namespace, &key.name);
            service.map(|service| service.cluster_ips.clone()).unwrap_or_default()
        };
        after.snapshot.enrolment(namespace) != Enrolment::Guarded && addresses(before) != addresses(after)
    }

    /// What rests on a node. Where the node has networks, anything may name an address in them.
    fn by_node(name: Box<str>, before: &View, after: &View) -> Self {
        let [was, is] = [before, after].map(|view| view.snapshot.node(&name));
        if was == is {
            return Self::default();
        }
        if [was, is].into_iter().flatten().any(|node| !node.networks.is_empty()) {
            return Self::Everything;
        }
        Self::Only { subjects: BTreeSet::new(), nodes: BTreeSet::from([name]) }
    }

    /// A workload itself, and the pods that are told of under another owner since it came or went.
    fn by_workload(old: &Side<'_>, new: &Side<'_>) -> Self {
        let key = new.subject_key();
        let (was, is) = (old.view.workload(&key), new.view.workload(&key));
        let subject = |workload: Option<&std::sync::Arc<super::subject::Workload>>| {
            workload.and_then(|workload| workload.subject.clone())
        };
        let mut touched = BTreeSet::new();
        if subject(was) != subject(is) {
            touched.insert(key.clone());
        }
        if was.map(|workload| &workload.made_by) != is.map(|workload| &workload.made_by) {
            let namespace = &key.namespace;
            let pods = new.view.snapshot.pods_in(namespace);
            let pods = pods.map(|pod| SubjectKey::pod(namespace, &pod.id.name));
            touched.extend(pods.filter(|pod| old.view.owner_of(pod) != new.view.owner_of(pod)));
        }
        Self::Only { subjects: touched, nodes: BTreeSet::new() }
    }
}

fn everything_if(differs: bool) -> Touched {
    if differs { Touched::Everything } else { Touched::default() }
}

/// Everything in `view` whose judgement may rest on what has `changed`.
fn resting_on(changed: impl IntoIterator<Item = Holder>, view: &View) -> BTreeSet<SubjectKey> {
    let dependents = view.snapshot.dependents(changed);
    let mut resting: BTreeSet<SubjectKey> = dependents.iter().map(SubjectKey::of_holder).collect();
    for holder in &dependents {
        let Holder::Carrier(id) = holder else { continue };
        let here = id.namespace.iter().flat_map(|namespace| view.workloads_in(namespace));
        let naming = here.chain(view.workloads_beyond());
        let naming = naming.filter(|(_, subject)| subject.rests_on(id, &view.snapshot));
        resting.extend(naming.map(|(key, _)| key.clone()));
    }
    resting
}

/// The object that changed, as one view knows it.
struct Side<'v> {
    view: &'v View,
    kind: &'static WatchedKind,
    key: &'v ObjectKey,
}

impl Side<'_> {
    /// What an object of our own kinds says. Its status is ours.
    fn own(&self, kind: OwnKind) -> Option<&serde_json::Value> {
        self.view.own(kind, &self.key.name).map(|own| &own.object)
    }

    fn subject_key(&self) -> SubjectKey {
        let namespace = self.key.namespace.clone().unwrap_or_default();
        SubjectKey { namespace, kind: self.kind.kind, name: self.key.name.clone() }
    }

    fn is_workload(&self) -> bool {
        self.kind.is_judged()
    }

    fn carrier(&self) -> Option<CarrierId> {
        let kind = CarrierKind::of(self.kind.group, self.kind.kind)?;
        Some(CarrierId { kind, namespace: self.key.namespace.clone(), name: self.key.name.clone() })
    }

    fn holder(&self) -> Option<Holder> {
        let namespace = self.key.namespace.as_deref().unwrap_or_default();
        let pod = || (self.kind.kind == "Pod").then(|| Holder::pod(namespace, &self.key.name));
        self.carrier().map(Holder::Carrier).or_else(pod)
    }

    /// Whether a pod or a carrier says something else than before.
    fn holder_facts_differ(&self, other: &Self) -> bool {
        match self.holder() {
            Some(Holder::Carrier(id)) => self.view.snapshot.carrier(&id) != other.view.snapshot.carrier(&id),
            Some(Holder::Pod(_)) => self.view.pod(&self.subject_key()) != other.view.pod(&self.subject_key()),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests;
