//! Who sends: a subject, and what made it.
//!
//! What made an object is what its controller reference says: a claim of whoever writes objects in that namespace. It
//! leads to other objects of the same namespace alone.

use alloc::vec::Vec;

use bund_crds::cross_border_transfer::Source;

use crate::{
    ObjectId, Snapshot, Subject,
    snapshot::{CarrierId, CarrierKind, MadeBy},
    subject::Role,
};

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
        let known = GROUPS.into_iter().find(|(kind, _)| *kind == self.kind);
        known.is_none_or(|(_, group)| group == self.group)
            && sources.iter().any(|source| {
                source.kind == self.kind && source.name == self.name
                    || source.kind == "StatefulSet" && self.is_claim_of(&source.name)
            })
    }

    /// Whether it is a claim that a StatefulSet of this name makes: `<template>-<name>-<number>`.
    fn is_claim_of(self, set: &str) -> bool {
        let made = || {
            let (rest, number) = self.name.rsplit_once('-')?;
            let template = rest.strip_suffix(set)?.strip_suffix('-')?;
            Some(!template.is_empty() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
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
        Role::Pod | Role::Workload(_) | Role::Namespace | Role::Grant(_) | Role::Other => {
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
            let hash = pod.labels.get(TEMPLATE_HASH).filter(|hash| !hash.is_empty())?;
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
