//! An update takes a class away from what holds it.

use alloc::{format, vec::Vec};

use bund_crds::labels::{DATA_CLASS_PREFIX, DECLASSIFIED_PREFIX};

use crate::{
    Classification, FieldPath, Finding, HeldClass, Provenance, Reason, Snapshot, Subject,
    select::requirements, subject::Role,
};

/// Tells of every class that the subject held and will not hold any more. What a pod or workload came to hold
/// through what it mounts, it may stop to mount: the class stays with that.
pub(crate) fn judge(
    old: &Classification,
    new: &Classification,
    subject: &Subject,
    namespace: &str,
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let of_its_own = |way: &Provenance| match way {
        Provenance::Label { .. } | Provenance::Selector { .. } => true,
        Provenance::Carrier { .. } | Provenance::Pod { .. } => matches!(subject.role, Role::Carrier(_)),
        // Whoever takes it from the Namespace is judged there.
        Provenance::Namespace { .. } | Provenance::Enrolled { .. } => false,
    };
    let lost: Classification = old
        .iter()
        .filter(|(class, ways)| !new.contains_key(*class) && ways.iter().any(of_its_own))
        .filter(|(class, _)| !told(findings, class))
        .map(|(class, ways)| (class.clone(), ways.clone()))
        .collect();
    for requirement in requirements(&lost, snapshot, namespace) {
        let ways = lost.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
        let field = match ways.first() {
            Some(Provenance::Label { field }) => {
                field.key(&format!("{DATA_CLASS_PREFIX}{}", requirement.class))
            }
            way => way.map(Provenance::field).unwrap_or_default(),
        };
        let what = format!("holds {} and would lose it", requirement.class);
        findings.push(Finding::of(Reason::ClassRemoved, &requirement, ways).at(
            field,
            requirement.class.as_str(),
            what,
        ));
    }
}

/// Whether the loss of a class is told already.
fn told(findings: &[Finding], class: &HeldClass) -> bool {
    findings
        .iter()
        .any(|finding| finding.reason == Reason::ClassRemoved && finding.class.as_ref() == Some(class))
}

/// Tells of every class that a volume, claim or snapshot would from now on take over from nobody.
pub(crate) fn judge_declassified(
    old: Option<&Subject>,
    subject: &Subject,
    namespace: &str,
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let Some(facts) = &subject.carrier else { return };
    let before = old.and_then(|old| old.carrier.as_ref());
    let added: Classification = facts
        .declassified
        .iter()
        .filter(|class| !before.is_some_and(|before| before.declassified.contains(*class)))
        .map(|class| (class.as_ref().into(), Vec::new()))
        .collect();
    for requirement in requirements(&added, snapshot, namespace) {
        let class = requirement.class.as_str();
        let field = FieldPath::of("metadata.annotations").key(&format!("{DECLASSIFIED_PREFIX}{class}"));
        let what = format!("would take over {class} from nobody any more");
        findings.push(Finding::of(Reason::ClassRemoved, &requirement, &[]).at(field, class, what));
    }
}
