//! What holds a class: everything there is, put together by namespace and owner.
//!
//! The pods of a workload are one row, and so are its claims and the volumes of those. Secrets, ConfigMaps, ServiceAccounts
//! and pods that nobody owns are one row where they are alike: of one namespace and kind, with the same classes and the same
//! transfers.

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::{
    Decision, HeldClass, ObjectId, Reason, Snapshot, Subject, Timestamp,
    cover::{is_flow, sources_of},
    decide::{judged_in, requirements_on},
    decide_standing,
    finding::Standing,
    snapshot::{DEFAULT_NAMESPACE, Life},
    subject::Role,
};
use serde::Serialize;

use super::{
    KeptBy,
    owner::Owners,
    place::{Place, Spot, destinations, spot},
    transfer::TransferRef,
};
use crate::inventory::{GroupKind, Inventory, Known};

/// Objects of one kind and owner that hold classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Where they are; absent for what lives in no namespace, and for volumes that are kept for none.
    pub namespace: Option<String>,
    /// The workload, claim or other object to which they belong; absent for things that nobody owns and that are alike.
    pub owner: Option<Owner>,
    /// Their kind.
    pub kind: String,
    /// How many there are.
    pub objects: usize,
    /// Their names, but for pods that something made.
    pub names: BTreeSet<String>,
    /// The classes that they hold.
    pub classes: BTreeSet<HeldClass>,
    /// Where they are.
    pub places: Vec<Place>,
    /// The transfers that list them, or their owner, among their sources, and carry a class that they hold.
    pub sources_of: BTreeSet<TransferRef>,
    /// The transfers in effect that cover what they are found to send out.
    pub covered_by: BTreeSet<TransferRef>,
    /// What they are found to send out, or could, and no transfer covers, in order of reason.
    pub uncovered: Vec<Uncovered>,
}

/// To whom objects belong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Its API group; empty for the core kinds.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A flow out that no transfer covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Uncovered {
    /// The reason of the finding, which `bund explain` explains.
    pub reason: Reason,
    /// Where to; empty where nobody can tell.
    pub to: BTreeSet<String>,
}

/// What holds classes, and what that tells of policies and transfers.
#[derive(Default)]
pub(super) struct Holders {
    pub(super) rows: Vec<Holder>,
    pub(super) kept_by: KeptBy,
    /// What there is of the sources of each transfer.
    pub(super) sources: Sources,
}

/// The classes that each source of each transfer holds, by kind and name; a source that is not there is absent.
pub(super) type Sources = BTreeMap<TransferRef, BTreeMap<(String, String), BTreeSet<HeldClass>>>;

/// What one row has in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    namespace: Option<String>,
    owner: Option<Owner>,
    kind: String,
    /// Of what nobody owns: what makes it alike.
    alike: Option<(BTreeSet<HeldClass>, BTreeSet<TransferRef>)>,
}

/// What is found of the objects of a row.
#[derive(Default)]
struct Found {
    objects: usize,
    names: BTreeSet<String>,
    classes: BTreeSet<HeldClass>,
    spots: BTreeMap<Spot, usize>,
    sources_of: BTreeSet<TransferRef>,
    covered_by: BTreeSet<TransferRef>,
    uncovered: BTreeMap<Reason, BTreeSet<String>>,
}

/// Everything that holds a class.
pub(super) fn holders(inventory: &Inventory, known: &Known, now: Timestamp) -> Holders {
    let snapshot = &known.snapshot;
    let mut walk = Walk {
        snapshot,
        now,
        owners: Owners::of(inventory, snapshot),
        rows: BTreeMap::new(),
        told: Holders::default(),
    };
    let is_ours = |object: &&serde_json::Value| GroupKind::of(object).group == bund_crds::GROUP;
    let mut templates = Vec::new();
    for object in inventory.objects.iter().filter(|object| !is_ours(object)) {
        let subject = snapshot.extract(object, None, None);
        match subject.role {
            Role::Namespace | Role::Binding { .. } | Role::Grant(_) | Role::Network(_) => {}
            Role::Pod if has_ended(&subject, snapshot) => {}
            // What its pods say of where it is comes first.
            Role::Workload(_) => templates.push(subject),
            Role::Pod | Role::Carrier(_) | Role::Other => walk.take(&subject),
        }
    }
    // And what repeats another workload comes last.
    templates.sort_by_key(|subject| walk.owners.repeated(subject).is_some());
    for subject in &templates {
        walk.take_template(subject);
    }
    let Walk { rows, mut told, .. } = walk;
    told.rows = rows.into_iter().map(|(row, found)| holder(row, found)).collect();
    told
}

fn has_ended(pod: &Subject, snapshot: &Snapshot) -> bool {
    let namespace = pod.id.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    snapshot.pod_facts(namespace, &pod.id.name).is_some_and(|pod| pod.life == Life::Ended)
}

struct Walk<'w> {
    snapshot: &'w Snapshot,
    now: Timestamp,
    owners: Owners,
    rows: BTreeMap<Row, Found>,
    told: Holders,
}

