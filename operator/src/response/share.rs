//! How much of the work of some pods an eviction would take away. (pure)

use bund_crds::Eviction;
use serde_json::Value;

/// Pods that do the same work, as the API server stores them now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many there should be.
    pub desired: u32,
    /// How many of them are ready and will stay.
    pub ready: u32,
    /// Whether the one in question is among those.
    pub takes_one: bool,
}

impl Share {
    /// The share that an eviction of the pod with this uid takes. `owner` is what made the pods; where nothing says
    /// how many there should be, there should be as many as there are.
    pub fn of(owner: Option<&Value>, pods: &[Value], uid: &str) -> Self {
        let lasting: Vec<&Value> = pods.iter().filter(|pod| !has_ended(pod)).collect();
        let ready = lasting.iter().filter(|pod| is_ready(pod));
        let there = u32::try_from(lasting.len()).unwrap_or(u32::MAX);
        Self {
            desired: owner.and_then(desired).unwrap_or(there),
            ready: u32::try_from(ready.clone().count()).unwrap_or(u32::MAX),
            takes_one: ready.into_iter().any(|pod| uid_of(pod) == Some(uid)),
        }
    }

    /// Whether the eviction keeps within the limits of a policy. A pod that is not ready does no work: its eviction takes
    /// nothing away.
    pub fn is_within(&self, limits: &Eviction) -> bool {
        let unavailable = self.desired.saturating_sub(self.ready);
        !self.takes_one || unavailable.saturating_add(1) <= limits.may_be_unavailable(self.desired)
    }
}

/// How many pods an owner wants.
fn desired(owner: &Value) -> Option<u32> {
    let number = |pointer: &str| {
        let number = owner.pointer(pointer).and_then(Value::as_u64);
        number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    match owner.get("kind").and_then(Value::as_str) {
        Some("DaemonSet") => number("/status/desiredNumberScheduled"),
        Some("Job") => {
            let at_once = number("/spec/parallelism").unwrap_or(1);
            let done = number("/status/succeeded").unwrap_or_default();
            let left = number("/spec/completions").map(|all| all.saturating_sub(done));
            Some(left.map_or(at_once, |left| left.min(at_once)))
        }
        _ => Some(number("/spec/replicas").unwrap_or(1)),
    }
}

fn uid_of(pod: &Value) -> Option<&str> {
    pod.pointer("/metadata/uid").and_then(Value::as_str)
}

fn has_ended(pod: &Value) -> bool {
    matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Succeeded" | "Failed"))
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let is = |condition: &Value, member: &str, value: &str| {
        condition.get(member).is_some_and(|found| found == value)
    };
    let mut ready = conditions.filter(|condition| is(condition, "type", "Ready"));
    pod.pointer("/metadata/deletionTimestamp").is_none()
        && ready.any(|condition| is(condition, "status", "True"))
}

/// The label selector of an owner, as it stands in a query; `None` where it has none.
pub fn selector(owner: &Value) -> Option<String> {
    let selector = owner.pointer("/spec/selector")?.as_object()?;
    // That of a ReplicationController is a plain map.
    let plain = !selector.contains_key("matchLabels") && !selector.contains_key("matchExpressions");
    let labels = if plain { Some(selector) } else { selector.get("matchLabels").and_then(Value::as_object) };
    let equals =
        labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let parts: Vec<String> = equals.chain(expressions.filter_map(expression)).collect();
    (!parts.is_empty()).then(|| parts.join(","))
}

fn expression(expression: &Value) -> Option<String> {
    let key = expression.get("key")?.as_str()?;
    let values = expression.get("values").and_then(Value::as_array).into_iter().flatten();
    let values = values.filter_map(Value::as_str).collect::<Vec<_>>().join(",");
    match expression.get("operator")?.as_str()? {
        "In" => Some(format!("{key} in ({values})")),
        "NotIn" => Some(format!("{key} notin ({values})")),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(uid: &str, ready: &str) -> Value {
        json!({"metadata": {"uid": uid}, "status": {"phase": "Running", "conditions": [
            {"type": "Scheduled", "status": "True"}, {"type": "Ready", "status": ready}]}})
    }

    fn limits(percent: u32) -> Eviction {
        Eviction { max_unavailable_percent: Some(percent), ..Eviction::default() }
    }

    #[test]
    fn what_is_not_ready_or_goes_counts_as_unavailable() {
        let mut going = pod("going", "True");
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let mut ended = pod("ended", "True");
        ended["status"]["phase"] = json!("Succeeded");
        let pods = [pod("a", "True"), pod("b", "True"), pod("c", "False"), going, ended];
        let owner = json!({"kind": "Deployment", "spec": {"replicas": 8}});
        let share = Share::of(Some(&owner), &pods, "a");
        assert_eq!(share, Share { desired: 8, ready: 2, takes_one: true });
        assert!(!share.is_within(&limits(75)) && share.is_within(&limits(88)));
        let share = Share::of(Some(&owner), &pods, "c");
        assert!(share.is_within(&limits(1)), "one that does no work takes nothing away");
        assert_eq!(Share::of(None, &pods, "a"), Share { desired: 4, ready: 2, takes_one: true });
    }

    #[test]
    fn at_least_one_may_go_and_never_a_second_before_its_replacement_is_ready() {
        for (replicas, percent, within) in [(1, 1, 1), (3, 25, 1), (8, 25, 2), (10, 25, 2), (10, 100, 10)] {
            let mut pods: Vec<Value> = (0..replicas).map(|n| pod(&format!("p{n}"), "True")).collect();
            let owner = json!({"kind": "StatefulSet", "spec": {"replicas": replicas}});
            let mut evicted = 0;
            while let Some(first) = pods.first().cloned() {
                if !Share::of(Some(&owner), &pods, uid_of(&first).unwrap()).is_within(&limits(percent)) {
                    break;
                }
                pods.remove(0);
                evicted += 1;
            }
            assert_eq!(evicted, within, "{replicas} replicas, {percent} %");
        }
    }

    #[test]
    fn every_kind_says_in_its_own_way_how_many_it_wants() {
        for (owner, wanted) in [
            (json!({"kind": "Deployment", "spec": {}}), Some(1)),
            (json!({"kind": "ReplicaSet", "spec": {"replicas": 0}}), Some(0)),
            (json!({"kind": "DaemonSet", "status": {"desiredNumberScheduled": 4}}), Some(4)),
            (json!({"kind": "DaemonSet"}), None),
            (json!({"kind": "Job", "spec": {"parallelism": 5}}), Some(5)),
            (
                json!({"kind": "Job", "spec": {"parallelism": 5, "completions": 9}, "status": {"succeeded": 7}}),
                Some(2),
            ),
        ] {
            assert_eq!(desired(&owner), wanted, "{owner}");
        }
    }

    #[test]
    fn a_selector_is_written_as_a_query() {
        let of = |selector: Value| super::selector(&json!({"spec": {"selector": selector}}));
        assert_eq!(of(json!({"app": "web"})), Some("app=web".into()), "that of a ReplicationController");
        let expressions = json!([{"key": "a", "operator": "In", "values": ["x", "y"]}, {"key": "b", "operator": "Exists"},
            {"key": "c", "operator": "NotIn", "values": ["z"]}, {"key": "d", "operator": "DoesNotExist"}]);
        assert_eq!(
            of(json!({"matchLabels": {"app": "web"}, "matchExpressions": expressions})),
            Some("app=web,a in (x,y),b,c notin (z),!d".into())
        );
        assert_eq!(of(json!({})), None);
    }
}
