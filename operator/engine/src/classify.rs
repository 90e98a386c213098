//! Which classes a subject holds, and how it came to hold each.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use crate::{
    FieldPath, Snapshot,
    decide::Assumption,
    snapshot::{CarrierFacts, CarrierId, CarrierKind, Class, Enrolment},
    subject::{ClaimName, ClaimTemplate, Labels, PodShape, VolumeKind},
};

mod holder;
mod provenance;

pub use holder::{Holder, PodId};
use holder::{Trace, linked, of_unknown, writers, writers_through_claim};
pub use provenance::{Classification, HeldClass, Provenance};

/// What is being classified: where labels are looked up and what was assumed on the way.
pub(crate) struct Classifier<'s> {
    snapshot: &'s Snapshot,
    namespace: &'s str,
    namespace_labels: Option<&'s Labels>,
    /// Whether selectors attach classes here: nowhere outside guarded namespaces.
    selectors: Selectors,
    /// What is judged, as it was: no class comes from there.
    own: Option<Holder>,
    pub(crate) assumptions: BTreeSet<Assumption>,
}

/// Whether selectors of classes count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selectors {
    Count,
    Ignored,
}

impl<'s> Classifier<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, namespace: &'s str) -> Self {
        let namespace_labels = snapshot.namespace(namespace).map(|facts| &facts.labels);
        let selectors = match snapshot.enrolment(namespace) {
            Enrolment::Unguarded => Selectors::Ignored,
            Enrolment::Guarded | Enrolment::Exempt | Enrolment::Assumed => Selectors::Count,
        };
        Self { snapshot, namespace, namespace_labels, selectors, own: None, assumptions: BTreeSet::new() }
    }

    /// A classifier of what `own` will be, to which what it was passes nothing on.
    #[must_use]
    pub(crate) fn of(self, own: Holder) -> Self {
        Self { own: Some(own), ..self }
    }

    /// The classes of a pod, or of the pods that will be made of a template.
    pub(crate) fn shape(&mut self, shape: &PodShape) -> Classification {
        let mut classes = Classification::new();
        self.of_namespace(&mut classes);
        self.of_labels(&shape.labels, &shape.labels_at, &mut classes);
        for reference in shape.references.iter() {
            let id = CarrierId {
                kind: reference.carrier,
                namespace: Some(self.namespace.into()),
                name: reference.name.clone(),
            };
            self.of_holder(&Holder::Carrier(id), &reference.field, &mut classes);
        }
        for volume in shape.volumes.iter() {
            let VolumeKind::Inline(source) = &volume.kind else { continue };
            for id in self.snapshot.lying_on(&source.backings) {
                self.of_holder(&Holder::Carrier(id), &volume.at, &mut classes);
            }
        }
        for claim in shape.claims.iter() {
            self.of_template(claim, &mut classes);
        }
        classes
    }

    /// The classes that a claim will have that is made of a template.
    pub(crate) fn of_template(&mut self, claim: &ClaimTemplate, classes: &mut Classification) {
        for source in &claim.sources {
            let mut source = source.clone();
            if source.kind.is_namespaced() {
                source.namespace.get_or_insert_with(|| self.namespace.into());
            }
            self.of_holder(&Holder::Carrier(source), &claim.at.key("spec"), classes);
        }
        let origin = claim.origin.clone().within(self.namespace);
        let mut copied = Vec::new();
        of_unknown(&origin, self.snapshot, &mut |source| copied.push(source));
        for source in copied {
            self.of_holder(&source, &claim.at.key("spec"), classes);
        }
        self.of_labels(&claim.labels, &claim.at.key("metadata").key("labels"), classes);
        match &claim.name {
            ClaimName::Exact(name) => {
                self.of_existing_claims(name, &claim.at, str::is_empty, classes);
            }
            ClaimName::WithOrdinal(prefix) => {
                let ordinal = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
                self.of_existing_claims(prefix, &claim.at, ordinal, classes);
            }
            ClaimName::Unknown => {}
        }
    }

    /// The classes of a carrier that says of itself what `facts` hold.
    pub(crate) fn carrier(&mut self, id: &CarrierId, facts: &CarrierFacts) -> Classification {
        let mut classes = self.labelled(&facts.labels, &FieldPath::of("metadata.labels"));
        let mut from_links = Vec::new();
        linked(id, Some(facts), self.snapshot, &mut |source| from_links.push(source));
        let mut inherited = Classification::new();
        for source in from_links {
            let field = link_field(id.kind, &source);
            self.of_holder(&source, &field, &mut inherited);
        }
        inherited.retain(|class, _| !facts.declassified.contains(class.as_str()));
        let mut pods = Vec::new();
        writers(id, self.snapshot, &mut |pod| pods.push(pod));
        if id.kind == CarrierKind::PersistentVolume && !facts.declassified.is_empty() {
            writers_through_claim(Some(facts), self.snapshot, &mut |pod| pods.push(pod));
        }
        for pod in pods {
            self.of_holder(&pod, &FieldPath::root(), &mut inherited);
        }
        for (class, ways) in inherited {
            for provenance in ways {
                add(&mut classes, class.as_str(), provenance);
            }
        }
        classes
    }

    /// The classes that labels and selectors put on an object that is no pod.
    pub(crate) fn labelled(&mut self, labels: &Labels, at: &FieldPath) -> Classification {
        let mut classes = Classification::new();
        self.of_namespace(&mut classes);
        self.of_labels(labels, at, &mut classes);
        classes
    }

    fn of_namespace(&self, classes: &mut Classification) {
        for class in self.namespace_labels.into_iter().flat_map(Labels::classes) {
            add(classes, class, Provenance::Namespace { name: self.namespace.into() });
        }
    }

    fn of_labels(&self, labels: &Labels, at: &FieldPath, classes: &mut Classification) {
        for class in labels.classes() {
            add(classes, class, Provenance::Label { field: at.clone() });
        }
        if self.selectors == Selectors::Ignored {
            return;
        }
        for class in self.snapshot.world().classes().filter(|class| self.selects(class, labels)) {
            add(classes, class.name.as_str(), Provenance::Selector { field: at.clone() });
        }
    }

    /// Whether a class attaches itself to an object with these labels in this namespace.
    fn selects(&self, class: &Class, labels: &Labels) -> bool {
        class.spec.selectors.iter().any(|selector| {
            let in_namespace = selector.namespace_selector.as_ref().is_none_or(|selector| {
                selector.matches(|key| self.namespace_labels.and_then(|labels| labels.get(key)))
            });
            in_namespace && selector.object_selector.matches(|key| labels.get(key))
        })
    }

    /// The classes of what is named, and of everything that passes its classes on to it.
    pub(crate) fn of_holder(&mut self, named: &Holder, field: &FieldPath, classes: &mut Classification) {
        if let Some(id) = self.stands_alone(named) {
            self.of_alone(id, field, classes);
            return;
        }
        let trace = Trace::from(named.clone(), self.own.as_ref(), None, self.snapshot);
        let mut declassified: BTreeSet<&'s str> = BTreeSet::new();
        for (_, holder) in trace.holders() {
            if let Holder::Carrier(id) = holder
                && let Some(facts) = self.snapshot.carrier(id)
            {
                declassified.extend(facts.declassified.iter().map(AsRef::as_ref));
            }
        }
        self.assume_absent(&trace);
        self.add_from(&trace, field, |class| !declassified.contains(class), classes);
        for class in &declassified {
            let trace = Trace::from(named.clone(), self.own.as_ref(), Some(class), self.snapshot);
            self.add_from(&trace, field, |found| found == *class, classes);
        }
    }

    /// Whether what is named takes over from nothing: most of what pods name is of this kind, and told at once.
    fn stands_alone<'h>(&self, named: &'h Holder) -> Option<&'h CarrierId> {
        let Holder::Carrier(id) = named else { return None };
        let alone = match id.kind {
            CarrierKind::Secret | CarrierKind::ConfigMap => true,
            CarrierKind::ServiceAccount => {
                self.snapshot.carrier(id).is_none_or(|facts| facts.links.is_empty())
            }
            CarrierKind::PersistentVolumeClaim
            | CarrierKind::PersistentVolume
            | CarrierKind::VolumeSnapshot
            | CarrierKind::VolumeSnapshotContent => false,
        };
        (alone && self.own.as_ref() != Some(named)).then_some(id)
    }

    fn of_alone(&mut self, id: &CarrierId, field: &FieldPath, classes: &mut Classification) {
        if self.snapshot.carrier(id).is_none() {
            self.assumptions.insert(Assumption::CarrierAbsent(id.clone()));
        }
        let holder = Holder::Carrier(id.clone());
        for (class, mark) in self.held_by(&holder) {
            let path = Vec::from([holder.clone()]);
            add(classes, class.as_str(), Provenance::Carrier { field: field.clone(), path, mark });
        }
    }

    fn add_from(
        &self,
        trace: &Trace,
        field: &FieldPath,
        counts: impl Fn(&str) -> bool,
        classes: &mut Classification,
    ) {
        for (index, holder) in trace.holders() {
            for (class, mark) in self.held_by(holder) {
                if counts(class.as_str()) {
                    let path = trace.path_to(index);
                    add(classes, class.as_str(), Provenance::Carrier { field: field.clone(), path, mark });
                }
            }
        }
    }

    /// What is not known and was named, by the subject or by what it names. What other pods name is their affair.
    fn assume_absent(&mut self, trace: &Trace) {
        for (index, holder) in trace.holders() {
            let Holder::Carrier(id) = holder else { continue };
            let by_a_pod = || trace.path_to(index).iter().any(|holder| matches!(holder, Holder::Pod(_)));
            if self.snapshot.carrier(id).is_none() && !by_a_pod() {
                self.assumptions.insert(Assumption::CarrierAbsent(id.clone()));
            }
        }
    }

    /// What a holder holds by itself, with the mark that tells how it came there. Its Namespace is that of the
    /// subject, whose classes are counted already; what is in another namespace is judged by its own.
    fn held_by(&self, holder: &Holder) -> Vec<(HeldClass, Option<Box<str>>)> {
        match holder {
            Holder::Carrier(id) => {
                let facts = self.snapshot.carrier(id);
                let labels = facts.map(|facts| &facts.labels);
                let held = self.by_labels(id.namespace.as_deref(), labels);
                let mark = |class: &HeldClass| facts?.marked.get(class.as_str()).cloned();
                held.into_keys().map(|class| (class.clone(), mark(&class))).collect()
            }
            Holder::Pod(PodId { namespace, name, .. }) => {
                let pod = self.snapshot.pod(namespace, name);
                let labels = pod.into_iter().flat_map(|pod| &pod.shapes).map(|shape| &shape.labels).next();
                self.by_labels(Some(namespace), labels).into_keys().map(|class| (class, None)).collect()
            }
        }
    }

    fn by_labels(&self, namespace: Option<&str>, labels: Option<&Labels>) -> Classification {
        let mut classes = Classification::new();
        let root = FieldPath::root();
        match namespace.filter(|namespace| *namespace != self.namespace) {
            None => labels.into_iter().for_each(|labels| self.of_labels(labels, &root, &mut classes)),
            Some(namespace) => {
                let other = Classifier::new(self.snapshot, namespace);
                other.of_namespace(&mut classes);
                if let Some(labels) = labels {
                    other.of_labels(labels, &root, &mut classes);
                }
            }
        }
        classes
    }

    /// The classes of claims that exist already under the names that a template will give.
    fn of_existing_claims(
        &mut self,
        prefix: &str,
        at: &FieldPath,
        is_rest: impl Fn(&str) -> bool,
        classes: &mut Classification,
    ) {
        let existing: Vec<_> = self
            .snapshot
            .carriers_named(CarrierKind::PersistentVolumeClaim, self.namespace, prefix)
            .filter(|(id, _)| id.name.strip_prefix(prefix).is_some_and(&is_rest))
            .map(|(id, _)| id.clone())
            .collect();
        for id in existing {
            self.of_holder(&Holder::Carrier(id), at, classes);
        }
    }
}