impl Walk<'_> {
    /// A workload is told of by its pods, and what repeats another by that one, unless its next pods will hold more.
    fn take_template(&mut self, subject: &Subject) {
        let classes = decide_standing(subject, self.snapshot, self.now).classes;
        let classes: BTreeSet<_> = classes.into_keys().collect();
        let own = row(subject, self.owners.owner(subject).as_ref());
        let of_maker = self.owners.repeated(subject).map(|maker| maker.kind.to_string());
        for kind in std::iter::once("Pod".to_owned()).chain(of_maker) {
            let told = Row { kind, ..own.clone() };
            if !self.rows.get(&told).is_some_and(|told| classes.is_subset(&told.classes)) {
                continue;
            }
            let sources_of = self.note_sources(subject, &classes);
            if let Some(told) = self.rows.get_mut(&told) {
                told.sources_of.extend(sources_of);
            }
            return;
        }
        self.take(subject);
    }

    fn take(&mut self, subject: &Subject) {
        let decision = decide_standing(subject, self.snapshot, self.now);
        let classes: BTreeSet<_> = decision.classes.keys().cloned().collect();
        let sources_of = self.note_sources(subject, &classes);
        if classes.is_empty() {
            return;
        }
        self.note_policies(subject, &decision);
        let owner = self.owners.owner(subject);
        let alike = owner.is_none().then(|| (classes.clone(), sources_of.clone()));
        let spot = spot(subject, &decision, self.snapshot);
        let found = self.rows.entry(Row { alike, ..row(subject, owner.as_ref()) }).or_default();
        found.objects += 1;
        if subject.role != Role::Pod || owner.is_none() {
            found.names.insert(subject.id.name.to_string());
        }
        found.classes.extend(classes);
        *found.spots.entry(spot).or_default() += 1;
        found.sources_of.extend(sources_of);
        found.take_flows(&decision);
    }

    /// Notes what a subject is to transfers; answers those that carry a class that it holds.
    fn note_sources(&mut self, subject: &Subject, classes: &BTreeSet<HeldClass>) -> BTreeSet<TransferRef> {
        let mut carrying = BTreeSet::new();
        for transfer in self.snapshot.transfers().transfers_in(judged_in(subject, self.snapshot)) {
            let carried = &transfer.spec.data_classes;
            let held: BTreeSet<HeldClass> = carried.iter().map(|class| class.as_str().into()).collect();
            let held: BTreeSet<_> = held.intersection(classes).cloned().collect();
            for source in sources_of(subject, transfer, self.snapshot) {
                let of = self.told.sources.entry(TransferRef::of(transfer)).or_default();
                of.entry((source.kind.clone(), source.name.clone()))
                    .or_default()
                    .extend(held.iter().cloned());
                if !held.is_empty() {
                    carrying.insert(TransferRef::of(transfer));
                }
            }
        }
        carrying
    }

    /// Notes which policies keep what a subject holds.
    fn note_policies(&mut self, subject: &Subject, decision: &Decision) {
        for requirement in requirements_on(subject, &decision.classes, self.snapshot) {
            let keepers = self.told.kept_by.entry(requirement.class.clone()).or_default();
            for policy in &requirement.policies {
                let inside = policy.spec.jurisdictions.iter().map(ToString::to_string);
                keepers.entry(policy.name.to_string()).or_insert_with(|| inside.collect());
            }
        }
    }
}

/// The row of what an owner owns.
fn row(subject: &Subject, owner: Option<&ObjectId>) -> Row {
    let told = |id: &ObjectId| Owner {
        group: id.group.to_string(),
        kind: id.kind.to_string(),
        name: id.name.to_string(),
    };
    // A volume is told of where the claim lies that it is kept for.
    let namespace = owner.and_then(|owner| owner.namespace.as_ref()).or(subject.id.namespace.as_ref());
    Row {
        namespace: namespace.map(ToString::to_string),
        owner: owner.map(told),
        kind: subject.id.kind.to_string(),
        alike: None,
    }
}

impl Found {
    /// Notes what is found to be sent out, and what covers that.
    fn take_flows(&mut self, decision: &Decision) {
        for finding in decision.findings.iter().filter(|finding| is_flow(finding.reason)) {
            if let Standing::Covered(cover) = &finding.standing {
                let (namespace, name) = (cover.namespace.to_string(), cover.name.to_string());
                self.covered_by.insert(TransferRef { namespace, name });
            } else {
                let to = destinations(&finding.destination);
                self.uncovered.entry(finding.reason).or_default().extend(to);
            }
        }
    }
}

fn holder(row: Row, found: Found) -> Holder {
    let Row { namespace, owner, kind, alike: _ } = row;
    let Found { objects, names, classes, spots, sources_of, covered_by, uncovered } = found;
    Holder {
        namespace,
        owner,
        kind,
        objects,
        names,
        classes,
        places: places(spots),
        sources_of,
        covered_by,
        uncovered: uncovered.into_iter().map(|(reason, to)| Uncovered { reason, to }).collect(),
    }
}

/// What lies in one place for one reason is told together, whatever its node.
fn places(spots: BTreeMap<Spot, usize>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (Spot { side, name, how, node }, objects) in spots {
        match places.last_mut().filter(|last| (last.side, &last.name, &last.how) == (side, &name, &how)) {
            Some(last) => {
                last.objects += objects;
                last.nodes.extend(node);
            }
            None => places.push(Place { side, name, how, objects, nodes: node.into_iter().collect() }),
        }
    }
    places
}
