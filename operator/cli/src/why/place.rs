//! Where an object is, or where what keeps it lies, and what tells that.

use std::collections::BTreeSet;

use bund_crds::JurisdictionName;
use bund_engine::{
    Location, Subject,
    decide::{Confinement, confinement, judged_in},
    destination::{self, Destination},
    locate::{claimed, locate_in_any},
    select::Requirement,
    snapshot::Listing,
    storage::{Stored, made_by},
    subject::{PodShape, Role},
};
use serde::Serialize;

use super::{
    Question, is_node, is_storage_class,
    used::{carrier_of, is_stored},
};

mod volume;

pub(crate) use volume::made_of;

/// Where something is, as far as some jurisdictions are concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// What: a Node, a volume, the pods of a template by the field of their spec.
    pub of: String,
    /// The jurisdictions in question: inside any of them is inside.
    pub jurisdictions: Vec<JurisdictionName>,
    /// On which side it is.
    pub side: Side,
    /// The same in words: a clause that follows what it is about.
    pub how: String,
    /// What tells it, the strongest first.
    pub told_by: Vec<String>,
}

/// On which side of a border something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Side {
    /// Inside, or kept inside.
    Inside,
    /// Somewhere else.
    Outside,
    /// Not known, which counts as outside.
    Unknown,
    /// Nothing keeps it inside.
    Open,
}

type Jurisdictions = BTreeSet<JurisdictionName>;

pub(super) fn places(question: &Question<'_>, requirements: &[Requirement<'_>]) -> Vec<Place> {
    let subject = question.subject;
    let asked = asked(question, requirements);
    let mut places = Vec::new();
    for shape in &subject.shapes {
        of_pods(question, shape, requirements, &asked, &mut places);
    }
    for jurisdictions in &asked {
        if is_node(subject) {
            places.push(node(question, &subject.id.name, jurisdictions));
        }
        if let Role::Carrier(kind) = subject.role
            && is_stored(kind)
        {
            places.push(volume::carrier(question, &carrier_of(kind, &subject.id), jurisdictions));
        }
        if is_storage_class(subject)
            && let Some(stored) = made_by(&subject.id.name, jurisdictions, &question.known.snapshot)
        {
            places.push(class(subject, &stored, jurisdictions));
        }
        places.extend(destinations(question, jurisdictions));
    }
    places
}

/// Each set of jurisdictions that is asked about: those of the requirements, or else each that is declared.
fn asked(question: &Question<'_>, requirements: &[Requirement<'_>]) -> BTreeSet<Jurisdictions> {
    let required: BTreeSet<_> =
        requirements.iter().map(|requirement| requirement.jurisdictions.clone()).collect();
    let required: BTreeSet<_> = required.into_iter().filter(|set| !set.is_empty()).collect();
    if !required.is_empty() {
        return required;
    }
    let declared = question.known.snapshot.world().jurisdictions();
    declared.map(|table| Jurisdictions::from([table.name.clone()])).collect()
}

pub(super) fn names(jurisdictions: &Jurisdictions) -> String {
    let names: Vec<&str> = jurisdictions.iter().map(AsRef::as_ref).collect();
    names.join(" or ")
}

