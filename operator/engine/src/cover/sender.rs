//! Who sends: a subject, and what made it.
//!
//! What made an object is what its controller reference says: a claim of whoever writes objects in that namespace. It
//! leads to other objects of the same namespace alone.

use alloc::vec::Vec;

use bund_crds::cross_border_transfer::Source;

use crate::{
    ObjectId, Snapshot, Subject,
    decide::judged_in,
    snapshot::{CarrierId, CarrierKind, MadeBy},
    subject::Role,
};

/// Whether a subject is, or was made by, the workload of its own namespace with this kind and name.
pub(crate) fn is_or_was_made_by(subject: &Subject, kind: &str, name: &str, snapshot: &Snapshot) -> bool {
    let meant = Source { kind: kind.into(), name: name.into() };
    senders(subject, judged_in(subject, snapshot), snapshot).iter().any(|sender| sender.is(&meant))
}

/// The kind and the name of what made a subject, as far up as its names tell; its own where nothing did.
pub(crate) fn owner_of<'s>(subject: &'s Subject, snapshot: &'s Snapshot) -> (&'s str, &'s str) {
    let own = (subject.id.kind.as_ref(), subject.id.name.as_ref());
    let senders = senders(subject, judged_in(subject, snapshot), snapshot);
    senders.last().map_or(own, |sender| (sender.kind, sender.name))
}

/// Something of the flow's own namespace that may be listed as a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender<'s> {
    group: &'s str,
    kind: &'s str,
    name: &'s str,
}

/// The label by which a Deployment tells the pods of its ReplicaSets apart.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// The groups of the kinds that everybody means by their names alone.
const GROUPS: [(&str, &str); 11] = [
    ("CronJob", "batch"),
    ("DaemonSet", "apps"),
    ("Deployment", "apps"),
    ("Job", "batch"),
    ("PersistentVolumeClaim", ""),
    ("Pod", ""),
    ("PodTemplate", ""),
    ("ReplicaSet", "apps"),
    ("ReplicationController", ""),
    ("StatefulSet", "apps"),
    ("VolumeSnapshot", "snapshot.storage.k8s.io"),
];

impl Sender<'_> {
    /// Whether a transfer lists it.
    pub(super) fn is_one_of(self, sources: &[Source]) -> bool {
        sources.iter().any(|source| self.is(source))
    }

    /// Whether a source means it.
    pub(super) fn is(self, source: &Source) -> bool {
        let known = GROUPS.into_iter().find(|(kind, _)| *kind == self.kind);
        known.is_none_or(|(_, group)| group == self.group)
            && (source.kind == self.kind && source.name == self.name
                || source.kind == "StatefulSet" && self.is_claim_of(&source.name))
    }

    /// Whether it is a claim that a StatefulSet of this name makes: `<template>-<name>-<number>`. Of a template with a
    /// dash nobody can tell where the set's name begins.
    fn is_claim_of(self, set: &str) -> bool {
        let made = || {
            let (rest, number) = self.name.rsplit_once('-')?;
            let template = rest.strip_suffix(set)?.strip_suffix('-')?;
            let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            Some(!template.is_empty() && !template.contains('-') && is_number)
        };
        self.kind == CarrierKind::PersistentVolumeClaim.as_str() && made() == Some(true)
    }
}

/// The subject and what made it, as far as that is known.
pub(super) fn senders<'s>(subject: &'s Subject, namespace: &str, snapshot: &'s Snapshot) -> Vec<Sender<'s>> {
    match &subject.role {
        // The pod counts, not who binds it.
        Role::Binding { pod, .. } => snapshot.pod(namespace, pod).map(with_makers).unwrap_or_default(),
        // A volume, and the contents of a snapshot, stand for what they are kept for.
        Role::Carrier(kind) if !kind.is_namespaced() => {
            let links = subject.carrier.as_ref().map(|facts| facts.links.as_slice()).unwrap_or_default();
            links.iter().filter(|link| link.kind.is_namespaced()).map(of_carrier).collect()
        }
        Role::Carrier(_) => Vec::from([of_object(&subject.id)]),
        Role::Pod | Role::Workload(_) | Role::Namespace | Role::Grant(_) | Role::Network(_) | Role::Other => {
            with_makers(subject)
        }
    }
}

fn of_object(id: &ObjectId) -> Sender<'_> {
    Sender { group: &id.group, kind: &id.kind, name: &id.name }
}

fn of_carrier(id: &CarrierId) -> Sender<'_> {
    Sender { group: id.kind.group(), kind: id.kind.as_str(), name: &id.name }
}

/// A pod or workload, its controller, and the controller of that as far as the names tell.
fn with_makers(subject: &Subject) -> Vec<Sender<'_>> {
    let mut senders = Vec::from([of_object(&subject.id)]);
    let MadeBy::Controller(maker) = &subject.made_by else { return senders };
    senders.push(of_object(maker));
    if subject.role == Role::Pod {
        senders.extend(maker_of_maker(maker, subject));
    }
    senders
}

/// The Deployment of the pod's ReplicaSet, or the CronJob of its Job.
fn maker_of_maker<'s>(maker: &'s ObjectId, pod: &'s Subject) -> Option<Sender<'s>> {
    match (maker.group.as_ref(), maker.kind.as_ref()) {
        ("apps", "ReplicaSet") => {
            let hash =
                pod.labels.get(TEMPLATE_HASH).filter(|hash| !hash.is_empty() && !hash.contains('-'))?;
            let name = maker.name.strip_suffix(hash)?.strip_suffix('-')?;
            Some(Sender { group: "apps", kind: "Deployment", name })
        }
        ("batch", "Job") => {
            // A CronJob calls its Jobs by the minutes since 1970.
            let (name, minutes) = maker.name.rsplit_once('-')?;
            let told = minutes.len() >= 8 && minutes.bytes().all(|b| b.is_ascii_digit());
            told.then_some(Sender { group: "batch", kind: "CronJob", name })
        }
        _ => None,
    }
}
