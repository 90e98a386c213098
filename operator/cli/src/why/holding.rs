//! What holds a class on a Node, and in a Namespace.

use std::collections::BTreeSet;

use bund_crds::Mode;
use bund_engine::{Finding, HeldClass, ObjectId, Subject, decide_standing, subject::Role};
use serde::Serialize;

use super::{Question, is_node};
use crate::inventory::{GroupKind, text};

/// Something that holds classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holding {
    /// The object.
    #[serde(flatten)]
    pub id: ObjectId,
    /// The classes that it holds.
    pub classes: BTreeSet<HeldClass>,
    /// The strictest thing that would happen to it if it were made now; absent where nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consequence: Option<Mode>,
}

/// The worst first, then in order of kind and name.
pub(super) fn holding(question: &Question<'_>) -> Vec<Holding> {
    let id = &question.subject.id;
    let snapshot = &question.known.snapshot;
    let mut found: Vec<_> = if is_node(question.subject) {
        let here = |pod: &&Subject| pod.shapes.iter().any(|shape| shape.node_name.as_ref() == Some(&id.name));
        snapshot.pods().filter(here).filter_map(|pod| holds(pod, question)).collect()
    } else if question.subject.role == Role::Namespace {
        let here = |object: &&serde_json::Value| text(object, "/metadata/namespace") == &*id.name;
        let subjects = question.inventory.objects.iter().filter(here);
        let own = |object: &&serde_json::Value| GroupKind::of(object).group != bund_crds::GROUP;
        let subjects = subjects.filter(own).map(|object| snapshot.extract(object, None, None));
        subjects.filter_map(|subject| holds(&subject, question)).collect()
    } else {
        Vec::new()
    };
    found.sort_by(|a, b| (b.consequence, &a.id).cmp(&(a.consequence, &b.id)));
    found
}

fn holds(subject: &Subject, question: &Question<'_>) -> Option<Holding> {
    let decision = decide_standing(subject, &question.known.snapshot, question.now);
    let consequence = decision.findings.iter().map(Finding::consequence).max();
    let classes: BTreeSet<_> = decision.classes.into_keys().collect();
    (!classes.is_empty()).then(|| Holding { id: subject.id.clone(), classes, consequence })
}
