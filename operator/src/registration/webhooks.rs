//! The webhook configurations. (pure)

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

use super::{MADE_AND_CHANGED, Plan, namespace_selector, rule, workload_rules};
use crate::webhook::{MUTATE, VALIDATE};

mod conditions;

use conditions::{
    concerns_classes, concerns_enrolment, not_only_going, only_with_labels, status_only_with_labels,
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

/// Confines pods and marks copies.
pub fn mutating(plan: &Plan) -> Value {
    configuration("MutatingWebhookConfiguration", vec![made(plan)])
}

/// Refuses what leads out.
pub fn validating(plan: &Plan) -> Value {
    let entries = [guarded(plan), namespaces(plan), storage(plan)];
    configuration("ValidatingWebhookConfiguration", entries.into())
}

/// What is made in guarded namespaces: claims and snapshots, which may be copies; transfers and decisions on them, which are
/// stamped; pods only where a policy has them confined, so that elsewhere no pod waits for us twice.
fn made(plan: &Plan) -> Map<String, Value> {
    let confined: &[&str] =
        if plan.confines { &["persistentvolumeclaims", "pods"] } else { &["persistentvolumeclaims"] };
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
        rule(SNAPSHOTS, &["volumesnapshots"], &MADE_AND_CHANGED, "Namespaced"),
        rule("gateway.networking.k8s.io", &["referencegrants"], &MADE_AND_CHANGED, "Namespaced"),
        decided(),
    ];
    rules.extend(workload_rules());
    // Of kinds that the API server does not serve (yet) it is simply never called.
    let mapped = plan.mapped.iter();
    rules.extend(mapped.map(|(group, resource)| rule(group, &[resource], &MADE_AND_CHANGED, "*")));
    let selector = namespace_selector(Some("In"), &plan.exempt);
    let conditions = json!([not_only_going(), status_only_with_labels(), only_with_labels(&BY_LABELS)]);
    let guarded = entry(plan, "guarded.bund.dev", VALIDATE, selector, rules);
    conditioned(guarded, conditions)
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

/// Volumes and contents of snapshots, which live in no namespace: those that hold, or held, a class. Classes of storage
/// hold no data; they are judged where they are used.
fn storage(plan: &Plan) -> Map<String, Value> {
    let rules = vec![
        rule("", &["persistentvolumes"], &MADE_AND_CHANGED, "Cluster"),
        rule("", &["persistentvolumes/status"], &["UPDATE"], "Cluster"),
        rule(SNAPSHOTS, &["volumesnapshotcontents"], &MADE_AND_CHANGED, "Cluster"),
    ];
    let storage = entry(plan, "storage.bund.dev", VALIDATE, json!({}), rules);
    conditioned(storage, json!([concerns_classes(), not_only_going(), status_only_with_labels()]))
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
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            endpoint: Endpoint::Service {
                namespace: "bund-system".to_owned(),
                name: "bund-webhook".to_owned(),
                port: 443,
            },
            bundle: "PEM".to_owned(),
            exempt: vec!["kube-system".to_owned()],
            mapped: vec![("argoproj.io".to_owned(), "rollouts".to_owned())],
            confines: true,
            protected: crate::registration::Protected::default(),
            trusted: crate::registration::Trusted::new(),
            floor: std::collections::BTreeMap::new(),
            writer: "leader".to_owned(),
        }
    }

    fn client_config(path: &str) -> Value {
        json!({
            "service": { "namespace": "bund-system", "name": "bund-webhook", "port": 443, "path": path },
            "caBundle": "UEVN"
        })
    }

    const NOT_EXEMPT: &str =
        r#"{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}"#;

    fn guarded_selector() -> Value {
        let not_exempt: Value = serde_json::from_str(NOT_EXEMPT).unwrap();
        json!({ "matchExpressions": [
            { "key": "bund.dev/guarded", "operator": "In", "values": ["true"] }, not_exempt
        ] })
    }

    #[test]
    fn pods_are_confined_and_copies_marked_when_they_are_made() {
        let expected = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": { "name": "bund", "labels": { "app.kubernetes.io/part-of": "bund" } },
            "webhooks": [{
                "name": "made.bund.dev",
                "admissionReviewVersions": ["v1"],
                "clientConfig": client_config("/mutate"),
                "failurePolicy": "Fail",
                "matchPolicy": "Equivalent",
                "namespaceSelector": guarded_selector(),
                "objectSelector": {},
                "reinvocationPolicy": "IfNeeded",
                "rules": [
                    { "apiGroups": [""], "apiVersions": ["*"], "resources": ["persistentvolumeclaims", "pods"],
                      "operations": ["CREATE"], "scope": "Namespaced" },
                    { "apiGroups": ["snapshot.storage.k8s.io"], "apiVersions": ["*"],
                      "resources": ["volumesnapshots"], "operations": ["CREATE"], "scope": "Namespaced" },
                    { "apiGroups": ["bund.dev"], "apiVersions": ["*"],
                      "resources": ["crossbordertransfers", "transferapprovals"],
                      "operations": ["CREATE"], "scope": "Namespaced" }
                ],
                "sideEffects": "None",
                "timeoutSeconds": 5
            }]
        });
        assert_eq!(mutating(&plan()), expected);
        let nothing_to_confine = Plan { confines: false, ..plan() };
        let asked = &mutating(&nothing_to_confine)["webhooks"][0]["rules"][0]["resources"];
        assert_eq!(*asked, json!(["persistentvolumeclaims"]));
    }

    #[test]
    fn every_entry_fails_closed_and_only_where_namespaces_are_enrolled_or_conditions_hold() {
        let validating = validating(&plan());
        let entries = validating["webhooks"].as_array().unwrap();
        assert_eq!(entries.len(), 3, "with the mutating one, the four that there may be");
        for entry in entries {
            assert_eq!(entry["failurePolicy"], "Fail");
            assert_eq!(entry["sideEffects"], "None");
            let bounded =
                entry["namespaceSelector"] == guarded_selector() || entry.get("matchConditions").is_some();
            assert!(bounded, "{}", entry["name"]);
        }
    }

    /// The resources of an entry, each with the number of operations that are asked about.
    fn resources(entry: &Map<String, Value>) -> Vec<String> {
        let of_rule = |rule: &Value| {
            let group = rule["apiGroups"][0].as_str().unwrap().to_owned();
            let verbs = rule["operations"].as_array().unwrap().len();
            let names = rule["resources"].as_array().unwrap().clone();
            names.into_iter().map(move |name| format!("{group}/{} {verbs}", name.as_str().unwrap()))
        };
        entry["rules"].as_array().unwrap().iter().flat_map(of_rule).collect()
    }

    #[test]
    fn volumes_without_a_namespace_are_asked_about_where_they_hold_a_class() {
        let storage = storage(&plan());
        assert_eq!(
            resources(&storage),
            [
                "/persistentvolumes 2",
                "/persistentvolumes/status 1",
                "snapshot.storage.k8s.io/volumesnapshotcontents 2"
            ]
        );
        assert_eq!(storage["matchConditions"][0], concerns_classes());
    }

    #[test]
    fn the_resources_of_guarded_namespaces_are_those_that_can_place_data_or_lose_a_class() {
        assert_eq!(
            resources(&guarded(&plan())),
            [
                "/pods 2",
                "/replicationcontrollers 2",
                "/podtemplates 2",
                "/persistentvolumeclaims 2",
                "/pods/ephemeralcontainers 1",
                "/pods/resize 1",
                "/pods/status 1",
                "/persistentvolumeclaims/status 1",
                "/secrets 1",
                "/configmaps 1",
                "/serviceaccounts 1",
                "/pods/binding 1",
                "/bindings 1",
                "snapshot.storage.k8s.io/volumesnapshots 2",
                "gateway.networking.k8s.io/referencegrants 2",
                "bund.dev/crossbordertransfers 1",
                "bund.dev/transferapprovals 1",
                "apps/deployments 2",
                "apps/statefulsets 2",
                "apps/daemonsets 2",
                "apps/replicasets 2",
                "batch/jobs 2",
                "batch/cronjobs 2",
                "argoproj.io/rollouts 2",
            ]
        );
    }

    #[test]
    fn a_url_names_the_host_of_the_certificate() {
        for (url, host) in [
            ("https://127.0.0.1:8443", "127.0.0.1"),
            ("https://[::1]:8443/", "::1"),
            ("https://bund.example.cn", "bund.example.cn"),
        ] {
            assert_eq!(Endpoint::Url(url.to_owned()).certificate_names(), [host]);
        }
        let config = Endpoint::Url("https://127.0.0.1:1/".to_owned()).client_config("/validate", "PEM");
        assert_eq!(config, json!({ "url": "https://127.0.0.1:1/validate", "caBundle": "UEVN" }));
    }
}
