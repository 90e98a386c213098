//! What lets pods out, as a subject.

use serde_json::Value;

use super::{NetworkKind, Role, Subject};
use crate::network_policy::{ClusterPolicy, NetworkPolicy};

/// Reads what the object lets pods reach, if it is of a kind that does.
pub(super) fn fill(object: &Value, subject: &mut Subject) {
    if let Some(policy) = ClusterPolicy::of_kind(&subject.id.group, &subject.id.kind, object) {
        subject.role = Role::Network(NetworkKind::ClusterPolicy);
        subject.cluster_policy = Some(policy.into());
        subject.id.namespace = None;
        return;
    }
    let Some(policy) = NetworkPolicy::of_kind(&subject.id.group, &subject.id.kind, object) else { return };
    subject.role = Role::Network(NetworkKind::Policy);
    subject.network_policy = Some(policy.into());
}
