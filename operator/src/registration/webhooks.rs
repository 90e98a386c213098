//! The webhook configurations. (pure)

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

use super::{MADE_AND_CHANGED, Plan, namespace_selector, rule, workload_rules};
use crate::webhook::{MUTATE, VALIDATE};

mod conditions;

use conditions::{
    concerns_classes, concerns_enrolment, config_maps_only_with_data, lets_out_where_guarded,
    not_by_endpoint_controllers, not_only_going, only_with_labels, status_only_with_labels,
};

/// The name of both configurations.
pub(super) const NAME: &str = "bund";
/// How long the API server waits for us.
const TIMEOUT_SECONDS: u8 = 5;

/// Where the API server finds us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Behind a Service.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
    /// Outside the cluster, at `https://host:port` without a path.
    Url(String),
}

impl Endpoint {
    fn client_config(&self, path: &str, bundle: &str) -> Value {
        let bundle = json!(ByteString(bundle.as_bytes().to_vec()));
        match self {
            Self::Service { namespace, name, port } => json!({
                "service": { "namespace": namespace, "name": name, "port": port, "path": path },
                "caBundle": bundle,
            }),
            Self::Url(url) => {
                json!({ "url": format!("{}{path}", url.trim_end_matches('/')), "caBundle": bundle })
            }
        }
    }

    /// What the certificate must be good for.
    pub fn certificate_names(&self) -> Vec<String> {
        match self {
            Self::Service { namespace, name, port: _ } => {
                vec![format!("{name}.{namespace}.svc"), format!("{name}.{namespace}")]
            }
            Self::Url(url) => {
                let rest = url.strip_prefix("https://").unwrap_or(url);
                let authority = rest.split('/').next().unwrap_or_default();
                let host = match authority.rsplit_once(':') {
                    Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
                    _ => authority,
                };
                vec![host.trim_matches(['[', ']']).to_owned()]
            }
        }
    }
}

/// Confines and marks pods, and marks copies.
pub fn mutating(plan: &Plan) -> Value {
    configuration("MutatingWebhookConfiguration", vec![made(plan)])
}

/// Refuses what leads out.
pub fn validating(plan: &Plan) -> Value {
    let entries = [guarded(plan), namespaces(plan), storage(plan)];
    configuration("ValidatingWebhookConfiguration", entries.into())
}

/// What is made in guarded namespaces: claims and snapshots, which may be copies; transfers and decisions on them, which are
/// stamped; pods only where a policy has them confined or closes egress, so that elsewhere no pod waits for us twice.
fn made(plan: &Plan) -> Map<String, Value> {
    let confined: &[&str] =
        if plan.changes_pods { &["persistentvolumeclaims", "pods"] } else { &["persistentvolumeclaims"] };
    let rules = vec![
        rule("", confined, &["CREATE"], "Namespaced"),
        rule(SNAPSHOTS, &["volumesnapshots"], &["CREATE"], "Namespaced"),
        decided(),
    ];
    let selector = namespace_selector(Some("In"), &plan.exempt);
    let mut made = entry(plan, "made.bund.dev", MUTATE, selector, rules);
    // What another webhook adds afterwards (a sidecar that mounts a classified volume) is seen too.
    made.insert("reinvocationPolicy".to_owned(), "IfNeeded".into());
    made
}

/// Carriers that are asked about only where their labels change.
const BY_LABELS: [&str; 3] = ["secrets", "configmaps", "serviceaccounts"];
/// The group of snapshots, of a project of its own.
const SNAPSHOTS: &str = "snapshot.storage.k8s.io";

/// The group of the Gateway API.
const GATEWAY: &str = "gateway.networking.k8s.io";

/// What leads connections and requests on. Of kinds that the API server does not serve it is simply never called.
fn leading() -> [Value; 6] {
    let gateway = [
        "backendtlspolicies",
        "gateways",
        "grpcroutes",
        "httproutes",
        "listenersets",
        "referencegrants",
        "tcproutes",
        "tlsroutes",
        "udproutes",
    ];
    [
        rule("", &["services", "endpoints"], &MADE_AND_CHANGED, "Namespaced"),
        rule("", &["services/status"], &["UPDATE"], "Namespaced"),
        rule("discovery.k8s.io", &["endpointslices"], &MADE_AND_CHANGED, "Namespaced"),
        rule("networking.k8s.io", &["ingresses"], &MADE_AND_CHANGED, "Namespaced"),
        rule("networking.k8s.io", &["ingresses/status"], &["UPDATE"], "Namespaced"),
        rule(GATEWAY, &gateway, &MADE_AND_CHANGED, "Namespaced"),
    ]
}

/// What lets pods out by the network: the policies of Kubernetes, and those of other engines, which add to them.
const LET_OUT: [(&str, &str); 7] = [
    ("networking.k8s.io", "networkpolicies"),
    ("cilium.io", "ciliumnetworkpolicies"),
    ("crd.projectcalico.org", "networkpolicies"),
    ("projectcalico.org", "networkpolicies"),
    ("crd.antrea.io", "networkpolicies"),
    ("networking.gke.io", "fqdnnetworkpolicies"),
    ("networking.k8s.aws", "applicationnetworkpolicies"),
];

/// What does so in many namespaces and lies in none.
const LET_OUT_OF_MANY: [(&str, &str); 5] = [
    ("policy.networking.k8s.io", "adminnetworkpolicies"),
    ("policy.networking.k8s.io", "clusternetworkpolicies"),
    ("cilium.io", "ciliumclusterwidenetworkpolicies"),
    ("crd.projectcalico.org", "globalnetworkpolicies"),
    ("projectcalico.org", "globalnetworkpolicies"),
];

