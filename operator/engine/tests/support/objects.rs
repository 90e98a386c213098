//! Objects of every kind that the engine reads, sound ones and garbage.
#![expect(clippy::unwrap_used, reason = "a pointer that was just collected leads somewhere")]

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Map, Value, json};

use crate::facts::NAMESPACE;

/// Any JSON, with the words of Kubernetes more often than others.
pub fn garbage() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just(String::new()),
        "[a-z]{1,6}",
        Just("metadata.name".to_owned()),
        Just("cn-hongkong".to_owned()),
        Just("\u{1f6e2}\u{0}".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    let member = prop_oneof![
        Just("name"),
        Just("metadata"),
        Just("spec"),
        Just("labels"),
        Just("template"),
        Just("containers"),
        Just("volumes"),
        Just("affinity"),
        Just("secret"),
        Just("secretName"),
        Just("key"),
        Just("values"),
        Just("a.b/c"),
        Just("']"),
        Just(""),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((member.clone(), inner), 0..4)
                .prop_map(|members| members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<Map<_, _>>())
                .prop_map(Value::from),
        ]
    })
}

/// A sound object of some kind, with up to three of its fields replaced by garbage or taken out.
pub fn damaged() -> impl Strategy<Value = Value> {
    let damage = vec((any::<Index>(), proptest::option::of(garbage())), 0..=3);
    (proptest::sample::select(sound()), damage).prop_map(|(mut object, damage)| {
        for (index, value) in damage {
            let mut pointers = Vec::new();
            collect(&object, &mut String::new(), &mut pointers);
            let Some(pointer) = (!pointers.is_empty()).then(|| index.get(&pointers)) else { continue };
            *object.pointer_mut(pointer).unwrap() = value.unwrap_or(Value::Null);
        }
        object
    })
}

fn collect(value: &Value, at: &mut String, pointers: &mut Vec<String>) {
    let length = at.len();
    let mut below = |step: String, value: &Value| {
        at.push('/');
        at.push_str(&step);
        pointers.push(at.clone());
        collect(value, at, pointers);
        at.truncate(length);
    };
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| below(name.replace('~', "~0").replace('/', "~1"), member)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, element)| below(index.to_string(), element));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One sound object of every kind that is read in a way of its own. None holds a class.
pub fn sound() -> Vec<Value> {
    let template = json!({"metadata": {"labels": {"app": "shop"}}, "spec": pod_spec()});
    let metadata = json!({"name": "shop", "namespace": NAMESPACE, "labels": {"app": "shop"}});
    let object = |version: &str, kind: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec});
    let workload = json!({"replicas": 2, "template": template});
    vec![
        object("v1", "Pod", pod_spec()),
        object("apps/v1", "Deployment", workload.clone()),
        object("apps/v1", "DaemonSet", workload.clone()),
        object("argoproj.io/v1alpha1", "Rollout", workload.clone()),
        object(
            "batch/v1",
            "CronJob",
            json!({"jobTemplate": {"metadata": {"labels": {"app": "shop"}}, "spec": workload}}),
        ),
        object(
            "apps/v1",
            "StatefulSet",
            json!({
                "template": template,
                "volumeClaimTemplates": [{
                    "metadata": {"name": "data", "labels": {"app": "shop"}},
                    "spec": {"volumeName": "pv-1", "dataSource": {"kind": "PersistentVolumeClaim", "name": "old"}}
                }]
            }),
        ),
        object("v1", "PersistentVolumeClaim", json!({"volumeName": "pv-1"})),
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1", "labels": {}},
               "spec": {"claimRef": {"namespace": NAMESPACE, "name": "data"}}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "Yg=="}}),
        json!({"apiVersion": "v1", "kind": "Binding", "metadata": metadata,
               "target": {"apiVersion": "v1", "kind": "Node", "name": "hongkong-1"}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": {"bund.dev/guarded": "true"}}}),
        json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata, "template": template}),
    ]
}

fn pod_spec() -> Value {
    json!({
        "nodeSelector": {"disktype": "ssd"},
        "serviceAccountName": "shop",
        "imagePullSecrets": [{"name": "registry"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "topology.kubernetes.io/region", "operator": "In", "values": ["cn-hongkong"]}]},
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["hongkong-1"]}]}
        ]}}},
        "containers": [{
            "name": "c",
            "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "a"}}}],
            "envFrom": [{"configMapRef": {"name": "settings"}}]
        }],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"app": "shop"}}, "spec": {}}}},
            {"name": "all", "projected": {"sources": [{"secret": {"name": "key"}}]}}
        ]
    })
}
