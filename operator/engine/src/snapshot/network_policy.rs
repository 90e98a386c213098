//! The NetworkPolicies that are known.

use alloc::{boxed::Box, sync::Arc};

use serde_json::Value;

use super::{PodKey, Snapshot};
pub(super) use crate::network_policy::KIND;
use crate::{ObjectId, Subject};

impl Snapshot {
    /// The NetworkPolicy of this namespace and name, to be judged as it stands.
    pub fn network_policy(&self, namespace: &str, name: &str) -> Option<&Subject> {
        self.network_policies.get(&(namespace.into(), name.into())).map(AsRef::as_ref)
    }

    /// The NetworkPolicies of a namespace, in order of name.
    pub fn network_policies_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Subject> {
        let first: PodKey = (namespace.into(), Box::default());
        let here = self.network_policies.range(first..);
        here.take_while(move |((other, _), _)| **other == *namespace).map(|(_, policy)| policy.as_ref())
    }

    /// The policies of other networks in a namespace, in order of group, kind and name.
    pub fn other_policies_in<'s>(&'s self, namespace: &str) -> impl Iterator<Item = &'s Subject> + use<'s> {
        let others = self.other_policies.get(namespace).into_iter().flat_map(|others| others.values());
        others.map(AsRef::as_ref)
    }

    /// The policies that lie in no namespace and may open something in several, in order of group, kind and name.
    pub fn cluster_policies(&self) -> impl Iterator<Item = &Subject> {
        self.cluster_policies.values().map(AsRef::as_ref)
    }

    pub(super) fn observe_cluster_policy(&mut self, object: &Value) {
        let subject = Subject::extract(object, None, None, None);
        self.cluster_policies.insert_mut(subject.id.clone(), Arc::new(subject));
    }

    pub(super) fn observe_other_policy(&mut self, object: &Value, namespace: &str) {
        let subject = Subject::extract(object, Some(namespace), None, []);
        let others = self.other_policies.get(namespace).cloned().unwrap_or_default();
        let others = others.insert(subject.id.clone(), Arc::new(subject));
        self.other_policies.insert_mut(namespace.into(), others);
    }

    pub(super) fn forget_other_policy(&mut self, id: &ObjectId, namespace: &str) {
        let Some(others) = self.other_policies.get(namespace).map(|others| others.remove(id)) else { return };
        if others.is_empty() {
            self.other_policies.remove_mut(namespace);
        } else {
            self.other_policies.insert_mut(namespace.into(), others);
        }
    }

    pub(super) fn observe_network_policy(&mut self, object: &Value, namespace: &str, name: Box<str>) {
        let subject = Subject::extract(object, Some(namespace), None, []);
        self.network_policies.insert_mut((namespace.into(), name), Arc::new(subject));
    }
}
