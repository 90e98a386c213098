//! One object, judged as it stands: what it holds, what is asked for, what is wrong.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use bund_crds::JurisdictionName;
use serde_json::Value;

use super::{Assumption, every_node_inside};
use crate::{
    Classification, FieldPath, Finding, HeldClass, Holder, Injection, Operation, Provenance, Request,
    Snapshot, Subject, Subresource,
    classify::Classifier,
    inject,
    network_policy::ClusterPolicy,
    placement::{Reach, reach},
    rule::{self, Case, Change, Injects},
    select::{self, Requirement, requirements},
    snapshot::{CarrierId, CarrierKind, ClassKind, DEFAULT_NAMESPACE, Enrolment},
    storage::{AskedClass, StoredFacts},
    subject::{NetworkKind, PodShape, Role, WorkloadKind},
};

mod binding;
mod mentions;

/// What one object is found to be.
pub(super) struct Judgement {
    pub(super) classes: Classification,
    pub(super) findings: Vec<Finding>,
    pub(super) injection: Option<Injection>,
    pub(super) assumptions: BTreeSet<Assumption>,
}

/// What stands for the namespace of carriers that have none: no overrides name it, and policies apply.
const NO_NAMESPACE: &str = "";

fn namespace_of(subject: &Subject) -> &str {
    if matches!(subject.role, Role::Carrier(kind) if !kind.is_namespaced()) {
        return kept_for(subject).unwrap_or(NO_NAMESPACE);
    }
    if subject.role == Role::Network(NetworkKind::ClusterPolicy) {
        return NO_NAMESPACE;
    }
    subject.id.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
}

/// The namespace of what a volume, or the contents of a snapshot, is kept for.
fn kept_for(subject: &Subject) -> Option<&str> {
    match &subject.carrier.as_ref()?.stored {
        StoredFacts::Volume(volume) => volume.claim_namespace.as_deref(),
        StoredFacts::Content(content) => content.snapshot_namespace.as_deref(),
        StoredFacts::Elsewhere | StoredFacts::Claim(_) | StoredFacts::Snapshot(_) => None,
    }
}

/// Where policies are looked up for a subject: what is kept for a namespace that is not guarded is judged as what is
/// kept for none.
pub(super) fn judged_in<'s>(subject: &'s Subject, snapshot: &Snapshot) -> &'s str {
    let namespace = namespace_of(subject);
    let of_cluster = matches!(subject.role, Role::Carrier(kind) if !kind.is_namespaced());
    if of_cluster && matches!(snapshot.enrolment(namespace), Enrolment::Unguarded | Enrolment::Exempt) {
        NO_NAMESPACE
    } else {
        namespace
    }
}

/// Whether something that policies keep is at stake. A Namespace that holds a class is at stake by itself.
pub(super) fn is_kept(classes: &Classification, subject: &Subject, snapshot: &Snapshot) -> bool {
    match subject.role {
        Role::Namespace => !classes.is_empty(),
        Role::Pod
        | Role::Workload(_)
        | Role::Binding { .. }
        | Role::Carrier(_)
        | Role::Grant(_)
        | Role::Network(_)
        | Role::Other => !requirements(classes, snapshot, judged_in(subject, snapshot)).is_empty(),
    }
}

/// Judges `object`, of which `subject` was extracted, as the subject of `request`.
pub(super) fn judge(request: &Request, subject: &Subject, object: &Value, snapshot: &Snapshot) -> Judgement {
    judge_subject(subject, change(request), object, snapshot)
}

/// Judges a subject that exists, as if it came to be now. Without its object, its injection means nothing.
pub(super) fn judge_standing(subject: &Subject, snapshot: &Snapshot) -> Judgement {
    judge_subject(subject, Change::Standing, &Value::Null, snapshot)
}

