//! A mark of Bund's own says what is not so.
//!
//! Network policies let pods reach each other by these labels, so whoever could write one could make a pod the peer of
//! others. A mark that is absent opens nothing.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use bund_crds::{Aspect, Mode, labels};

use crate::{
    Classification, FieldPath, Finding, Reason, Snapshot, Subject, Timestamp,
    egress::{claims_less, honest_marks, is_mark},
    snapshot::{DEFAULT_NAMESPACE, Enrolment},
    subject::{Labels, Role},
};

/// How many pods of a Namespace that is being enrolled are named.
const NAMED: usize = 5;

/// Whether the object comes to be, and so gets its marks now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marking {
    /// It does: a mark that tells of fewer classes than the pod holds is put right.
    Now,
    /// It has them, or gets none.
    Done,
}

/// Judges the marks of a pod, of a template, and of the pods of a Namespace that is guarded.
pub(crate) fn judge(
    subject: &Subject,
    classes: &Classification,
    marking: Marking,
    snapshot: &Snapshot,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let namespace = subject.id.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    match subject.role {
        Role::Namespace => judge_enrolled(subject, snapshot, now, findings),
        // What lies in no namespace is no pod and makes none.
        Role::Carrier(kind) if !kind.is_namespaced() => {}
        _ if snapshot.enrolment(namespace) == Enrolment::Unguarded => {
            for (at, labels) in subject.all_labels() {
                let forged = marks_in(labels).map(|(key, value)| (key, value, None));
                tell(forged, &at, Mode::Deny, findings);
            }
        }
        Role::Pod if marks_in(&subject.labels).next().is_none() => {}
        Role::Pod => {
            let Some(mode) = strictest(snapshot) else { return };
            let honest = honest_marks(subject, classes, snapshot, now);
            let mut forged: Vec<_> = forged(&subject.labels, &honest).collect();
            if marking == Marking::Now {
                forged.retain(|(key, value, _)| !claims_less(key, value, subject, classes, snapshot));
            }
            tell(forged.into_iter(), &FieldPath::of("metadata.labels"), mode, findings);
        }
        Role::Workload(_) => {
            for shape in subject.shapes.iter().filter(|shape| marks_in(&shape.labels).next().is_some()) {
                let Some(mode) = strictest(snapshot) else { return };
                let marks = marks_in(&shape.labels).map(|(key, value)| (key, value, None));
                tell(marks, &shape.labels_at, mode, findings);
            }
        }
        Role::Binding { .. } | Role::Carrier(_) | Role::Grant(_) | Role::Network(_) | Role::Other => {}
    }
}

/// Leaves out what a pod carried before it was changed. Who gives it another class, or ends its transfer, has written no mark;
/// the leader puts right what the mark says.
pub(crate) fn keep_new(findings: &mut Vec<Finding>, old: &Subject) {
    let carried = |offending: &str| {
        let (key, value) = offending.split_once('=').unwrap_or((offending, ""));
        old.role == Role::Pod && old.labels.get(key) == Some(value)
    };
    findings.retain(|finding| finding.reason != Reason::MarkForged || !carried(&finding.offending));
}

/// The strictest mode that any policy has for egress anywhere: a pod that forges a mark is let in by others, wherever it
/// lives itself.
fn strictest(snapshot: &Snapshot) -> Option<Mode> {
    snapshot.world().policies().map(|policy| policy.mode(Aspect::Egress, "")).max()
}

fn marks_in(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    labels.iter().filter(|(key, _)| is_mark(key))
}

/// The marks that say what is not so, each with what would be.
fn forged<'l>(
    labels: &'l Labels,
    honest: &'l BTreeMap<String, String>,
) -> impl Iterator<Item = (&'l str, &'l str, Option<&'l str>)> {
    let right = |key: &str| honest.get(key).map(String::as_str);
    marks_in(labels)
        .map(move |(key, value)| (key, value, right(key)))
        .filter(|(_, value, right)| *right != Some(*value))
}

fn tell<'l>(
    forged: impl Iterator<Item = (&'l str, &'l str, Option<&'l str>)>,
    at: &FieldPath,
    mode: Mode,
    findings: &mut Vec<Finding>,
) {
    for (key, value, right) in forged {
        let right = right.map(|right| format!(", where Bund would write `{right}`")).unwrap_or_default();
        let what = format!("carries the mark {key}: `{value}`{right}");
        let finding = Finding::without_policy(Reason::MarkForged, mode);
        findings.push(finding.at(at.key(key), format!("{key}={value}"), what));
    }
}

/// Judges the pods that are there already as a Namespace is enrolled: until then nobody looked at their marks.
fn judge_enrolled(namespace: &Subject, snapshot: &Snapshot, now: Timestamp, findings: &mut Vec<Finding>) {
    let name = &namespace.id.name;
    let Some(mode) = strictest(snapshot) else { return };
    let enrolled = snapshot.with_namespace(name, namespace.labels.clone());
    if enrolled.enrolment(name) != Enrolment::Guarded {
        return;
    }
    let marked = enrolled.pods_in(name).filter(|pod| marks_in(&pod.labels).next().is_some());
    let mut told = BTreeSet::new();
    for pod in marked {
        let classes = crate::egress::classes_of(pod, name, &enrolled);
        let honest = honest_marks(pod, &classes, &enrolled, now);
        let Some((key, value, _)) = forged(&pod.labels, &honest).next() else { continue };
        if told.len() == NAMED {
            break;
        }
        told.insert(&pod.id.name);
        let what = format!("holds Pod {}, which carries the mark {key}: `{value}`", pod.id.name);
        let finding = Finding::without_policy(Reason::MarkForged, mode)
            .at(FieldPath::of("metadata.labels").key(labels::GUARDED), pod.id.name.as_ref(), what)
            .remedied("take the label off that pod first");
        findings.push(finding);
    }
}
