//! Whether Bund enforces where an object lives, and what says so.

use bund_crds::labels::{DATA_CLASS_PREFIX, GUARDED, GUARDED_VALUE};
use bund_engine::{decide::judged_in, snapshot, subject::Role};
use serde::Serialize;

use super::Question;

/// Whether Bund enforces where an object lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrolment {
    /// The namespace whose enrolment counts; absent for what is kept for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What holds there.
    pub state: State,
    /// What says so.
    pub because: String,
}

/// What holds in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// What holds a class is judged.
    Guarded,
    /// No class may be held here, and none counts.
    NotGuarded,
    /// Nothing is refused here; everything is recorded.
    Exempt,
    /// The Namespace is not known. It counts as guarded.
    NotKnown,
    /// The object lives in no namespace, and is kept for none.
    NoNamespace,
}

pub(super) fn enrolment(question: &Question<'_>) -> Enrolment {
    let subject = question.subject;
    let snapshot = &question.known.snapshot;
    let judged = judged_in(subject, snapshot);
    if let Some(because) = without_namespace(question, judged) {
        return Enrolment { namespace: None, state: State::NoNamespace, because };
    }
    let (state, because) = match snapshot.enrolment(judged) {
        snapshot::Enrolment::Guarded => (State::Guarded, guarded_by(question, judged)),
        snapshot::Enrolment::Unguarded => (
            State::NotGuarded,
            format!("its Namespace has no label {GUARDED}={GUARDED_VALUE}, so no class counts there"),
        ),
        snapshot::Enrolment::Exempt => (State::Exempt, exempt_by(question, judged)),
        snapshot::Enrolment::Assumed => {
            (State::NotKnown, "its Namespace is not known, and is taken to be guarded".to_owned())
        }
    };
    Enrolment { namespace: Some(judged.to_owned()), state, because }
}

/// What is told of an object that is judged in no namespace, or in one that is not its own.
fn without_namespace(question: &Question<'_>, judged: &str) -> Option<String> {
    let subject = question.subject;
    let told = match subject.role {
        _ if subject.id.namespace.is_some() => return None,
        Role::Carrier(_) if judged.is_empty() => {
            "it is kept for no guarded namespace; every policy counts, in its strictest mode".to_owned()
        }
        Role::Namespace | Role::Carrier(_) => return None,
        _ if question.known.snapshot.world().maps(&subject.id.group, &subject.id.kind) => {
            format!("it lives in no namespace, and is judged as if in {judged}")
        }
        _ => "it lives in no namespace".to_owned(),
    };
    Some(told)
}

fn guarded_by(question: &Question<'_>, namespace: &str) -> String {
    let facts = question.known.snapshot.namespace(namespace);
    match facts {
        Some(facts) if facts.has_guarded_label() => {
            format!("its Namespace has the label {GUARDED}={GUARDED_VALUE}")
        }
        Some(facts) => {
            let class = facts.labels.classes().next().unwrap_or_default();
            format!(
                "its Namespace holds a class by the label {DATA_CLASS_PREFIX}{class}; without {GUARDED}={GUARDED_VALUE} admission does not see what is made in it"
            )
        }
        None => "its Namespace is not known".to_owned(),
    }
}

fn exempt_by(question: &Question<'_>, namespace: &str) -> String {
    let location = question.known.snapshot.world().location();
    if location.exempt.iter().any(|name| name.as_str() == namespace) {
        "ClusterLocation cluster names it in spec.exemptNamespaces; nothing is refused there".to_owned()
    } else {
        "it is a namespace of Kubernetes itself; nothing is refused there".to_owned()
    }
}