fn judge_subject(subject: &Subject, change: Change, object: &Value, snapshot: &Snapshot) -> Judgement {
    let namespace: Box<str> = judged_in(subject, snapshot).into();
    let mut judge = Judge {
        snapshot,
        namespace: &namespace,
        change,
        classifier: classifier(subject, &namespace, snapshot),
        findings: Vec::new(),
        injection: None,
    };
    let classes = match subject.role {
        Role::Namespace => {
            rule::namespace_not_guarded::judge(subject, &mut judge.findings);
            let label = Provenance::Label { field: FieldPath::of("metadata.labels") };
            subject.labels.classes().map(|class| (class.into(), Vec::from([label.clone()]))).collect()
        }
        _ if snapshot.enrolment(&namespace) == Enrolment::Unguarded => {
            rule::class_outside_guarded::judge(subject, &namespace, &mut judge.findings);
            Classification::new()
        }
        _ if exempt_and_unguarded(&namespace, snapshot) => {
            rule::class_outside_guarded::judge(subject, &namespace, &mut judge.findings);
            judge.classes(subject, object)
        }
        _ => judge.classes(subject, object),
    };
    let Judge { classifier, findings, injection, .. } = judge;
    let mut assumptions = classifier.assumptions;
    if !classes.is_empty() {
        assumptions.extend(assumed_of_cluster(subject, snapshot));
    }
    let named = subject.role != Role::Namespace && *namespace != *NO_NAMESPACE;
    if named && snapshot.enrolment(&namespace) == Enrolment::Assumed {
        assumptions.insert(Assumption::NamespaceAbsent(namespace));
    }
    Judgement { classes, findings, injection, assumptions }
}

/// What classifies a subject: nothing comes to it from what it was.
fn classifier<'s>(subject: &Subject, namespace: &'s str, snapshot: &'s Snapshot) -> Classifier<'s> {
    let classifier = Classifier::new(snapshot, namespace);
    match &subject.role {
        Role::Pod => classifier.of(Holder::pod(namespace, &subject.id.name)),
        Role::Binding { pod, node: _ } => classifier.of(Holder::pod(namespace, pod)),
        Role::Carrier(kind) => classifier.of(Holder::Carrier(CarrierId::of(*kind, &subject.id))),
        Role::Workload(_) | Role::Namespace | Role::Grant(_) | Role::Network(_) | Role::Other => classifier,
    }
}

fn change(request: &Request) -> Change {
    match (request.operation, &request.subresource) {
        (_, Some(Subresource::EphemeralContainers)) => Change::AddedContainer,
        (Operation::Create, _) => Change::Creation,
        (Operation::Update | Operation::Delete | Operation::Connect, _) => Change::Update,
    }
}

/// What is taken for granted about the cluster by whatever is classified.
fn assumed_of_cluster(subject: &Subject, snapshot: &Snapshot) -> Vec<Assumption> {
    let mut assumed = Vec::new();
    if !snapshot.world().has_location() {
        assumed.push(Assumption::LocationAbsent);
    }
    let bound = match &subject.role {
        Role::Binding { node, .. } => node.as_deref(),
        Role::Pod
        | Role::Workload(_)
        | Role::Namespace
        | Role::Carrier(_)
        | Role::Grant(_)
        | Role::Network(_)
        | Role::Other => None,
    };
    let named = subject.shapes.iter().filter_map(|shape| shape.node_name.as_deref()).chain(bound);
    assumed.extend(
        named.filter(|name| snapshot.node(name).is_none()).map(|name| Assumption::NodeAbsent(name.into())),
    );
    assumed
}

struct Judge<'s> {
    snapshot: &'s Snapshot,
    namespace: &'s str,
    change: Change,
    classifier: Classifier<'s>,
    findings: Vec<Finding>,
    injection: Option<Injection>,
}

/// Whether a namespace is exempt and not enrolled: a class does not belong there, and nothing is refused.
fn exempt_and_unguarded(namespace: &str, snapshot: &Snapshot) -> bool {
    snapshot.enrolment(namespace) == Enrolment::Exempt
        && snapshot.namespace(namespace).is_none_or(|facts| !facts.is_guarded())
}

