//! What the old object changes: it only softens, and only what is no worse than before.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use bund_engine::{Operation, Request, Snapshot, Subresource, Timestamp, decide};
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;

use facts::{INSIDE_NODE, NAMESPACE, OUTSIDE_NODE};

const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";

/// What somebody does to an object.
type Change = fn(&mut Value);

#[derive(Debug, PartialEq)]
enum Outcome {
    Passes,
    PassesWithAWarning,
    PassesAndIsRecorded,
    Refused,
}
use Outcome::{Passes, PassesAndIsRecorded, PassesWithAWarning, Refused};

fn outcome(request: &Request, snapshot: &Snapshot) -> Outcome {
    let response = decide(request, snapshot, Timestamp::UNIX_EPOCH).response();
    match (response.refusals.is_empty(), response.warnings.is_empty(), response.recorded.is_empty()) {
        (false, _, _) => Refused,
        (true, false, _) => PassesWithAWarning,
        (true, true, false) => PassesAndIsRecorded,
        (true, true, true) => Passes,
    }
}

fn snapshot(more: impl IntoIterator<Item = Value>) -> Snapshot {
    facts::snapshot(facts::mixed(REGION).into_iter().chain([facts::policy("Require")]).chain(more))
}

fn update(old: &Value, new: &Value) -> Request {
    Request::of_object(new.clone(), Some(old.clone()))
}

fn deployment(spec: &Value) -> Value {
    let template = facts::pod(spec);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": NAMESPACE},
        "spec": {"replicas": 3, "template": {"metadata": {"labels": template["metadata"]["labels"]}, "spec": template["spec"]}}
    })
}

fn requiring(terms: &[Value]) -> Value {
    json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}})
}

fn term(key: &str, value: &str) -> Value {
    json!({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]})
}

#[test]
fn an_update_is_refused_only_for_what_is_new() {
    let open = json!({});
    let selecting = |key: &str, value: &str| json!({"nodeSelector": {key: value}});
    let on = |node: &str| json!({ "nodeName": node });
    let cases = [
        ("nothing changes", open.clone(), open.clone(), PassesWithAWarning),
        ("it is confined at last", open.clone(), selecting(REGION, "cn-hangzhou"), Passes),
        ("it was confined and is let out", selecting(REGION, "cn-hangzhou"), open.clone(), Refused),
        ("it could run anywhere and is sent abroad", open.clone(), selecting(REGION, "cn-hongkong"), Refused),
        (
            "it could run anywhere and is sent abroad by its zone",
            open.clone(),
            selecting(ZONE, "cn-hongkong-b"),
            Refused,
        ),
        (
            "it could run anywhere and is tied to a label that nodes abroad may carry",
            open.clone(),
            selecting("kubernetes.io/hostname", OUTSIDE_NODE),
            Refused,
        ),
        ("it could run anywhere and names a node abroad", open.clone(), on(OUTSIDE_NODE), Refused),
        ("it could run anywhere and names a node inside", open.clone(), on(INSIDE_NODE), Passes),
        ("it stays on its node abroad", on(OUTSIDE_NODE), on(OUTSIDE_NODE), PassesWithAWarning),
        ("it goes from one node abroad to another", on(OUTSIDE_NODE), on("elsewhere-1"), Refused),
        (
            "it gains a second open term",
            requiring(&[term("disktype", "ssd")]),
            requiring(&[term("disktype", "ssd"), term("disktype", "hdd")]),
            Refused,
        ),
        (
            "it gains a term abroad beside an open one",
            requiring(&[term("disktype", "ssd")]),
            requiring(&[term("disktype", "ssd"), term(REGION, "cn-hongkong")]),
            Refused,
        ),
        (
            "it gains a term inside beside an open one",
            requiring(&[term("disktype", "ssd")]),
            requiring(&[term("disktype", "ssd"), term(REGION, "cn-hangzhou")]),
            PassesWithAWarning,
        ),
        (
            "its values change their order",
            requiring(&[json!({"matchExpressions": [{"key": "d", "operator": "In", "values": ["a", "b"]}]})]),
            requiring(&[json!({"matchExpressions": [{"key": "d", "operator": "In", "values": ["b", "a"]}]})]),
            PassesWithAWarning,
        ),
        (
            "it contradicts itself as before",
            selecting(REGION, "hk"),
            selecting(REGION, "hk"),
            PassesWithAWarning,
        ),
        (
            "it contradicts itself in another way",
            selecting(REGION, "hk"),
            selecting(REGION, "cn-hongkong"),
            Refused,
        ),
    ];
    for (name, old, new, expected) in cases {
        let (old, new) = (deployment(&old), deployment(&new));
        assert_eq!(outcome(&update(&old, &new), &snapshot([])), expected, "{name}");
    }
}

#[test]
fn scaling_annotating_and_letting_go_of_what_broke_the_rule_before_passes() {
    let old = deployment(&json!({}));
    let changes: [(&str, Change); 4] = [
        ("it is scaled down", |new| new["spec"]["replicas"] = json!(0)),
        ("it is scaled up", |new| new["spec"]["replicas"] = json!(9)),
        ("it gets an annotation", |new| new["metadata"]["annotations"] = json!({"a": "b"})),
        ("it gets a new image", |new| new["spec"]["template"]["spec"]["containers"] = json!([{"name": "c"}])),
    ];
    for (name, change) in changes {
        let mut new = old.clone();
        change(&mut new);
        assert_eq!(outcome(&update(&old, &new), &snapshot([])), PassesWithAWarning, "{name}");
    }
}

