//! Where volumes, claims and copies lie.

use std::collections::BTreeSet;

use bund_engine::{
    Snapshot,
    snapshot::{CarrierFacts, CarrierId, CarrierKind},
    storage::{AskedClass, ClaimFacts, Stored, StoredFacts, VolumeFacts, claim_place, stored_in},
    subject::{ClaimName, ClaimTemplate, PodShape, VolumeKind},
};

use super::{Jurisdictions, Place, Side, names};
use crate::why::{Question, used::is_ordinal};

/// Labels by which a volume says where it lies.
const PLACE_LABELS: [&str; 2] = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

/// The claims that pods of a shape use, and those that will be made for them.
pub(super) fn volumes(
    question: &Question<'_>,
    shape: &PodShape,
    asked: &BTreeSet<Jurisdictions>,
    places: &mut Vec<Place>,
) {
    let snapshot = &question.known.snapshot;
    let namespace =
        question.subject.id.namespace.as_deref().unwrap_or(bund_engine::snapshot::DEFAULT_NAMESPACE);
    let claim = |name: &str| CarrierId {
        kind: CarrierKind::PersistentVolumeClaim,
        namespace: Some(namespace.into()),
        name: name.into(),
    };
    let mut claims = BTreeSet::new();
    for volume in shape.volumes.iter() {
        if let VolumeKind::Claim(name) = &volume.kind {
            claims.insert(claim(name));
        }
    }
    for template in shape.claims.iter() {
        places.extend(asked.iter().map(|set| of_template(template, snapshot, set)));
        claims.extend(made_of(template, namespace, snapshot));
    }
    for id in &claims {
        places.extend(asked.iter().map(|set| carrier(question, id, set)));
    }
}

/// The claims that exist already under the names that a template gives.
pub(crate) fn made_of(template: &ClaimTemplate, namespace: &str, snapshot: &Snapshot) -> Vec<CarrierId> {
    let (prefix, exact) = match &template.name {
        ClaimName::Exact(name) => (name, true),
        ClaimName::WithOrdinal(prefix) => (prefix, false),
        ClaimName::Unknown => return Vec::new(),
    };
    let named = snapshot.carriers_named(CarrierKind::PersistentVolumeClaim, namespace, prefix);
    let rest = |id: &CarrierId| id.name.strip_prefix(prefix.as_ref()).map(str::to_owned);
    let made = named.filter(|(id, _)| {
        rest(id).is_some_and(|rest| if exact { rest.is_empty() } else { is_ordinal(&rest) })
    });
    made.map(|(id, _)| id.clone()).collect()
}

fn of_template(template: &ClaimTemplate, snapshot: &Snapshot, set: &Jurisdictions) -> Place {
    let stored = claim_place(&template.stored, set, snapshot);
    let of = format!("a claim of {}", template.at);
    place(of, &stored, "will lie", set, asked_class(&template.stored, snapshot).into_iter().collect())
}

/// Where a carrier that data is written to lies.
pub(super) fn carrier(question: &Question<'_>, id: &CarrierId, set: &Jurisdictions) -> Place {
    let snapshot = &question.known.snapshot;
    let Some(facts) = snapshot.carrier(id) else {
        return Place {
            of: id.to_string(),
            jurisdictions: set.iter().cloned().collect(),
            side: Side::Unknown,
            how: "is not known, and is taken to lie inside".to_owned(),
            told_by: Vec::new(),
        };
    };
    let stored = stored_in(id, set, snapshot);
    let lies = match &facts.stored {
        StoredFacts::Claim(claim) if claim.volume.is_none() => "will lie",
        StoredFacts::Claim(_)
        | StoredFacts::Volume(_)
        | StoredFacts::Snapshot(_)
        | StoredFacts::Content(_)
        | StoredFacts::Elsewhere => "lies",
    };
    place(id.to_string(), &stored, lies, set, told_by(facts, snapshot))
}

fn place(of: String, stored: &Stored, lies: &str, set: &Jurisdictions, told_by: Vec<String>) -> Place {
    let inside = names(set);
    let (side, how) = match stored {
        Stored::Inside if lies == "will lie" => {
            (Side::Inside, format!("will lie inside {inside}, or where its pod runs"))
        }
        Stored::Inside => (Side::Inside, format!("{lies} inside {inside}")),
        Stored::Outside(fault) => (Side::Outside, format!("{}, not in {inside}", fault.what)),
        Stored::Open(fault) => (Side::Open, format!("{}, not in {inside}", fault.what)),
    };
    Place { of, jurisdictions: set.iter().cloned().collect(), side, how, told_by }
}

/// What a carrier says about where it lies.
fn told_by(facts: &CarrierFacts, snapshot: &Snapshot) -> Vec<String> {
    match &facts.stored {
        StoredFacts::Claim(claim) => of_claim(claim, snapshot),
        StoredFacts::Volume(volume) => of_volume(volume, facts),
        StoredFacts::Content(content) => {
            content.places.iter().map(|named| format!("{}={}", named.field, named.text)).collect()
        }
        StoredFacts::Snapshot(_) | StoredFacts::Elsewhere => Vec::new(),
    }
}

fn of_claim(claim: &ClaimFacts, snapshot: &Snapshot) -> Vec<String> {
    let Some(name) = &claim.volume else {
        return asked_class(claim, snapshot).into_iter().collect();
    };
    let id = CarrierId { kind: CarrierKind::PersistentVolume, namespace: None, name: name.clone() };
    let volume = snapshot.carrier(&id);
    let known = volume.map_or_else(|| format!("{id}, which is not known"), |_| id.to_string());
    let tells = volume.map(|facts| told_by(facts, snapshot)).unwrap_or_default();
    std::iter::once(known).chain(tells).collect()
}

fn asked_class(claim: &ClaimFacts, snapshot: &Snapshot) -> Option<String> {
    use bund_engine::snapshot::ClassKind;
    match &claim.class {
        AskedClass::Named { name, .. } => Some(format!("StorageClass {name}")),
        AskedClass::Default => {
            let (name, _) = snapshot.default_class(ClassKind::StorageClass, None)?;
            Some(format!("StorageClass {name}, the default"))
        }
        AskedClass::None => None,
    }
}

fn of_volume(volume: &VolumeFacts, facts: &CarrierFacts) -> Vec<String> {
    let named = volume.source.iter().flat_map(|source| &source.places).chain(&volume.options);
    let named = named.map(|named| format!("{}={}", named.field, named.text));
    let labels =
        PLACE_LABELS.iter().filter_map(|key| Some(format!("label {key}={}", facts.labels.get(key)?)));
    let affinity = volume.affinity.as_ref().map(|_| "spec.nodeAffinity".to_owned());
    named.chain(labels).chain(affinity).collect()
}