impl Judge<'_> {
    /// What the subject holds, with what is wrong about it.
    fn classes(&mut self, subject: &Subject, object: &Value) -> Classification {
        match &subject.role {
            Role::Binding { pod, node } => self.binding(subject, pod, node.as_deref()),
            Role::Grant(granted) => self.grant(granted),
            Role::Network(_) => self.network(subject),
            Role::Pod | Role::Workload(_) | Role::Namespace | Role::Carrier(_) | Role::Other => {
                self.object(subject, object)
            }
        }
    }

    /// Anything that is not a binding.
    fn object(&mut self, subject: &Subject, object: &Value) -> Classification {
        let mut all = match subject.role {
            Role::Carrier(kind) => self.carrier(kind, subject),
            // A pod's labels are those of its shape; those of a workload are not its pods'.
            Role::Pod | Role::Workload(_) if !subject.shapes.is_empty() => Classification::new(),
            // A mapped kind may keep its template elsewhere and name places all the same.
            Role::Pod
            | Role::Workload(_)
            | Role::Binding { .. }
            | Role::Namespace
            | Role::Grant(_)
            | Role::Network(_)
            | Role::Other => self.classifier.labelled(&subject.labels, &FieldPath::of("metadata.labels")),
        };
        for shape in &subject.shapes {
            let classes = self.classifier.shape(shape);
            self.shape(subject, shape, &classes, object);
            merge(&mut all, classes);
        }
        self.lost_on_the_way(subject, &mut all);
        if subject.role == Role::Workload(WorkloadKind::MappedForNamespace) {
            self.enrolled(&mut all);
        }
        self.whole(subject, &all);
        all
    }

    /// What acts for its namespace: what its labels say, and everything that policies keep there.
    fn network(&mut self, subject: &Subject) -> Classification {
        if let Some(policy) = &subject.cluster_policy {
            return self.cluster_policy(policy);
        }
        let mut all = self.classifier.labelled(&subject.labels, &FieldPath::of("metadata.labels"));
        self.enrolled(&mut all);
        self.whole(subject, &all);
        all
    }

    /// Adds everything that policies keep in the namespace.
    fn enrolled(&self, all: &mut Classification) {
        // Of a namespace that nobody knows it is told that it was taken to be guarded; the webhook looks it up.
        if self.snapshot.enrolment(self.namespace) == Enrolment::Guarded {
            merge(all, select::enrolled(self.snapshot, self.namespace));
        }
    }

    /// What opens something in several namespaces: everything that policies keep in any of them.
    fn cluster_policy(&mut self, policy: &ClusterPolicy) -> Classification {
        let mut all = Classification::new();
        for (namespace, _) in policy.opens_in(self.snapshot) {
            let kept = select::enrolled(self.snapshot, namespace);
            let requirements = requirements(&kept, self.snapshot, namespace);
            rule::fact_unreadable::judge(&requirements, self.snapshot, &mut self.findings);
            merge(&mut all, kept);
        }
        all
    }

    /// A volume, claim, snapshot, or anything else that passes its classes on.
    fn carrier(&mut self, kind: CarrierKind, subject: &Subject) -> Classification {
        let Some(facts) = &subject.carrier else { return Classification::new() };
        let classes = self.classifier.carrier(&CarrierId::of(kind, &subject.id), facts);
        self.assume_class(&facts.stored, &classes);
        for requirement in requirements(&classes, self.snapshot, self.namespace) {
            let provenance = classes.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
            rule::judge_carrier(subject, &requirement, provenance, self.snapshot, &mut self.findings);
        }
        self.mentions(subject, &classes);
        classes
    }

    /// Takes for granted what is not known of the classes by which a claim's volume will be made.
    fn assume_class(&mut self, stored: &StoredFacts, classes: &Classification) {
        let (kind, asked) = match stored {
            StoredFacts::Claim(claim) if claim.volume.is_none() => (ClassKind::StorageClass, &claim.class),
            StoredFacts::Snapshot(snapshot) => (ClassKind::VolumeSnapshotClass, &snapshot.class),
            StoredFacts::Elsewhere
            | StoredFacts::Claim(_)
            | StoredFacts::Volume(_)
            | StoredFacts::Content(_) => return,
        };
        let AskedClass::Named { name, field: _ } = asked else { return };
        if !classes.is_empty() && self.snapshot.storage_class(kind, name).is_none() {
            self.classifier.assumptions.insert(Assumption::ClassAbsent(kind, name.clone()));
        }
    }

    /// One pod, or the pods of one template.
    fn shape(&mut self, subject: &Subject, shape: &PodShape, classes: &Classification, object: &Value) {
        let requirements = requirements(classes, self.snapshot, self.namespace);
        let mut reaches: BTreeMap<&BTreeSet<JurisdictionName>, Option<Reach>> = BTreeMap::new();
        let mut to_inject: Vec<(&Requirement<'_>, &[Provenance])> = Vec::new();
        let injection = Injects::in_namespace(self.namespace, self.snapshot);
        for requirement in &requirements {
            let provenance = classes.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
            let asked = || asked_reach(shape, requirement, self.snapshot);
            let reach = reaches.entry(&requirement.jurisdictions).or_insert_with(asked);
            let case = Case {
                snapshot: self.snapshot,
                subject,
                shape,
                change: self.change,
                injection,
                requirement,
                provenance,
                reach: reach.as_ref(),
            };
            rule::judge_shape(&case, &mut self.findings);
            rule::judge_volumes(&case, self.namespace, &mut self.findings);
            rule::judge_network(&case, self.namespace, &mut self.findings);
            rule::connection_unapproved::judge_shape(&case, &mut self.findings);
            let open = case.reach.is_some_and(|reach| reach.first_hole().is_some());
            if open && !requirement.jurisdictions.is_empty() && case.will_be_confined() {
                to_inject.push((requirement, provenance));
            }
        }
        self.inject(subject, shape, &to_inject, object);
        rule::node_reader::judge(shape, self.namespace, classes, self.snapshot, &mut self.findings);
        for claim in shape.claims.iter() {
            self.assume_class(&StoredFacts::Claim(claim.stored.clone()), classes);
        }
    }

    fn inject(
        &mut self,
        subject: &Subject,
        shape: &PodShape,
        to_inject: &[(&Requirement<'_>, &[Provenance])],
        object: &Value,
    ) {
        if to_inject.is_empty() {
            return;
        }
        let requirements: Vec<_> = to_inject.iter().map(|(requirement, _)| *requirement).collect();
        let values = inject::values_inside(&requirements, self.snapshot);
        if values.is_empty() {
            rule::policies_conflict::judge_together(to_inject, &mut self.findings);
        } else if subject.role == Role::Pod {
            self.injection = inject::injection(object, shape, &values, self.snapshot);
        }
    }

    /// Classes on a workload that its pods would not hold.
    fn lost_on_the_way(&mut self, subject: &Subject, all: &mut Classification) {
        let Role::Workload(_) = subject.role else { return };
        let of_pods: BTreeSet<HeldClass> = all.keys().cloned().collect();
        let mut lost = Classification::new();
        let mut fields = BTreeMap::new();
        for (class, field) in rule::class_not_on_template::missing(subject, &of_pods) {
            lost.insert(class.clone(), Vec::from([Provenance::Label { field: field.clone() }]));
            fields.insert(class, field);
        }
        for requirement in requirements(&lost, self.snapshot, self.namespace) {
            if let Some(field) = fields.remove(&requirement.class) {
                rule::class_not_on_template::judge(subject, &requirement, field, &mut self.findings);
            }
        }
        merge(all, lost);
    }

    /// What concerns the object as a whole.
    fn whole(&mut self, subject: &Subject, classes: &Classification) {
        if classes.is_empty() {
            return;
        }
        let requirements = requirements(classes, self.snapshot, self.namespace);
        rule::fact_unreadable::judge(&requirements, self.snapshot, &mut self.findings);
        for requirement in &requirements {
            let provenance = classes.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
            rule::unknown_class::judge(requirement, provenance, self.snapshot, &mut self.findings);
            rule::forward_outside::judge(
                subject,
                self.namespace,
                requirement,
                provenance,
                self.snapshot,
                &mut self.findings,
            );
            rule::tls_too_old::judge(subject, requirement, provenance, self.snapshot, &mut self.findings);
            rule::destination_outside::judge(
                subject,
                self.namespace,
                requirement,
                provenance,
                self.snapshot,
                &mut self.findings,
            );
            rule::field_unreadable::judge(subject, requirement, provenance, &mut self.findings);
            rule::unknown_field::judge(subject, requirement, provenance, &mut self.findings);
        }
    }
}

/// Where the scheduler could place a pod; `None` where it is not asked, or asked in vain.
pub(super) fn asked_reach(
    shape: &PodShape,
    requirement: &Requirement<'_>,
    snapshot: &Snapshot,
) -> Option<Reach> {
    let asked = shape.node_name.is_none() && !every_node_inside(&requirement.jurisdictions, snapshot.world());
    asked.then(|| reach(shape, &requirement.jurisdictions, snapshot))
}

pub(super) fn merge(all: &mut Classification, more: Classification) {
    for (class, ways) in more {
        let known = all.entry(class).or_default();
        for way in ways {
            if !known.contains(&way) {
                known.push(way);
            }
        }
    }
}