/// The field by which a carrier of `kind` takes over from `source`. What writes to it, it does not name.
fn link_field(kind: CarrierKind, source: &Holder) -> FieldPath {
    use CarrierKind::{PersistentVolume, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent};
    let Holder::Carrier(source) = source else { return FieldPath::root() };
    FieldPath::of(match (kind, source.kind) {
        (PersistentVolumeClaim, PersistentVolume) => "spec.volumeName",
        (PersistentVolumeClaim, PersistentVolumeClaim | VolumeSnapshot) => "spec.dataSource",
        (PersistentVolume, PersistentVolumeClaim) => "spec.claimRef",
        (VolumeSnapshot, PersistentVolumeClaim) => "spec.source.persistentVolumeClaimName",
        (VolumeSnapshot, VolumeSnapshotContent) => "spec.source.volumeSnapshotContentName",
        (VolumeSnapshotContent, VolumeSnapshot) => "spec.volumeSnapshotRef",
        (VolumeSnapshotContent, PersistentVolume) => "spec.source",
        (_, PersistentVolume) => "spec",
        (_, _) => "",
    })
}

/// Most ways in which a class is told to have come. More help nobody, and whoever writes an object decides how
/// many there would be.
const MAX_WAYS: usize = 16;

fn add(classes: &mut Classification, class: &str, provenance: Provenance) {
    let ways = match classes.get_mut(class) {
        Some(ways) => ways,
        None => classes.entry(class.into()).or_default(),
    };
    if ways.len() < MAX_WAYS && !ways.contains(&provenance) {
        ways.push(provenance);
    }
}
