//! Who takes over what an object holds: the pods that use it, the workloads whose pods will, and what is bound to it or
//! made of it.

use bund_engine::{
    ObjectId, Subject,
    snapshot::{CarrierFacts, CarrierId, CarrierKind, ClassKind},
    storage::{AskedClass, StoredFacts},
    subject::{Access, ClaimName, PodShape, Role, VolumeKind},
};
use serde::Serialize;
use serde_json::Value;

use super::{Question, is_storage_class};
use crate::inventory::text;

/// Somebody who takes over what an object holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Who.
    #[serde(flatten)]
    pub id: ObjectId,
    /// How: a clause that follows the user's name.
    pub how: String,
    /// Whether it may write to it, and so passes on what it holds.
    pub writes: bool,
}

/// Whether data is written to carriers of a kind.
pub(crate) fn is_stored(kind: CarrierKind) -> bool {
    match kind {
        CarrierKind::PersistentVolumeClaim
        | CarrierKind::PersistentVolume
        | CarrierKind::VolumeSnapshot
        | CarrierKind::VolumeSnapshotContent => true,
        CarrierKind::Secret | CarrierKind::ConfigMap | CarrierKind::ServiceAccount => false,
    }
}

pub(super) fn users(question: &Question<'_>) -> Vec<User> {
    match question.subject.role {
        Role::Carrier(kind) => {
            let id = carrier_of(kind, &question.subject.id);
            let mut users = taking_over(question, &id);
            users.extend(using(question, &id));
            users
        }
        _ if is_storage_class(question.subject) => asking(question),
        _ => Vec::new(),
    }
}

/// The carrier that an object is.
pub(super) fn carrier_of(kind: CarrierKind, object: &ObjectId) -> CarrierId {
    let namespace =
        object.namespace.clone().unwrap_or_else(|| bund_engine::snapshot::DEFAULT_NAMESPACE.into());
    CarrierId { kind, namespace: kind.is_namespaced().then_some(namespace), name: object.name.clone() }
}

/// What is bound to a carrier, made of it, or lies on the same storage.
fn taking_over(question: &Question<'_>, id: &CarrierId) -> Vec<User> {
    let snapshot = &question.known.snapshot;
    // The volume that a claim names takes over from it, and so does the other way round.
    let named = snapshot.carrier(id).map(|facts| facts.links.as_slice()).unwrap_or_default();
    let how = |(other, facts): (&CarrierId, &CarrierFacts)| {
        let mutual = || named.contains(other) && is_pair(id.kind, other.kind);
        let how = if facts.links.contains(id) || mutual() {
            relation(other.kind, id.kind)
        } else if is_stored(id.kind) && snapshot.lying_beside(other).contains(id) {
            if other.kind == id.kind { "may lie on the same storage" } else { "is a copy of it" }
        } else {
            return None;
        };
        Some(User { id: ObjectId::from(other), how: how.to_owned(), writes: false })
    };
    snapshot.carriers().filter_map(how).collect()
}

/// Kinds of which one is the other as somebody else sees it.
fn is_pair(one: CarrierKind, other: CarrierKind) -> bool {
    use CarrierKind::{PersistentVolume, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent};
    matches!(
        (one, other),
        (PersistentVolumeClaim, PersistentVolume)
            | (PersistentVolume, PersistentVolumeClaim)
            | (VolumeSnapshot, VolumeSnapshotContent)
            | (VolumeSnapshotContent, VolumeSnapshot)
    )
}

/// What `user` is to a carrier of kind `of`.
fn relation(user: CarrierKind, of: CarrierKind) -> &'static str {
    use CarrierKind::{
        PersistentVolume, PersistentVolumeClaim, ServiceAccount, VolumeSnapshot, VolumeSnapshotContent,
    };
    match (user, of) {
        (PersistentVolume, PersistentVolumeClaim) => "is its volume",
        (PersistentVolumeClaim, PersistentVolume) => "claims it",
        (VolumeSnapshotContent, VolumeSnapshot) => "is its contents",
        (VolumeSnapshot, VolumeSnapshotContent) => "is what its namespace sees of it",
        (ServiceAccount, _) => "gives it to its pods",
        _ => "is a copy of it",
    }
}

/// Pods that have not ended and workloads that use a carrier; of a volume and of a snapshot's contents, its claims' users.
fn using(question: &Question<'_>, id: &CarrierId) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    for object in &question.inventory.objects {
        if ["Succeeded", "Failed"].contains(&text(object, "/status/phase")) {
            continue;
        }
        let subject = question.known.snapshot.extract(object, None, None);
        if subject.shapes.is_empty() {
            continue;
        }
        users.extend(of_subject(question, &subject, id, object));
    }
    users.sort_by(|a, b| (&a.id, &a.how).cmp(&(&b.id, &b.how)));
    users
}