/// The ways through the API server into pods. `kubectl cp` is an exec, and `kubectl debug` adds a container.
const CONNECTED: [&str; 5] = ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy"];

/// Transfers and decisions on them. They do not change.
fn decided() -> Value {
    rule(bund_crds::GROUP, &["crossbordertransfers", "transferapprovals"], &["CREATE"], "Namespaced")
}

/// What lives in guarded namespaces.
fn guarded(plan: &Plan) -> Map<String, Value> {
    let made_and_changed = ["pods", "replicationcontrollers", "podtemplates", "persistentvolumeclaims"];
    let changed = ["pods/ephemeralcontainers", "pods/resize", "pods/status", "persistentvolumeclaims/status"];
    let mut rules = vec![
        rule("", &made_and_changed, &MADE_AND_CHANGED, "Namespaced"),
        rule("", &changed, &["UPDATE"], "Namespaced"),
        rule("", &BY_LABELS, &["UPDATE"], "Namespaced"),
        rule("", &["pods/binding", "bindings"], &["CREATE"], "Namespaced"),
        rule("", &CONNECTED, &["CONNECT"], "Namespaced"),
        rule(SNAPSHOTS, &["volumesnapshots"], &MADE_AND_CHANGED, "Namespaced"),
        decided(),
    ];
    rules.extend(leading());
    if plan.hints {
        rules.push(rule("", &["configmaps"], &["CREATE"], "Namespaced"));
    }
    rules.extend(workload_rules());
    // Of kinds that the API server does not serve (yet) it is simply never called.
    let let_out = LET_OUT.iter();
    rules.extend(let_out.map(|(group, resource)| rule(group, &[resource], &MADE_AND_CHANGED, "Namespaced")));
    let mapped = plan.mapped.iter();
    rules.extend(mapped.map(|(group, resource)| rule(group, &[resource], &MADE_AND_CHANGED, "*")));
    let selector = namespace_selector(Some("In"), &plan.exempt);
    let content = if plan.hints {
        vec![only_with_labels(&["secrets", "serviceaccounts"]), config_maps_only_with_data()]
    } else {
        vec![only_with_labels(&BY_LABELS)]
    };
    let always = [not_only_going(), status_only_with_labels(), not_by_endpoint_controllers()];
    let conditions: Vec<_> = always.into_iter().chain(content).collect();
    let guarded = entry(plan, "guarded.bund.dev", VALIDATE, selector, rules);
    conditioned(guarded, conditions.into())
}

/// Namespaces that hold, or held, a class or the enrolment. Others are never called for, so that no fault of ours
/// keeps anybody from making a namespace.
fn namespaces(plan: &Plan) -> Map<String, Value> {
    let rules = vec![
        rule("", &["namespaces"], &MADE_AND_CHANGED, "Cluster"),
        rule("", &["namespaces/status", "namespaces/finalize"], &["UPDATE"], "Cluster"),
    ];
    let selector = namespace_selector(None, &plan.exempt);
    let namespaces = entry(plan, "namespaces.bund.dev", VALIDATE, selector, rules);
    let conditions = json!([concerns_enrolment(), not_only_going(), status_only_with_labels()]);
    conditioned(namespaces, conditions)
}

/// What lives in no namespace: volumes and contents of snapshots that hold, or held, a class, and network policies that may let
/// pods of guarded namespaces out. Classes of storage hold no data; they are judged where they are used.
fn storage(plan: &Plan) -> Map<String, Value> {
    let mut rules = vec![
        rule("", &["persistentvolumes"], &MADE_AND_CHANGED, "Cluster"),
        rule("", &["persistentvolumes/status"], &["UPDATE"], "Cluster"),
        rule(SNAPSHOTS, &["volumesnapshotcontents"], &MADE_AND_CHANGED, "Cluster"),
    ];
    let many = LET_OUT_OF_MANY.iter();
    rules.extend(many.map(|(group, resource)| rule(group, &[resource], &MADE_AND_CHANGED, "Cluster")));
    let policies = LET_OUT_OF_MANY.map(|(_, resource)| resource);
    let storage = entry(plan, "storage.bund.dev", VALIDATE, json!({}), rules);
    let conditions = json!([
        concerns_classes(&policies),
        lets_out_where_guarded(&policies),
        not_only_going(),
        status_only_with_labels()
    ]);
    conditioned(storage, conditions)
}

fn conditioned(mut entry: Map<String, Value>, conditions: Value) -> Map<String, Value> {
    entry.insert("matchConditions".to_owned(), conditions);
    entry
}

/// What every entry says. Every field is given: what is left out, the API server would fill in for us.
fn entry(plan: &Plan, name: &str, path: &str, selector: Value, rules: Vec<Value>) -> Map<String, Value> {
    let members = [
        ("name", name.into()),
        ("admissionReviewVersions", json!(["v1"])),
        ("clientConfig", plan.endpoint.client_config(path, &plan.bundle)),
        ("failurePolicy", "Fail".into()),
        ("matchPolicy", "Equivalent".into()),
        ("namespaceSelector", selector),
        ("objectSelector", json!({})),
        ("rules", rules.into()),
        ("sideEffects", "None".into()),
        ("timeoutSeconds", TIMEOUT_SECONDS.into()),
    ];
    members.into_iter().map(|(member, value)| (member.to_owned(), value)).collect()
}

fn configuration(kind: &str, webhooks: Vec<Map<String, Value>>) -> Value {
    let webhooks: Vec<Value> = webhooks.into_iter().map(Value::Object).collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": { "name": NAME, "labels": { "app.kubernetes.io/part-of": "bund" } },
        "webhooks": Value::Array(webhooks),
    })
}

#[cfg(test)]
mod tests;