#[test]
fn a_class_that_is_gained_makes_every_finding_of_it_new() {
    let old = deployment(&json!({}));
    let mut new = old.clone();
    new["spec"]["template"]["metadata"]["labels"]["data-class.bund.dev/nobody-declares-it"] = json!("");
    assert_eq!(outcome(&update(&old, &new), &snapshot([])), Refused);
    let mut unclassified = old.clone();
    unclassified["spec"]["template"]["metadata"]["labels"] = json!({});
    assert_eq!(outcome(&update(&unclassified, &old), &snapshot([])), Refused);
}

#[test]
fn the_same_finding_once_more_is_new() {
    let mapping = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "DestinationMapping", "metadata": {"name": "trainings"},
        "spec": {
            "target": {"group": "example.cn", "kind": "Training", "resource": "trainings"},
            "templates": [{"query": "$.spec.roles[*].template"}]
        }
    });
    let template = |spec: &Value| deployment(spec)["spec"]["template"].clone();
    let training = |specs: &[Value]| {
        let roles: Vec<_> = specs.iter().map(|spec| json!({"template": template(spec)})).collect();
        let metadata = json!({"name": "t", "namespace": NAMESPACE});
        json!({"apiVersion": "example.cn/v1", "kind": "Training", "metadata": metadata, "spec": {"roles": roles}})
    };
    let (open, inside) = (json!({}), json!({"nodeSelector": {REGION: "cn-hangzhou"}}));
    let old = training(&[open.clone(), inside.clone()]);
    for (name, new, expected) in [
        ("nothing changes", training(&[open.clone(), inside.clone()]), PassesWithAWarning),
        ("the roles change places", training(&[inside.clone(), open.clone()]), PassesWithAWarning),
        ("a second role is let out", training(&[open.clone(), open.clone()]), Refused),
        ("all roles are confined", training(&[inside.clone(), inside.clone()]), Passes),
    ] {
        assert_eq!(outcome(&update(&old, &new), &snapshot([mapping.clone()])), expected, "{name}");
    }
}

#[test]
fn containers_that_are_added_and_pods_that_are_bound_are_always_new() {
    let abroad = facts::pod(&json!({"nodeName": OUTSIDE_NODE}));
    let inside = facts::pod(&json!({"nodeName": INSIDE_NODE}));
    let pending = facts::pod(&json!({}));
    let on = |subresource: Option<&str>, pod: &Value| Request {
        subresource: subresource.map(Subresource::from),
        ..update(pod, pod)
    };
    let binding = |node: &str| {
        let metadata = json!({"name": "p", "namespace": NAMESPACE});
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": {"kind": "Node", "name": node}});
        [
            // By the subresource of the pod, and by the old resource `bindings`; an old object helps in neither.
            Request { subresource: Some(Subresource::Binding), ..update(&binding, &binding) },
            Request::of_object(binding, None),
        ]
    };
    let snapshot = snapshot([pending.clone()]);
    let cases = [
        ("a label on a pod abroad", on(None, &abroad), PassesWithAWarning),
        ("the status of a pod abroad", on(Some("status"), &abroad), PassesWithAWarning),
        ("a resize abroad", on(Some("resize"), &abroad), PassesWithAWarning),
        ("a container in a pod abroad", on(Some("ephemeralcontainers"), &abroad), Refused),
        (
            "a container in a pod inside, which is a connection too",
            on(Some("ephemeralcontainers"), &inside),
            PassesAndIsRecorded,
        ),
        (
            "a container in a pod that could still go anywhere",
            on(Some("ephemeralcontainers"), &pending),
            Refused,
        ),
    ];
    for (name, request, expected) in cases {
        assert_eq!(outcome(&request, &snapshot), expected, "{name}");
    }
    for node in [OUTSIDE_NODE, "elsewhere-1", ""] {
        assert_eq!(binding(node).map(|binding| outcome(&binding, &snapshot)), [Refused, Refused], "{node}");
    }
    assert_eq!(binding(INSIDE_NODE).map(|binding| outcome(&binding, &snapshot)), [Passes, Passes]);
}

#[test]
fn what_is_on_its_way_out_passes_and_only_the_stored_object_says_so() {
    let deleting = |object: &Value| {
        let mut object = object.clone();
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        object
    };
    let confined = deployment(&json!({"nodeSelector": {REGION: "cn-hangzhou"}}));
    let open = deployment(&json!({}));
    let snapshot = snapshot([]);
    let update = |old: &Value, new: &Value| outcome(&update(old, new), &snapshot);
    assert_eq!(update(&deleting(&confined), &deleting(&open)), PassesWithAWarning);
    assert_eq!(update(&confined, &deleting(&open)), Refused, "the timestamp comes with the request");
    assert_eq!(outcome(&Request::of_object(deleting(&open), None), &snapshot), Refused, "nothing is stored");
    let delete = Request { operation: Operation::Delete, object: None, ..self::update(&open, &open) };
    assert_eq!(outcome(&delete, &snapshot), Passes);
}

#[test]
fn in_an_exempt_namespace_everything_is_recorded_and_nothing_more() {
    for namespace in ["kube-system", "kube-public", "kube-node-lease"] {
        let mut open = deployment(&json!({}));
        open["metadata"]["namespace"] = json!(namespace);
        let snapshot = snapshot([]);
        assert_eq!(outcome(&Request::of_object(open.clone(), None), &snapshot), PassesAndIsRecorded);
        assert_eq!(outcome(&update(&open, &open), &snapshot), PassesAndIsRecorded);
    }
}