fn of_subject(question: &Question<'_>, subject: &Subject, id: &CarrierId, object: &Value) -> Option<User> {
    let namespace = text(object, "/metadata/namespace");
    let claims = claims_of(question, id);
    let mut fields = Vec::new();
    let mut writes = false;
    for shape in &subject.shapes {
        for (field, access) in named_in(shape, namespace, id, &claims) {
            writes |= access == Access::Write;
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
    }
    let what = if claims.is_empty() { "it" } else { "its claim" };
    let how = format!("uses {what} in {}", fields.join(", "));
    (!fields.is_empty()).then(|| User { id: subject.id.clone(), how, writes })
}

/// Of a volume: the claims that use it.
fn claims_of(question: &Question<'_>, id: &CarrierId) -> Vec<CarrierId> {
    if id.kind != CarrierKind::PersistentVolume {
        return Vec::new();
    }
    let snapshot = &question.known.snapshot;
    let own = snapshot.carrier(id).into_iter().flat_map(|facts| facts.links.iter().cloned());
    let claiming =
        snapshot.carriers().filter(|(_, facts)| facts.links.contains(id)).map(|(id, _)| id.clone());
    let mut claims: Vec<_> =
        own.chain(claiming).filter(|id| id.kind == CarrierKind::PersistentVolumeClaim).collect();
    claims.sort();
    claims.dedup();
    claims
}

/// The fields of a pod in `namespace` that name a carrier or one of its claims, and whether it may write there.
fn named_in(
    shape: &PodShape,
    namespace: &str,
    id: &CarrierId,
    claims: &[CarrierId],
) -> Vec<(String, Access)> {
    let means = |kind: CarrierKind, name: &str| {
        let same = |one: &CarrierId| {
            one.kind == kind && one.namespace.as_deref() == Some(namespace) && one.name.as_ref() == name
        };
        same(id) || claims.iter().any(same)
    };
    let access = |name: &str| {
        let of = shape
            .volumes
            .iter()
            .filter(|volume| matches!(&volume.kind, VolumeKind::Claim(claim) if claim.as_ref() == name));
        of.map(|volume| volume.access).max().unwrap_or(Access::Read)
    };
    let named = shape.references.iter().filter(|reference| means(reference.carrier, &reference.name));
    let named = named.map(|reference| {
        let is_claim = reference.carrier == CarrierKind::PersistentVolumeClaim;
        let access = if is_claim { access(&reference.name) } else { Access::Read };
        (reference.field.to_string(), access)
    });
    let made = shape.claims.iter().filter(|template| {
        let of_template = |one: &CarrierId| is_made_of(one, namespace, &template.name);
        of_template(id) || claims.iter().any(of_template)
    });
    named.chain(made.map(|template| (template.at.to_string(), template.access))).collect()
}

/// Whether a claim has the name that a template gives.
fn is_made_of(claim: &CarrierId, namespace: &str, name: &ClaimName) -> bool {
    if claim.kind != CarrierKind::PersistentVolumeClaim || claim.namespace.as_deref() != Some(namespace) {
        return false;
    }
    match name {
        ClaimName::Exact(name) => claim.name == *name,
        ClaimName::WithOrdinal(prefix) => claim.name.strip_prefix(prefix.as_ref()).is_some_and(is_ordinal),
        ClaimName::Unknown => false,
    }
}

pub(super) fn is_ordinal(rest: &str) -> bool {
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())
}

/// The claims that ask for a storage class.
fn asking(question: &Question<'_>) -> Vec<User> {
    let snapshot = &question.known.snapshot;
    let class = &question.subject.id.name;
    let default = snapshot.default_class(ClassKind::StorageClass, None).map(|(name, _)| name);
    let how = |facts: &CarrierFacts| {
        let StoredFacts::Claim(claim) = &facts.stored else { return None };
        match &claim.class {
            AskedClass::Named { name, .. } if name == class => Some("asks for it"),
            AskedClass::Default if default == Some(class.as_ref()) => {
                Some("asks for the default, which it is")
            }
            AskedClass::Named { .. } | AskedClass::Default | AskedClass::None => None,
        }
    };
    let asking = snapshot.carriers().filter_map(|(id, facts)| Some((id, how(facts)?)));
    asking.map(|(id, how)| User { id: ObjectId::from(id), how: how.to_owned(), writes: false }).collect()
}
