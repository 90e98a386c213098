//! What makes pods: a namespace holds what the pods of its templates will hold, also while none of them runs.

use alloc::{boxed::Box, sync::Arc};

use rpds::RedBlackTreeMapSync;
use serde_json::Value;

use super::MadeBy;
use crate::{ObjectId, Subject};

/// Namespace, kind and name.
type TemplateKey = (Box<str>, Box<str>, Box<str>);

/// What makes pods, by namespace, kind and name. No decision on another object rests on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Templates(RedBlackTreeMapSync<TemplateKey, Arc<Subject>>);

impl Templates {
    /// Takes in an object that makes pods, if nothing else stands for it.
    pub(super) fn observe(&mut self, namespace: &str, object: &Value) {
        let subject = Subject::extract(object, Some(namespace), None, []);
        let key = (namespace.into(), subject.id.kind.clone(), subject.id.name.clone());
        if subject.id.name.is_empty() || is_stood_for(&subject.made_by) {
            self.0.remove_mut(&key);
        } else {
            self.0.insert_mut(key, Arc::new(subject));
        }
    }

    pub(super) fn forget(&mut self, id: &ObjectId) {
        let namespace = id.namespace.clone().unwrap_or_default();
        self.0.remove_mut(&(namespace, id.kind.clone(), id.name.clone()));
    }

    /// What makes pods in a namespace, in order of kind and name.
    pub(super) fn within<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Subject> {
        let first: TemplateKey = (namespace.into(), Box::default(), Box::default());
        let here = self.0.range(first..).take_while(move |((other, ..), _)| **other == *namespace);
        here.map(|(_, subject)| subject.as_ref())
    }
}

/// Whether a built-in kind made the object and says the same: the Deployment of a ReplicaSet, the CronJob of a Job.
fn is_stood_for(made_by: &MadeBy) -> bool {
    match made_by {
        MadeBy::Controller(id) => matches!(id.group.as_ref(), "apps" | "batch"),
        MadeBy::Unknown | MadeBy::Kubelet => false,
    }
}
