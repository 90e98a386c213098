//! One rule, as each side says it: a pod with the class names a mainland region in `nodeSelector`.

use serde_json::{Value, json};

use super::admission;

const CLASS: &str = "data-class.bund.dev/personal-information";
const REGION: &str = "topology.kubernetes.io/region";
const REGIONS: [&str; 4] = ["cn-hangzhou", "cn-beijing", "cn-shanghai", "cn-shenzhen"];

/// The name of the in-tree policy and of Kyverno's.
pub(super) const NAME: &str = "mainland-residency";

/// A pod that keeps the rule.
pub(super) fn pod() -> Value {
    let mut pod = stray();
    if let Some(Value::Object(spec)) = pod.get_mut("spec") {
        spec.insert("nodeSelector".to_owned(), json!({ REGION: "cn-hangzhou" }));
    }
    pod
}

/// The same pod without a place: it breaks the rule. It is small, because of a large one the API server spends most
/// of its time on bookkeeping of fields, which hides what is to be compared.
pub(super) fn stray() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "generateName": "orders-", "namespace": "shop", "labels": { "app": "orders", CLASS: "" } },
        "spec": {
            "containers": [{
                "name": "app", "image": "registry/app:1",
                "ports": [{ "containerPort": 8080 }],
                "envFrom": [{ "configMapRef": { "name": "settings" } }],
                "volumeMounts": [{ "name": "db", "mountPath": "/etc/db" }]
            }],
            "volumes": [{ "name": "db", "secret": { "secretName": "db" } }]
        }
    })
}

/// The in-tree form: policy and binding.
pub(super) fn in_tree() -> [Value; 2] {
    let expression = format!(
        "object.spec.?nodeSelector[?'{REGION}'].orValue('') in [{}]",
        REGIONS.map(|region| format!("'{region}'")).join(", ")
    );
    let policy = json!({
        "failurePolicy": "Fail",
        "matchConstraints": {
            "objectSelector": { "matchExpressions": [{ "key": CLASS, "operator": "Exists" }] },
            "resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"]
            }]
        },
        "validations": [{ "expression": expression, "message": "name a mainland region in nodeSelector" }]
    });
    let binding = json!({ "policyName": NAME, "validationActions": ["Deny"] });
    [
        admission("ValidatingAdmissionPolicy", NAME, &policy),
        admission("ValidatingAdmissionPolicyBinding", NAME, &binding),
    ]
}

/// Kyverno's form: a ClusterPolicy with a pattern, which is what most of its users run.
pub(super) fn kyverno() -> Value {
    let pattern = json!({ "spec": { "nodeSelector": { REGION: REGIONS.join(" | ") } } });
    let selector = json!({ "matchExpressions": [{ "key": CLASS, "operator": "Exists" }] });
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": NAME },
        "spec": {
            "background": false,
            "rules": [{
                "name": "region",
                "match": { "any": [{ "resources": { "kinds": ["Pod"], "selector": selector } }] },
                "validate": {
                    "failureAction": "Enforce",
                    "message": "name a mainland region in nodeSelector",
                    "pattern": pattern
                }
            }]
        }
    })
}
