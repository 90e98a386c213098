//! The webhook configurations, whole or by what they ask about.

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
        changes_pods: true,
        hints: false,
        protected: crate::registration::Protected::default(),
        trusted: crate::registration::Trusted::new(),
        connect: None,
        trusted_to_connect: crate::registration::Trusted::new(),
        egress: None,
        network: None,
        inside: None,
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
    let nothing_to_confine = Plan { changes_pods: false, ..plan() };
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
            "snapshot.storage.k8s.io/volumesnapshotcontents 2",
            "policy.networking.k8s.io/adminnetworkpolicies 2",
            "policy.networking.k8s.io/clusternetworkpolicies 2",
            "cilium.io/ciliumclusterwidenetworkpolicies 2",
            "crd.projectcalico.org/globalnetworkpolicies 2",
            "projectcalico.org/globalnetworkpolicies 2"
        ]
    );
    let policies = LET_OUT_OF_MANY.map(|(_, resource)| resource);
    let conditions = [concerns_classes(&policies), lets_out_where_guarded(&policies)];
    assert_eq!(storage["matchConditions"].as_array().unwrap()[..2], conditions);
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
            "/pods/exec 1",
            "/pods/attach 1",
            "/pods/portforward 1",
            "/pods/proxy 1",
            "/services/proxy 1",
            "snapshot.storage.k8s.io/volumesnapshots 2",
            "bund.dev/crossbordertransfers 1",
            "bund.dev/transferapprovals 1",
            "/services 2",
            "/endpoints 2",
            "/services/status 1",
            "discovery.k8s.io/endpointslices 2",
            "networking.k8s.io/ingresses 2",
            "networking.k8s.io/ingresses/status 1",
            "gateway.networking.k8s.io/backendtlspolicies 2",
            "gateway.networking.k8s.io/gateways 2",
            "gateway.networking.k8s.io/grpcroutes 2",
            "gateway.networking.k8s.io/httproutes 2",
            "gateway.networking.k8s.io/listenersets 2",
            "gateway.networking.k8s.io/referencegrants 2",
            "gateway.networking.k8s.io/tcproutes 2",
            "gateway.networking.k8s.io/tlsroutes 2",
            "gateway.networking.k8s.io/udproutes 2",
            "apps/deployments 2",
            "apps/statefulsets 2",
            "apps/daemonsets 2",
            "apps/replicasets 2",
            "batch/jobs 2",
            "batch/cronjobs 2",
            "networking.k8s.io/networkpolicies 2",
            "cilium.io/ciliumnetworkpolicies 2",
            "crd.projectcalico.org/networkpolicies 2",
            "projectcalico.org/networkpolicies 2",
            "crd.antrea.io/networkpolicies 2",
            "networking.gke.io/fqdnnetworkpolicies 2",
            "networking.k8s.aws/applicationnetworkpolicies 2",
            "argoproj.io/rollouts 2",
        ]
    );
}

#[test]
fn what_config_maps_hold_is_seen_where_hints_are_asked_for_and_what_secrets_hold_nowhere() {
    let about = |plan: &Plan| -> Vec<String> {
        let kept = |resource: &String| resource.contains("configmaps") || resource.contains("secrets");
        resources(&guarded(plan)).into_iter().filter(kept).collect()
    };
    let conditions = |plan: &Plan| guarded(plan)["matchConditions"].clone();
    assert_eq!(about(&plan()), ["/secrets 1", "/configmaps 1"]);
    assert_eq!(
        conditions(&plan()),
        json!([
            not_only_going(),
            status_only_with_labels(),
            not_by_endpoint_controllers(),
            only_with_labels(&BY_LABELS)
        ])
    );
    let hints = Plan { hints: true, ..plan() };
    assert_eq!(about(&hints), ["/secrets 1", "/configmaps 1", "/configmaps 1"]);
    assert_eq!(
        conditions(&hints),
        json!([
            not_only_going(),
            status_only_with_labels(),
            not_by_endpoint_controllers(),
            only_with_labels(&["secrets", "serviceaccounts"]),
            config_maps_only_with_data()
        ])
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
