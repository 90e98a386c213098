//! What makes the API server call us: webhook configurations, and one policy that it evaluates by itself.
//!
//! Registered only while this process is ready and leads, so that a first installation locks nothing. Written by
//! server-side apply under [`FIELD_MANAGER`]; what others add to the objects stays.

mod apply;
mod break_glass;
mod class_labels;
mod foothold;
mod webhooks;

use serde_json::{Value, json};

pub use apply::{Registrar, Registration};
pub use break_glass::break_glass_policy;
pub use class_labels::class_label_policy;
pub use webhooks::{Endpoint, mutating, validating};

/// Who owns the fields that we write.
pub const FIELD_MANAGER: &str = "bund-operator";

/// What the objects depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where the API server finds us.
    pub endpoint: Endpoint,
    /// Authorities that sign our certificate, in PEM.
    pub bundle: String,
    /// Namespaces that are never called for, in order.
    pub exempt: Vec<String>,
    /// Mapped resources as `(group, resource)`, in order.
    pub mapped: Vec<(String, String)>,
}

impl Plan {
    /// What the custom resources ask for, with our own `namespace` exempt.
    pub fn of(
        world: &bund_engine::snapshot::World,
        endpoint: Endpoint,
        bundle: String,
        namespace: &str,
    ) -> Self {
        let always = ["kube-system", "kube-public", "kube-node-lease", namespace].map(str::to_owned);
        let named = world.location().exempt.iter().map(|name| name.as_str().to_owned());
        let mut exempt: Vec<_> = always.into_iter().chain(named).collect();
        exempt.sort();
        exempt.dedup();
        let mut mapped: Vec<_> = world
            .mappings()
            .map(|(_, mapping)| (mapping.target.group.clone(), mapping.target.resource.clone()))
            .collect();
        mapped.sort();
        mapped.dedup();
        Self { endpoint, bundle, exempt, mapped }
    }

    /// Every object to apply.
    pub fn objects(&self) -> Vec<Value> {
        vec![
            class_label_policy(&self.exempt),
            binding(class_labels::NAME),
            break_glass_policy(),
            binding(break_glass::NAME),
            validating(self),
            mutating(self),
        ]
    }
}

/// Selects namespaces by enrolment, without the exempt ones.
fn namespace_selector(guarded: Option<&str>, exempt: &[String]) -> Value {
    let by_name = json!({ "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": exempt });
    let enrolled = guarded.map(|operator| {
        json!({
            "key": bund_crds::labels::GUARDED,
            "operator": operator,
            "values": [bund_crds::labels::GUARDED_VALUE],
        })
    });
    let expressions: Vec<_> = enrolled.into_iter().chain([by_name]).collect();
    json!({ "matchExpressions": expressions })
}

/// A policy that the API server evaluates by itself.
fn policy(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "bund" } },
        "spec": spec,
    })
}

/// Puts the policy of the same name in force.
fn binding(name: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "bund" } },
        "spec": { "policyName": name, "validationActions": ["Deny"] },
    })
}

/// What makes or changes an object.
const MADE_AND_CHANGED: [&str; 2] = ["CREATE", "UPDATE"];

/// The workloads of the groups `apps` and `batch`, which both the webhook and the in-tree policy are asked about.
fn workload_rules() -> [Value; 2] {
    let apps = ["deployments", "statefulsets", "daemonsets", "replicasets"];
    [
        rule("apps", &apps, &MADE_AND_CHANGED, "Namespaced"),
        rule("batch", &["jobs", "cronjobs"], &MADE_AND_CHANGED, "Namespaced"),
    ]
}

/// A rule for some resources of one group, in every version: old versions lead to the same objects.
fn rule(group: &str, resources: &[&str], operations: &[&str], scope: &str) -> Value {
    json!({
        "apiGroups": [group],
        "apiVersions": ["*"],
        "resources": resources,
        "operations": operations,
        "scope": scope,
    })
}
