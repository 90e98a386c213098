//! Where an object is, as far as the jurisdictions are concerned in which its classes must stay. The engine says it; here it
//! gets a name, under which the map puts what lies in one place together.

use std::collections::BTreeSet;

use bund_crds::JurisdictionName;
use bund_engine::{
    Decision, Location, Snapshot, Subject,
    cover::{FlowDestination, FlowPlace, is_flow},
    decide::{Assumption, Confinement, confinement, every_node_inside, judged_in, requirements_on},
    destination,
    locate::{locate, locate_in_any},
    select::Requirement,
    snapshot::{CarrierId, CarrierKind},
    storage::{Stored, StoredFacts, stored_in},
    subject::{PodShape, Role},
};
use serde::Serialize;

use super::how::How;
use crate::why::is_stored;

/// Where some objects are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// On which side of the border.
    pub side: Side,
    /// Its name: the jurisdiction in which they are, or the place outside. Absent where nobody can tell.
    pub name: Option<String>,
    /// How that is known, or why it is not.
    pub how: How,
    /// How many are there.
    pub objects: usize,
    /// Of pods: the nodes on which they run.
    pub nodes: BTreeSet<String>,
}

/// On which side of the border something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Side {
    /// Inside a jurisdiction in which its classes must stay, or kept inside.
    Inside,
    /// Nobody can tell. It counts as outside.
    Unknown,
    /// Somewhere else.
    Outside,
}

/// Where one object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) side: Side,
    pub(super) name: Option<String>,
    pub(super) how: How,
    pub(super) node: Option<String>,
}

type Jurisdictions = BTreeSet<JurisdictionName>;

impl Spot {
    fn inside(name: String, how: How) -> Self {
        Self { side: Side::Inside, name: Some(name), how, node: None }
    }

    fn outside(name: impl Into<String>, how: How) -> Self {
        Self { side: Side::Outside, name: Some(name.into()), how, node: None }
    }

    fn unknown(how: How) -> Self {
        Self { side: Side::Unknown, name: None, how, node: None }
    }

    /// This one, or the other where that is worse.
    fn worse(self, other: Self) -> Self {
        if other.side > self.side { other } else { self }
    }
}

/// Where `subject` is; where its classes must stay in different jurisdictions, as far as the worst answer goes.
pub(super) fn spot(subject: &Subject, decision: &Decision, snapshot: &Snapshot) -> Spot {
    let requirements = requirements_on(subject, &decision.classes, snapshot);
    let question = Question { subject, decision, snapshot, requirements: &requirements };
    let spots = asked(&requirements, snapshot).into_iter().map(|set| question.of_set(&set));
    spots.reduce(Spot::worse).unwrap_or_else(|| Spot::unknown(How::NoJurisdiction))
}

/// Each set of jurisdictions that is asked about: those in which policies keep its classes, or else all that are declared.
fn asked(requirements: &[Requirement<'_>], snapshot: &Snapshot) -> BTreeSet<Jurisdictions> {
    let required: BTreeSet<Jurisdictions> =
        requirements.iter().map(|one| one.jurisdictions.clone()).filter(|set| !set.is_empty()).collect();
    if !required.is_empty() {
        return required;
    }
    let declared: Jurisdictions = snapshot.world().jurisdictions().map(|table| table.name.clone()).collect();
    if declared.is_empty() { BTreeSet::new() } else { BTreeSet::from([declared]) }
}

fn names(jurisdictions: &Jurisdictions) -> String {
    let names: Vec<&str> = jurisdictions.iter().map(AsRef::as_ref).collect();
    names.join(" or ")
}

struct Question<'q> {
    subject: &'q Subject,
    decision: &'q Decision,
    snapshot: &'q Snapshot,
    requirements: &'q [Requirement<'q>],
}

