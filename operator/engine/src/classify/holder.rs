//! What passes its classes on, and to what: the graph of carriers and of the pods that write to them.

use alloc::{boxed::Box, collections::BTreeSet, format, string::String, vec::Vec};
use core::fmt;

use serde::Serialize;

use crate::{
    Snapshot,
    snapshot::{CarrierFacts, CarrierId, CarrierKind, Origin, lies_on},
    subject::Access,
};

/// Something that passes its classes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Holder {
    /// To what mounts or references it, and to what is bound to it or made of it.
    Carrier(CarrierId),
    /// To the volumes that it may write.
    Pod(PodId),
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PodId {
    kind: PodKind,
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum PodKind {
    Pod,
}

impl Holder {
    /// The pod of this namespace and name.
    pub fn pod(namespace: &str, name: &str) -> Self {
        Self::Pod(PodId { kind: PodKind::Pod, namespace: namespace.into(), name: name.into() })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Carrier(id) => fmt::Display::fmt(id, f),
            Self::Pod(PodId { kind: _, namespace: _, name }) => write!(f, "Pod {name}"),
        }
    }
}

/// Told as the way from what is named first to what holds the class.
pub(super) fn way(path: &[Holder]) -> String {
    let mut told = String::new();
    for holder in path {
        let joint = match (told.is_empty(), holder) {
            (true, _) => "",
            (false, Holder::Carrier(_)) => " and its ",
            (false, Holder::Pod(_)) => " and its writer ",
        };
        told = format!("{told}{joint}{holder}");
    }
    told
}

/// Everything from which classes come to where a search began, each once, with the index of what led to it.
pub(super) struct Trace {
    found: Vec<(Holder, Option<usize>)>,
    seen: BTreeSet<Holder>,
}

impl Trace {
    /// Searches from `start`, never through `own`: what is being judged, as it was. What has `declassified` a class
    /// takes it over from nobody, and is not passed in a search for that class.
    pub(super) fn from(
        start: Holder,
        own: Option<&Holder>,
        declassified: Option<&str>,
        snapshot: &Snapshot,
    ) -> Self {
        let mut seen: BTreeSet<Holder> = own.into_iter().cloned().collect();
        let mut found = Vec::new();
        if seen.insert(start.clone()) {
            found.push((start, None));
        }
        let mut trace = Self { found, seen };
        let mut next = 0;
        while let Some((holder, _)) = trace.found.get(next) {
            let holder = holder.clone();
            let through = through(&holder, declassified, snapshot);
            sources(&holder, through, snapshot, &mut |source| trace.lead(source, next));
            next += 1;
        }
        trace
    }

    fn lead(&mut self, to: Holder, from: usize) {
        if self.seen.insert(to.clone()) {
            self.found.push((to, Some(from)));
        }
    }

    pub(super) fn holders(&self) -> impl Iterator<Item = (usize, &Holder)> {
        self.found.iter().enumerate().map(|(index, (holder, _))| (index, holder))
    }

    /// From what was named to what is at `index`.
    pub(super) fn path_to(&self, index: usize) -> Vec<Holder> {
        let mut path = Vec::new();
        let mut at = Some(index);
        while let Some((holder, from)) = at.and_then(|index| self.found.get(index)) {
            path.push(holder.clone());
            at = *from;
        }
        path.reverse();
        path
    }
}

/// What a carrier takes classes over from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Through {
    /// From what it is bound to, made of, or lies on, and from the pods that write to it.
    All,
    /// From the pods that write to it: what it held before was declassified.
    Writers,
}

fn through(holder: &Holder, declassified: Option<&str>, snapshot: &Snapshot) -> Through {
    match (holder, declassified) {
        (Holder::Carrier(id), Some(class))
            if snapshot.carrier(id).is_some_and(|facts| facts.declassified.contains(class)) =>
        {
            Through::Writers
        }
        (Holder::Carrier(_) | Holder::Pod(_), _) => Through::All,
    }
}

/// Tells `lead` of everything whose classes `holder` takes over.
fn sources(holder: &Holder, through: Through, snapshot: &Snapshot, lead: &mut dyn FnMut(Holder)) {
    match holder {
        Holder::Carrier(id) => {
            let facts = snapshot.carrier(id);
            match through {
                Through::All => linked(id, facts, snapshot, lead),
                Through::Writers if id.kind == CarrierKind::PersistentVolume => {
                    writers_through_claim(facts, snapshot, lead);
                }
                Through::Writers => {}
            }
            writers(id, snapshot, lead);
        }
        Holder::Pod(PodId { kind: _, namespace, name }) => {
            let shapes = snapshot.pod(namespace, name).into_iter().flat_map(|pod| &pod.shapes);
            for reference in shapes.flat_map(|shape| shape.references.iter()) {
                let (kind, name) = (reference.carrier, reference.name.clone());
                lead(Holder::Carrier(CarrierId { kind, namespace: Some(namespace.clone()), name }));
            }
        }
    }
}

/// Tells `lead` of what the carrier `id`, with `facts` where it is known, is bound to, made of or lies on.
pub(super) fn linked(
    id: &CarrierId,
    facts: Option<&CarrierFacts>,
    snapshot: &Snapshot,
    lead: &mut dyn FnMut(Holder),
) {
    snapshot.kept_for(id).cloned().for_each(|kept| lead(Holder::Carrier(kept)));
    let Some(facts) = facts else { return };
    facts.links.iter().cloned().for_each(|link| lead(Holder::Carrier(link)));
    let backings = lies_on(facts);
    if !backings.is_empty() {
        snapshot.lying_on(&backings).into_iter().for_each(|other| lead(Holder::Carrier(other)));
    }
    of_unknown(&facts.origin, snapshot, lead);
}

/// Tells `lead` of the pods that may write to the carrier `id`.
pub(super) fn writers(id: &CarrierId, snapshot: &Snapshot, lead: &mut dyn FnMut(Holder)) {
    let writers = snapshot.users(id).filter(|(_, access)| *access == Access::Write);
    writers.for_each(|((namespace, name), _)| lead(Holder::pod(namespace, name)));
}

/// Tells `lead` of the pods that may write to a volume through the claim that it is kept for. Of a volume that was
/// declassified: it takes nothing over from its claim any more, but what is written from then on counts.
pub(super) fn writers_through_claim(
    facts: Option<&CarrierFacts>,
    snapshot: &Snapshot,
    lead: &mut dyn FnMut(Holder),
) {
    let claims = facts.into_iter().flat_map(|facts| &facts.links);
    for claim in claims.filter(|link| link.kind == CarrierKind::PersistentVolumeClaim) {
        writers(claim, snapshot, lead);
    }
}

/// A copy of something unknown may be of any claim or snapshot of the namespace in which that lies.
pub(super) fn of_unknown(origin: &Origin, snapshot: &Snapshot, lead: &mut dyn FnMut(Holder)) {
    let Origin::Unknown { namespace: Some(namespace), .. } = origin else { return };
    for kind in [CarrierKind::PersistentVolumeClaim, CarrierKind::VolumeSnapshot] {
        snapshot.carriers_named(kind, namespace, "").for_each(|(id, _)| lead(Holder::Carrier(id.clone())));
    }
}
