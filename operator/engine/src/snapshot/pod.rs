//! What is known of a pod, and of what made it.

use alloc::{boxed::Box, sync::Arc};

use serde_json::Value;

use crate::{ObjectId, Subject, subject_group};

/// What is known of a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodFacts {
    /// `metadata.uid`: tells this pod from another one of the same name.
    pub uid: Box<str>,
    /// What the rules read of it.
    pub subject: Subject,
    /// Whether it still runs, or will.
    pub life: Life,
}

/// Whether a pod still runs, or will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It does.
    Lasts,
    /// It succeeded or failed: none of its containers will run again.
    Ended,
}

/// What made an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// A person, a pipeline, or something that did not leave its name.
    Unknown,
    /// The object that its controller reference names.
    Controller(Arc<ObjectId>),
    /// A kubelet, of a file on its node: the API server holds only a mirror of it, which nobody can evict.
    Kubelet,
}

/// The annotation of a pod that a kubelet made of a file by itself.
const MIRROR: &str = "kubernetes.io/config.mirror";

impl MadeBy {
    /// Reads what made `object`. What it names lies in the object's own namespace.
    pub fn read(object: &Value) -> Self {
        let metadata = object.get("metadata").unwrap_or(&Value::Null);
        if metadata.get("annotations").is_some_and(|annotations| annotations.get(MIRROR).is_some()) {
            return Self::Kubelet;
        }
        let references = metadata.get("ownerReferences").and_then(Value::as_array).into_iter().flatten();
        let mut controllers = references.filter(|owner| owner.get("controller") == Some(&Value::Bool(true)));
        let Some(owner) = controllers.next() else { return Self::Unknown };
        let text = |member: &str| owner.get(member).and_then(Value::as_str).unwrap_or_default();
        let namespace = metadata.get("namespace").and_then(Value::as_str).map(Box::from);
        Self::Controller(Arc::new(ObjectId {
            group: subject_group(text("apiVersion")).into(),
            kind: text("kind").into(),
            namespace,
            name: text("name").into(),
        }))
    }
}

impl PodFacts {
    /// Reads the pod of `namespace`.
    pub(super) fn read(object: &Value, namespace: &str) -> Self {
        let phase = object.get("status").and_then(|status| status.get("phase")).and_then(Value::as_str);
        let uid = object.get("metadata").and_then(|metadata| metadata.get("uid")).and_then(Value::as_str);
        Self {
            uid: uid.unwrap_or_default().into(),
            subject: Subject::extract(object, Some(namespace), None, []),
            life: if matches!(phase, Some("Succeeded" | "Failed")) { Life::Ended } else { Life::Lasts },
        }
    }

    /// Shares with another pod what both say.
    pub(super) fn share_with(&mut self, other: &Self) {
        if self.subject.made_by == other.subject.made_by {
            self.subject.made_by = other.subject.made_by.clone();
        }
        if self.subject.labels == other.subject.labels {
            self.subject.labels = other.subject.labels.clone();
        }
        for (own, known) in self.subject.shapes.iter_mut().zip(&other.subject.shapes) {
            own.share_with(known);
        }
    }
}