impl Question<'_> {
    fn of_set(&self, set: &Jurisdictions) -> Spot {
        let shapes = self.subject.shapes.iter().map(|shape| self.of_shape(shape, set));
        if let Some(spot) = shapes.reduce(Spot::worse) {
            return spot;
        }
        match self.subject.role {
            Role::Carrier(kind) => self.of_carrier(kind, set),
            _ if !self.subject.destinations.is_empty() => self.of_destinations(set),
            _ => self.in_the_store(set),
        }
    }

    /// Where a pod runs, or where the pods of a template will.
    fn of_shape(&self, shape: &PodShape, set: &Jurisdictions) -> Spot {
        if let Some(node) = &shape.node_name {
            return Spot { node: Some(node.to_string()), ..self.of_node(node, set) };
        }
        let kept = self.requirements.iter().filter(|one| one.jurisdictions == *set);
        let spots = kept.map(|one| self.of_confinement(shape, one, set));
        spots.reduce(Spot::worse).unwrap_or_else(|| match self.every_node(set) {
            Some(own) => Spot::inside(own, How::EveryNode),
            None => Spot::unknown(How::NoPolicy),
        })
    }

    fn of_confinement(&self, shape: &PodShape, requirement: &Requirement<'_>, set: &Jurisdictions) -> Spot {
        let inside = names(set);
        match confinement(self.subject, shape, requirement, self.snapshot) {
            Confinement::Cluster => Spot::inside(self.every_node(set).unwrap_or(inside), How::NoPodEveryNode),
            Confinement::Asked => Spot::inside(inside, How::NoPodAsksInside),
            Confinement::Injected => Spot::inside(inside, How::NoPodConfined),
            Confinement::Contradicted => Spot::outside(self.destination(), How::NoPodAsksOutside),
            Confinement::Nothing | Confinement::Node => Spot::unknown(How::NoPodOpen(inside)),
        }
    }

    fn of_node(&self, name: &str, set: &Jurisdictions) -> Spot {
        let world = self.snapshot.world();
        let Some(node) = self.snapshot.node(name) else {
            return match self.every_node(set) {
                Some(own) => Spot::inside(own, How::EveryNode),
                None => Spot::unknown(How::NodeNotKnown),
            };
        };
        match locate_in_any(node, set, world) {
            Location::Inside => {
                let own = set.iter().find(|one| locate(node, one, world).is_inside());
                Spot::inside(own.map_or_else(|| names(set), ToString::to_string), How::NodeInside)
            }
            Location::Outside(place) => Spot::outside(place, How::NodeThere),
            Location::Unknown(why) => Spot::unknown(How::NodeUntold(why)),
        }
    }

    /// The jurisdiction that every node of the cluster is in, if it is one of `set`.
    fn every_node(&self, set: &Jurisdictions) -> Option<String> {
        let world = self.snapshot.world();
        every_node_inside(set, world)
            .then(|| world.location().jurisdiction.as_ref().map(ToString::to_string))
            .flatten()
    }

    /// Where what it is found to send out goes.
    fn destination(&self) -> String {
        let sent = self.decision.findings.iter().filter(|finding| is_flow(finding.reason));
        let places: BTreeSet<String> = sent.flat_map(|finding| destinations(&finding.destination)).collect();
        let places: Vec<_> = places.into_iter().collect();
        if places.is_empty() { "a place that nobody names".to_owned() } else { places.join(", ") }
    }

    fn of_carrier(&self, kind: CarrierKind, set: &Jurisdictions) -> Spot {
        if !is_stored(kind) {
            return self.in_the_store(set);
        }
        let namespace = kind.is_namespaced().then(|| self.subject.id.namespace.clone()).flatten();
        let id = CarrierId { kind, namespace, name: self.subject.id.name.clone() };
        match stored_in(&id, set, self.snapshot) {
            Stored::Outside(fault) => {
                let places = destinations(&fault.destination);
                let name = if places.is_empty() { fault.text.clone() } else { places.join(", ") };
                Spot::outside(name, How::Told(fault.what))
            }
            Stored::Open(fault) => Spot::unknown(How::Told(fault.what)),
            Stored::Inside => self.stored_inside(&id, set),
        }
    }

    /// Nothing says that it is outside. Where that rests on what is not known, nobody can tell.
    fn stored_inside(&self, id: &CarrierId, set: &Jurisdictions) -> Spot {
        let assumed = self.decision.assumptions.iter().find(|assumption| match assumption {
            Assumption::CarrierAbsent(absent) => is_stored(absent.kind),
            Assumption::ClassAbsent(..) => true,
            Assumption::LocationAbsent
            | Assumption::NamespaceAbsent(_)
            | Assumption::NodeAbsent(_)
            | Assumption::TargetAbsent { .. }
            | Assumption::PodAbsent { .. } => false,
        });
        if let Some(assumed) = assumed {
            return Spot::unknown(How::Told(assumed.to_string()));
        }
        if let Some(own) = self.every_node(set) {
            return Spot::inside(own, How::StorageOfCluster);
        }
        let unbound = self.snapshot.carrier(id).is_some_and(
            |facts| matches!(&facts.stored, StoredFacts::Claim(claim) if claim.volume.is_none()),
        );
        if unbound {
            return Spot::unknown(How::Unbound);
        }
        Spot::inside(names(set), How::StorageInside)
    }

    /// What the API server keeps lies where the cluster is.
    fn in_the_store(&self, set: &Jurisdictions) -> Spot {
        match self.every_node(set) {
            Some(own) => Spot::inside(own, How::StoreInside),
            None => Spot::unknown(How::StoreUntold),
        }
    }

    /// The places that an object names in fields that a DestinationMapping maps.
    fn of_destinations(&self, set: &Jurisdictions) -> Spot {
        let namespace = judged_in(self.subject, self.snapshot);
        let named = self.subject.destinations.iter();
        let outside = named
            .filter(|place| !destination::locate_in_any(place, namespace, set, self.snapshot).is_inside());
        let outside: BTreeSet<&str> = outside.map(|place| place.text.as_ref()).collect();
        if outside.is_empty() {
            return Spot::inside(names(set), How::NamesInside);
        }
        let outside: Vec<_> = outside.into_iter().collect();
        Spot::outside(outside.join(", "), How::NamesOutside)
    }
}

/// The places that a finding names, in order; none where nobody can tell.
pub(super) fn destinations(named: &FlowDestination) -> Vec<String> {
    match named {
        FlowDestination::Untold => Vec::new(),
        FlowDestination::Told(places) => places.iter().map(told).collect(),
    }
}

fn told(place: &FlowPlace) -> String {
    match place {
        FlowPlace::Node(name) => format!("Node {name}"),
        FlowPlace::NodeRegion(text)
        | FlowPlace::NodeZone(text)
        | FlowPlace::Storage(_, text)
        | FlowPlace::Mapped(_, text, _) => text.to_string(),
        FlowPlace::Host(host) => host.to_string(),
    }
}
