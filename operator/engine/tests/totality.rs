//! The engine answers everything, the same way every time, and says what it took for granted.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bund_engine::{Assumption, Decision, Operation, Request, Snapshot, Timestamp, Verdict, decide};
use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;
#[path = "support/objects.rs"]
mod objects;
#[path = "support/pods.rs"]
mod pods;

use facts::NAMESPACE;

/// A world with something of everything, in which nothing but labels that a test adds attaches a class.
fn world() -> Vec<Value> {
    world_of("topology.kubernetes.io/region")
}

fn world_of(node_key: &str) -> Vec<Value> {
    let mut facts: Vec<Value> = facts::mixed(node_key).into_iter().chain([facts::policy("Inject")]).collect();
    facts.extend([
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "DestinationMapping", "metadata": {"name": "rollouts"},
            "spec": {
                "target": {"group": "argoproj.io", "kind": "Rollout", "resource": "rollouts"},
                "templates": [{"query": "$.spec.template"}],
                "destinations": [{"query": "$.spec.hosts[*]", "type": "Host"}]
            }
        }),
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": {"name": "elsewhere"},
            "spec": {
                "dataClasses": ["logs"], "jurisdictions": ["singapore"],
                "enforcement": {"placement": "Deny", "egress": "Deny"}, "placementStrategy": "Require"
            }
        }),
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": {"name": "logs"},
            "spec": {"category": "ActivityLogs"}
        }),
    ]);
    facts
}

fn unreadable() -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": {"name": "broken"}, "spec": 7})
}

fn observed(facts: impl IntoIterator<Item = Value>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for fact in facts {
        snapshot.observe(&fact);
    }
    snapshot
}

fn with_classes(object: &Value, classes: &[&str]) -> Value {
    let mut object = object.clone();
    for class in classes {
        object["metadata"]["labels"][format!("data-class.bund.dev/{class}")] = json!("");
    }
    object
}

fn bytes(decision: &Decision) -> String {
    serde_json::to_string(&(decision, decision.response())).unwrap()
}

fn answer(request: &Request, snapshot: &Snapshot) -> Decision {
    decide(request, snapshot, Timestamp::UNIX_EPOCH)
}

fn request() -> impl Strategy<Value = Request> {
    let operation = prop_oneof![
        Just(Operation::Create),
        Just(Operation::Update),
        Just(Operation::Delete),
        Just(Operation::Connect)
    ];
    let subresource = prop_oneof![
        4 => Just(None),
        1 => proptest::sample::select(vec!["binding", "ephemeralcontainers", "resize", "status", ""]).prop_map(Some),
    ];
    let object =
        || proptest::option::weighted(0.9, prop_oneof![4 => objects::damaged(), 1 => objects::garbage()]);
    let namespace =
        proptest::sample::select(vec![None, Some(""), Some(NAMESPACE), Some("unknown"), Some("kube-system")]);
    (operation, subresource, namespace, object(), object()).prop_map(
        |(operation, subresource, namespace, object, old_object)| Request {
            operation,
            subresource: subresource.map(Into::into),
            namespace: namespace.map(str::to_owned),
            name: None,
            object,
            old_object,
            rights: bund_engine::Rights::default(),
        },
    )
}

proptest! {
    #![proptest_config(pods::config())]

    #[test]
    fn every_request_is_answered_twice_with_the_same_bytes(request in request(), classified in any::<bool>()) {
        let mut snapshot = facts::snapshot(world());
        snapshot.observe(&unreadable());
        if classified {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
            snapshot.observe(&with_classes(&namespace, &[facts::CLASS, "nobody-declares-it"]));
        }
        let (first, second) = (answer(&request, &snapshot), answer(&request.clone(), &snapshot.clone()));
        prop_assert_eq!(bytes(&first), bytes(&second));
    }

    #[test]
    fn what_holds_no_class_breaks_no_rule_whatever_it_looks_like(request in request()) {
        let mut snapshot = facts::snapshot(world());
        snapshot.observe(&unreadable());
        let decision = answer(&request, &snapshot);
        prop_assert_eq!(&decision.findings, &vec![]);
        prop_assert_eq!((decision.verdict, decision.injection), (Verdict::NotApplicable, None));
    }

    #[test]
    fn a_class_more_never_makes_a_refused_object_pass(
        spec in pods::pod_spec(),
        node_key in pods::node_key(),
        object in proptest::sample::select(objects::sound()),
        fewer in subsequence(vec!["personal-information", "logs", "nobody-declares-it"], 0..=3),
        more in subsequence(vec!["personal-information", "logs", "nobody-declares-it"], 0..=3),
    ) {
        let snapshot = facts::snapshot(world_of(node_key));
        let union: Vec<_> = fewer.iter().chain(&more).copied().collect();
        for object in [facts::pod(&spec), object] {
            let answer = |classes: &[&str]| {
                answer(&Request::of_object(with_classes(&object, classes), None), &snapshot)
            };
            let (few, many) = (answer(&fewer), answer(&union));
            prop_assert!(few.response().allowed || !many.response().allowed);
            prop_assert!(few.verdict != Verdict::Deny || many.verdict == Verdict::Deny);
        }
    }

    #[test]
    fn the_order_in_which_facts_are_observed_does_not_matter(
        facts in Just(carriers().into_iter().chain(world()).chain([unreadable()]).collect::<Vec<_>>()).prop_shuffle(),
        request in request(),
        gone in proptest::sample::select(carriers()),
    ) {
        let in_order = carriers().into_iter().chain(world()).chain([unreadable()]);
        let expected = observed(in_order);
        let mut shuffled = observed(facts.clone());
        prop_assert_eq!(bytes(&answer(&request, &shuffled)), bytes(&answer(&request, &expected)));

        // What was observed twice and forgotten is as if it had never been.
        let without = observed(facts.into_iter().filter(|fact| *fact != gone));
        shuffled.observe(&gone);
        shuffled.forget(&shuffled.extract(&gone, None, None).id);
        prop_assert_eq!(bytes(&answer(&request, &shuffled)), bytes(&answer(&request, &without)));
    }
}

