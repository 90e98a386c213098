//! An update of a Namespace takes protection from what lives in it.

use alloc::{collections::BTreeSet, format, vec::Vec};

use bund_crds::{PolicyName, labels};

use crate::{
    Classification, FieldPath, Finding, Provenance, Reason, Snapshot, Subject,
    classify::{Classifier, Holder},
    select::requirements,
    snapshot::{CarrierId, CarrierKind, Enrolment},
};

/// Tells of every class that is held in the Namespace `old` and would no longer be, or no longer be kept as it is, with
/// the labels of `new`: the guard is gone, or a label of its own, or one that a selector of a class or policy matches.
pub(crate) fn judge(old: &Subject, new: &Subject, snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    if old.labels == new.labels {
        return;
    }
    let namespace = old.id.name.as_ref();
    if matches!(snapshot.enrolment(namespace), Enrolment::Exempt) {
        return;
    }
    let before = snapshot.with_namespace(namespace, old.labels.clone());
    let after = snapshot.with_namespace(namespace, new.labels.clone());
    let held = held_in(namespace, &before);
    let unguarded = after.enrolment(namespace) == Enrolment::Unguarded;
    let still = match after.enrolment(namespace) {
        Enrolment::Unguarded => Classification::new(),
        Enrolment::Guarded | Enrolment::Exempt | Enrolment::Assumed => held_in(namespace, &after),
    };
    let kept_still = requirements(&still, &after, namespace);
    for requirement in requirements(&held, &before, namespace) {
        let policies = |names: &[&crate::snapshot::Policy]| -> BTreeSet<PolicyName> {
            names.iter().map(|policy| policy.name.clone()).collect()
        };
        let later = kept_still.iter().find(|later| later.class == requirement.class);
        let kept = later
            .is_some_and(|later| policies(&later.policies).is_superset(&policies(&requirement.policies)));
        if kept {
            continue;
        }
        let ways = held.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
        let class = requirement.class.as_str();
        let what = format!("would take protection from {class}, which is held in it");
        let told = |finding: &Finding| {
            finding.reason == Reason::ClassRemoved && finding.class.as_ref() == Some(&requirement.class)
        };
        if !unguarded && findings.iter().any(told) {
            continue;
        }
        let at = FieldPath::of("metadata.labels");
        let field = if unguarded { at.key(labels::GUARDED) } else { at };
        findings.push(Finding::of(Reason::GuardRemoved, &requirement, ways).at(field, class, what));
    }
}

/// Every class that something in a namespace holds, with the first that does.
fn held_in(namespace: &str, snapshot: &Snapshot) -> Classification {
    let mut held = Classification::new();
    let mut add = |classes: Classification, holder: Holder| {
        for class in classes.into_keys() {
            held.entry(class).or_insert_with(|| {
                let (field, path) = (FieldPath::root(), Vec::from([holder.clone()]));
                Vec::from([Provenance::Carrier { field, path, mark: None }])
            });
        }
    };
    for pod in snapshot.pods_in(namespace) {
        for shape in &pod.shapes {
            let mut classifier = Classifier::new(snapshot, namespace);
            add(classifier.shape(shape), Holder::pod(namespace, &pod.id.name));
        }
    }
    for kind in CarrierKind::ALL.into_iter().filter(|kind| kind.is_namespaced()) {
        for (id, facts) in snapshot.carriers_named(kind, namespace, "") {
            let mut classifier = Classifier::new(snapshot, namespace);
            let id: &CarrierId = id;
            add(classifier.carrier(id, facts), Holder::Carrier(id.clone()));
        }
    }
    let labels = snapshot.namespace(namespace).map(|facts| facts.labels.clone()).unwrap_or_default();
    for class in labels.classes() {
        let label = Provenance::Label { field: FieldPath::of("metadata.labels") };
        held.entry(class.into()).or_insert_with(|| Vec::from([label]));
    }
    held
}