/// The pods of one shape: the node that they name, or what keeps them inside; and their volumes.
fn of_pods(
    question: &Question<'_>,
    shape: &PodShape,
    requirements: &[Requirement<'_>],
    asked: &BTreeSet<Jurisdictions>,
    places: &mut Vec<Place>,
) {
    match &shape.node_name {
        Some(name) => places.extend(asked.iter().map(|set| node(question, name, set))),
        None if requirements.is_empty() => places.push(Place {
            of: shape.spec_at.to_string(),
            jurisdictions: Vec::new(),
            side: Side::Open,
            how: "names no node, and no policy asks where it runs".to_owned(),
            told_by: Vec::new(),
        }),
        None => {
            for requirement in requirements.iter().filter(|one| !one.jurisdictions.is_empty()) {
                let place = confined(question, shape, requirement);
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            places.extend(asked.iter().map(|set| nodes(question, set)));
        }
    }
    if !requirements.is_empty() {
        volume::volumes(question, shape, asked, places);
    }
}

fn confined(question: &Question<'_>, shape: &PodShape, requirement: &Requirement<'_>) -> Place {
    let set = &requirement.jurisdictions;
    let inside = names(set);
    let kept = confinement(question.subject, shape, requirement, &question.known.snapshot);
    let (side, how) = match kept {
        Confinement::Node => (Side::Unknown, "names its node".to_owned()),
        Confinement::Cluster => {
            (Side::Inside, format!("runs inside {inside}: every node of this cluster is"))
        }
        Confinement::Asked => (Side::Inside, format!("asks for nodes inside {inside} only")),
        Confinement::Injected => {
            (Side::Inside, format!("asks for no place; its pods are confined to {inside} as they are made"))
        }
        Confinement::Nothing => (Side::Open, format!("could run outside {inside}: nothing confines it")),
        Confinement::Contradicted => {
            (Side::Outside, format!("asks for what no node inside {inside} can satisfy"))
        }
    };
    Place {
        of: shape.spec_at.to_string(),
        jurisdictions: set.iter().cloned().collect(),
        side,
        how,
        told_by: Vec::new(),
    }
}

/// How many nodes are inside.
fn nodes(question: &Question<'_>, set: &Jurisdictions) -> Place {
    let snapshot = &question.known.snapshot;
    let inside = |node| locate_in_any(node, set, snapshot.world()).is_inside();
    let (count, all) = snapshot
        .nodes()
        .fold((0_usize, 0_usize), |(count, all), (_, node)| (count + usize::from(inside(node)), all + 1));
    let (side, how) = match (snapshot.nodes_listed(), count) {
        (Listing::NotGiven, 0) => (Side::Unknown, "are not known".to_owned()),
        (_, 0) => (Side::Outside, format!("are outside {}, all {all} of them", names(set))),
        _ => (Side::Inside, format!("are inside {}: {count} of {all}", names(set))),
    };
    Place {
        of: "the nodes".to_owned(),
        jurisdictions: set.iter().cloned().collect(),
        side,
        how,
        told_by: Vec::new(),
    }
}

fn node(question: &Question<'_>, name: &str, set: &Jurisdictions) -> Place {
    let world = question.known.snapshot.world();
    let known = question.known.snapshot.node(name);
    let inside = names(set);
    let location = known.map(|node| locate_in_any(node, set, world));
    let (side, how) = match &location {
        Some(Location::Inside) => (Side::Inside, format!("is inside {inside}")),
        Some(Location::Outside(place)) => (Side::Outside, format!("is in {place}, not in {inside}")),
        Some(Location::Unknown(why)) => {
            (Side::Unknown, format!("is at an unknown place, which counts as outside {inside}: {why}"))
        }
        None => (Side::Unknown, format!("is not known, which counts as outside {inside}")),
    };
    let first = set.iter().next();
    let told_by = known.zip(first).map(|(node, first)| claimed(node, first, world)).unwrap_or_default();
    Place { of: format!("Node {name}"), jurisdictions: set.iter().cloned().collect(), side, how, told_by }
}

fn class(subject: &Subject, stored: &Stored, set: &Jurisdictions) -> Place {
    let inside = names(set);
    let (side, how) = match stored {
        Stored::Inside => (Side::Inside, format!("makes volumes inside {inside}, or where their pods run")),
        Stored::Outside(fault) => (Side::Outside, format!("{}, not in {inside}", fault.what)),
        Stored::Open(fault) => (Side::Open, format!("{}, not in {inside}", fault.what)),
    };
    let of = format!("{} {}", subject.id.kind, subject.id.name);
    Place { of, jurisdictions: set.iter().cloned().collect(), side, how, told_by: Vec::new() }
}

/// The places that fields name through a DestinationMapping.
fn destinations(question: &Question<'_>, set: &Jurisdictions) -> Vec<Place> {
    let snapshot = &question.known.snapshot;
    let namespace = judged_in(question.subject, snapshot);
    let place = |destination: &Destination| {
        let (side, how) = match destination::locate_in_any(destination, namespace, set, snapshot) {
            Location::Inside => {
                (Side::Inside, format!("names {}, which is inside {}", destination.text, names(set)))
            }
            elsewhere => {
                let named = format!("names {}, which is not known to be inside", destination.text);
                let why = match elsewhere {
                    Location::Unknown(why) => format!(": {why}"),
                    Location::Inside | Location::Outside(_) => String::new(),
                };
                (Side::Outside, format!("{named} {}{why}", names(set)))
            }
        };
        let of = destination.field.to_string();
        Place { of, jurisdictions: set.iter().cloned().collect(), side, how, told_by: Vec::new() }
    };
    question.subject.destinations.iter().map(place).collect()
}