/// Carriers that hold classes and pass them on to each other, under the names that the sound objects mention.
fn carriers() -> Vec<Value> {
    let named = |kind: &str, name: &str, spec: Value| {
        let namespace = (kind != "PersistentVolume").then_some(NAMESPACE);
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": {}}, "spec": spec})
    };
    let claim = json!({"namespace": NAMESPACE, "name": "data"});
    let copy = json!({"dataSource": {"kind": "PersistentVolumeClaim", "name": "data"}});
    vec![
        with_classes(&named("Secret", "key", Value::Null), &["logs"]),
        named("PersistentVolumeClaim", "data", json!({})),
        named("PersistentVolumeClaim", "old", copy),
        with_classes(&named("PersistentVolume", "pv-1", json!({"claimRef": claim})), &[facts::CLASS]),
        with_classes(&named("PersistentVolume", "pv-2", json!({"claimRef": claim})), &["logs"]),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "unknown"}}),
    ]
}

#[test]
fn what_is_not_known_is_listed_as_taken_for_granted() {
    let pod = with_classes(&objects::sound()[0], &[facts::CLASS]);
    let mut pod = Request::of_object(pod, None);
    pod.object.as_mut().unwrap()["metadata"]["namespace"] = json!("nowhere");
    let decision = answer(&pod, &Snapshot::default());
    let assumed: Vec<_> = decision.assumptions.iter().map(ToString::to_string).collect();
    assert_eq!(
        assumed,
        [
            "no ClusterLocation is given; nodes are taken to be inside only where topology.kubernetes.io/region says so",
            "Namespace nowhere is not given; it is taken to be guarded",
            "PersistentVolumeClaim data in nowhere is not given; it is taken to hold no class",
            "Secret key in nowhere is not given; it is taken to hold no class",
            "Secret registry in nowhere is not given; it is taken to hold no class",
            "ConfigMap settings in nowhere is not given; it is taken to hold no class",
            "ServiceAccount shop in nowhere is not given; it is taken to hold no class",
        ]
    );
    let binding = objects::sound().into_iter().find(|object| object["kind"] == "Binding").unwrap();
    let decision = answer(&Request::of_object(binding, None), &facts::snapshot(world()));
    let absent = Assumption::PodAbsent { namespace: NAMESPACE.into(), name: "shop".into() };
    assert_eq!(decision.assumptions.into_iter().collect::<Vec<_>>(), [absent]);
}

#[test]
fn objects_as_large_as_the_api_server_takes_are_answered() {
    const MANY: usize = 2_000;
    let mut facts = world();
    facts.extend(carriers());
    // Each claim is a copy of the one before, and each holds a class.
    facts.extend((0..300).map(|index| {
        let source = json!({"kind": "PersistentVolumeClaim", "name": format!("copy-{}", index + 1)});
        let metadata = json!({"name": format!("copy-{index}"), "namespace": NAMESPACE, "labels": {}});
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {"dataSource": source}});
        with_classes(&claim, &["logs"])
    }));
    let snapshot = facts::snapshot(facts);
    let required = |terms: Value| {
        json!({"affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}
        }}})
    };
    let texts = |from: usize| (from..from + MANY).map(|n| format!("v{n}")).collect::<Vec<_>>();
    let expression = |operator: &str, values: &[String]| json!({"key": "disktype", "operator": operator, "values": values});
    let repeated = |value: Value| vec![value; MANY];
    let mut deep = json!({"secretName": "key"});
    for _ in 0..2_000 {
        deep = json!({ "deeper": deep });
    }
    let specs = [
        required(json!(repeated(json!({"matchExpressions": [expression("In", &texts(0)[..2])]})))),
        required(json!([{"matchExpressions": [
            expression("In", &texts(0)), expression("NotIn", &texts(MANY)), expression("In", &texts(0))
        ]}])),
        json!({"nodeSelector": texts(0).into_iter().map(|key| (key, json!(7))).collect::<serde_json::Map<_, _>>()}),
        json!({"containers": [{"envFrom": repeated(json!({"secretRef": {"name": "key"}}))}]}),
        json!({"volumes": repeated(json!({"name": "a", "ephemeral": {"volumeClaimTemplate": {
            "metadata": {"labels": {"data-class.bund.dev/logs": ""}}, "spec": {"volumeName": "pv-1"}
        }}}))}),
        json!({"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "copy-0"}}]}),
        json!({"volumes": [deep]}),
        texts(0).into_iter().map(|field| (field, Value::Null)).collect::<serde_json::Map<_, _>>().into(),
    ];
    for spec in specs {
        let answer = answer(&Request::of_object(facts::pod(&spec), None), &snapshot);
        assert_ne!(answer.verdict, Verdict::NotApplicable);
        assert!(answer.response().refusals.len() <= answer.findings.len());
    }
    let hosts = json!({"hosts": texts(0)});
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r", "namespace": NAMESPACE, "labels": {}},
        "spec": hosts
    });
    let answer =
        answer(&Request::of_object(with_classes(&rollout, &["logs", "nobody-declares-it"]), None), &snapshot);
    let of_logs =
        answer.findings.iter().filter(|f| f.class.as_ref().is_some_and(|class| class.as_str() == "logs"));
    assert_eq!(of_logs.filter(|f| f.reason == bund_engine::Reason::DestinationOutside).count(), MANY);
    assert_eq!(answer.response().refusals.len(), MANY);
}
