//! Policies of Antrea, as far as they are about egress. They stand before those of Kubernetes, so that what one of them lets
//! through is let through, whatever these say. Networks and pods are read; whom anything else means, Antrea knows and we do not.

use alloc::vec::Vec;

use serde_json::Value;

use super::{
    NetworkPolicy, Rule, Selector, To,
    read::{peer, ports},
};
use crate::FieldPath;

/// Reads the spec of a `NetworkPolicy` of Antrea.
pub(super) fn read(spec: &Value) -> NetworkPolicy {
    let at = FieldPath::of("spec.egress");
    let egress = match spec.get("egress").filter(|egress| !egress.is_null()) {
        None => None,
        Some(Value::Array(entries)) => Some(
            entries.iter().enumerate().filter_map(|(index, entry)| rule(entry, &at.index(index))).collect(),
        ),
        Some(_) => Some(Vec::from([Rule::everything(at)])),
    };
    // A rule may choose pods of its own, so that it counts as being for every pod.
    NetworkPolicy { selects: Selector::everything(), egress }
}

/// What a rule lets through. `Pass` leaves the answer to the policies of Kubernetes.
fn rule(entry: &Value, at: &FieldPath) -> Option<Rule> {
    if matches!(entry.get("action").and_then(Value::as_str), Some("Drop" | "Reject" | "Pass")) {
        return None;
    }
    let ports = ports(entry.get("ports").unwrap_or(&Value::Null));
    let named = |member: &str| entry.get(member).is_some_and(|value| !value.is_null());
    let to = match entry.get("to") {
        _ if named("toServices") => To::Unreadable,
        None | Some(Value::Null) => To::Everybody,
        Some(Value::Array(peers)) if peers.is_empty() => To::Everybody,
        Some(Value::Array(peers)) => {
            return Some(Rule { at: at.key("to"), to: To::Peers(peers.iter().map(peer).collect()), ports });
        }
        Some(_) => To::Unreadable,
    };
    Some(Rule { at: at.clone(), to, ports })
}
