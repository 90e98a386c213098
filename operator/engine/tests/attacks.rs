//! Ways past that somebody inside might try: another field, another spelling, another kind. None passes.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use std::collections::BTreeSet;

use bund_engine::{Decision, Operation, Reason, Request, Snapshot, Timestamp, decide};
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;

use facts::{INSIDE_NODE, NAMESPACE, OUTSIDE_NODE};

const REGION: &str = "topology.kubernetes.io/region";
const LEGACY_REGION: &str = "failure-domain.beta.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const TRUSTED: &str = "node-restriction.kubernetes.io/jurisdiction";
const LABEL: &str = "data-class.bund.dev/personal-information";

/// A world in which unconfined pods are refused, and destinations abroad.
fn snapshot() -> Snapshot {
    let mapping = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "DestinationMapping", "metadata": {"name": "rollouts"},
        "spec": {
            "target": {"group": "argoproj.io", "kind": "Rollout", "resource": "rollouts"},
            "templates": [{"query": "$.spec.template"}],
            "destinations": [{"query": "$.spec.webhook", "type": "Url"}]
        }
    });
    let mut strict = facts::policy("Require");
    strict["spec"]["enforcement"]["egress"] = json!("Deny");
    facts::snapshot(facts::mixed(REGION).into_iter().chain([mapping, strict]))
}

fn created(object: &Value) -> Decision {
    decide(&Request::of_object(object.clone(), None), &snapshot(), Timestamp::UNIX_EPOCH)
}

fn reasons(decision: &Decision) -> BTreeSet<Reason> {
    decision.findings.iter().map(|finding| finding.reason).collect()
}

fn refused(object: &Value) -> bool {
    !created(object).response().allowed
}

fn affinity(required: &str, terms: &Value) -> Value {
    json!({"affinity": {"nodeAffinity": {required: {"nodeSelectorTerms": terms}}}})
}

fn terms(terms: &Value) -> Value {
    affinity("requiredDuringSchedulingIgnoredDuringExecution", terms)
}

fn asks(key: &str, operator: &str, values: &[&str]) -> Value {
    let values = if values.is_empty() { Value::Null } else { json!(values) };
    json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
}

fn names(key: &str, operator: &str, name: &str) -> Value {
    json!({"matchFields": [{"key": key, "operator": operator, "values": [name]}]})
}

#[test]
fn no_wording_of_a_placement_lets_a_pod_out() {
    let inside = asks(REGION, "In", &["cn-hangzhou"]);
    let both = |first: &str, second: (&str, &str)| {
        let asked = |key: &str, value: &str| json!({"key": key, "operator": "In", "values": [value]});
        terms(&json!([{"matchExpressions": [asked(REGION, first), asked(second.0, second.1)]}]))
    };
    let cases = [
        ("nothing is asked for", json!({})),
        ("terms are ORed", terms(&json!([inside, asks(REGION, "In", &["cn-hongkong"])]))),
        ("a term asks for something else", terms(&json!([inside, asks("disktype", "In", &["ssd"])]))),
        ("values are ORed", terms(&json!([asks(REGION, "In", &["cn-hangzhou", "cn-hongkong"])]))),
        ("NotIn", terms(&json!([asks(REGION, "NotIn", &["cn-hongkong"])]))),
        ("Exists", terms(&json!([asks(REGION, "Exists", &[])]))),
        ("Gt", terms(&json!([asks(REGION, "Gt", &["0"])]))),
        ("Lt", terms(&json!([asks(REGION, "Lt", &["9"])]))),
        ("an operator nobody knows", terms(&json!([asks(REGION, "Within", &["cn-hangzhou"])]))),
        ("no term", terms(&json!([]))),
        ("an empty term", terms(&json!([{}]))),
        ("a null term beside an open one", terms(&json!([null, asks("disktype", "Exists", &[])]))),
        (
            "preferred only",
            json!({"affinity": {"nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": inside}]
            }}}),
        ),
        (
            "required during execution",
            affinity("requiredDuringSchedulingRequiredDuringExecution", &json!([inside])),
        ),
        (
            "required in capitals",
            affinity("RequiredDuringSchedulingIgnoredDuringExecution", &json!([inside])),
        ),
        ("the region in capitals", json!({"nodeSelector": {REGION: "CN-HANGZHOU"}})),
        ("a region that only begins so", json!({"nodeSelector": {REGION: "cn-hangzhou-2"}})),
        ("a region that begins with cn", json!({"nodeSelector": {REGION: "cn-hongkong"}})),
        ("a zone instead of the region", json!({"nodeSelector": {REGION: "cn-hangzhou-h"}})),
        ("a zone that only looks so", json!({"nodeSelector": {ZONE: "cn-hangzhou-hh"}})),
        ("a zone of digits", json!({"nodeSelector": {ZONE: "100003"}})),
        ("a zone abroad", json!({"nodeSelector": {ZONE: "cn-hongkong-b"}})),
        (
            "the region inside in one label and abroad in the other",
            both("cn-hangzhou", (LEGACY_REGION, "cn-hongkong")),
        ),
        ("the zone of another region", both("cn-hangzhou", (ZONE, "cn-beijing-a"))),
        ("another label than a region", json!({"nodeSelector": {"region": "cn-hangzhou"}})),
        ("a declaration of another place", json!({"nodeSelector": {TRUSTED: "hong-kong"}})),
        ("any declaration", terms(&json!([asks(TRUSTED, "Exists", &[])]))),
        ("every declaration but one", terms(&json!([asks(TRUSTED, "NotIn", &["hong-kong"])]))),
        ("a node abroad by field", terms(&json!([names("metadata.name", "In", OUTSIDE_NODE)]))),
        ("a node that is not there by field", terms(&json!([names("metadata.name", "In", "hangzhou-2")]))),
        ("every node but one", terms(&json!([names("metadata.name", "NotIn", OUTSIDE_NODE)]))),
        ("a field without a name", terms(&json!([names("", "NotIn", OUTSIDE_NODE)]))),
        ("another field", terms(&json!([names("metadata.namespace", "In", INSIDE_NODE)]))),
        ("a host name", json!({"nodeSelector": {"kubernetes.io/hostname": INSIDE_NODE}})),
        ("a node abroad by name", json!({"nodeName": OUTSIDE_NODE, "nodeSelector": {REGION: "cn-hangzhou"}})),
        ("a node that is not there by name", json!({"nodeName": "hangzhou-2"})),
        ("an empty node name", json!({"nodeName": ""})),
        (
            "a node name that is a list",
            json!({"nodeName": [INSIDE_NODE], "nodeSelector": {REGION: "cn-hangzhou"}}),
        ),
        ("a selector with a null", json!({"nodeSelector": {REGION: null}})),
        ("a selector that is a list", json!({"nodeSelector": [{REGION: "cn-hangzhou"}]})),
        (
            "values that are not text",
            terms(
                &json!([{"matchExpressions": [{"key": REGION, "operator": "In", "values": ["cn-hangzhou", 7]}]}]),
            ),
        ),
        ("an affinity that is text", json!({"affinity": "cn-hangzhou"})),
        ("a scheduler of its own", json!({"schedulerName": "mine", "tolerations": [{"operator": "Exists"}]})),
        (
            "other pods",
            json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": REGION}]}}}),
        ),
        (
            "spreading",
            json!({"topologySpreadConstraints": [{"topologyKey": REGION, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}]}),
        ),
        ("a field of another case", json!({"nodeselector": {REGION: "cn-hangzhou"}})),
    ];
    for (name, spec) in cases {
        assert!(refused(&facts::pod(&spec)), "{name}: {spec}");
    }
}

#[test]
fn what_does_confine_is_not_refused() {
    let cases = [
        ("the region", json!({"nodeSelector": {REGION: "cn-hangzhou"}})),
        ("a code of a provider", json!({"nodeSelector": {REGION: "gz"}})),
        ("the zone", json!({"nodeSelector": {ZONE: "cn-hangzhou-h"}})),
        ("the old label", json!({"nodeSelector": {LEGACY_REGION: "cn-beijing"}})),
        ("a declaration", json!({"nodeSelector": {TRUSTED: "cn-mainland"}})),
        ("a node inside by field", terms(&json!([names("metadata.name", "In", INSIDE_NODE)]))),
        ("a node inside by name", json!({"nodeName": INSIDE_NODE})),
        (
            "the region without the old label",
            terms(&json!([{"matchExpressions": [
                {"key": LEGACY_REGION, "operator": "DoesNotExist"}, {"key": REGION, "operator": "In", "values": ["cn-hangzhou"]}
            ]}])),
        ),
        ("one good term beside empty ones", terms(&json!([null, {}, asks(REGION, "In", &["cn-hangzhou"])]))),
    ];
    for (name, spec) in cases {
        assert_eq!(reasons(&created(&facts::pod(&spec))), BTreeSet::new(), "{name}: {spec}");
    }
}

#[test]
fn every_kind_that_makes_pods_is_judged_by_its_template() {
    let template = json!({"metadata": {"labels": {LABEL: ""}}, "spec": {}});
    let kinds = [
        ("apps/v1", "Deployment"),
        ("apps/v1beta1", "Deployment"),
        ("extensions/v1beta1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("extensions/v1beta1", "DaemonSet"),
        ("v1", "ReplicationController"),
        ("batch/v1", "Job"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("batch/v1", "CronJob"),
        ("batch/v2alpha1", "ScheduledJob"),
        ("v1", "PodTemplate"),
    ];
    for (version, kind) in kinds {
        let spec = match kind {
            "CronJob" | "ScheduledJob" => json!({"jobTemplate": {"spec": {"template": template}}}),
            _ => json!({"template": template}),
        };
        let metadata = json!({"generateName": "x-", "namespace": NAMESPACE});
        let object = json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "template": template});
        assert!(refused(&object), "{version} {kind}");
    }
}

#[test]
fn a_request_cannot_hide_where_its_object_belongs() {
    let mut pod = facts::pod(&json!({}));
    pod["metadata"] = json!({"generateName": "p-", "labels": {LABEL: ""}});
    let request = Request::of_object(pod.clone(), None);
    let namespace = |name: &str| Some(name.to_owned());
    let cases = [
        (
            "the namespace is only in the request",
            Request { namespace: namespace(NAMESPACE), ..request.clone() },
        ),
        ("the namespace is nowhere", request.clone()),
        ("the namespace is empty", Request { namespace: namespace(""), ..request.clone() }),
        ("the namespace is not known yet", Request { namespace: namespace("new"), ..request.clone() }),
        ("an update without an old object", Request { operation: Operation::Update, ..request.clone() }),
        ("the status", Request { subresource: Some("status".into()), ..request.clone() }),
    ];
    for (name, request) in cases {
        assert!(!decide(&request, &snapshot(), Timestamp::UNIX_EPOCH).response().allowed, "{name}");
    }
}

#[test]
fn a_mapped_object_without_a_template_still_names_places() {
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": "r", "namespace": NAMESPACE},
        "spec": {"workloadRef": {"name": "d"}, "webhook": "https://collector.example.com/"}
    });
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"bund.dev/guarded": "true", LABEL: ""}}
    });
    let mut snapshot = snapshot();
    snapshot.observe(&namespace);
    let decision = decide(&Request::of_object(rollout, None), &snapshot, Timestamp::UNIX_EPOCH);
    assert_eq!(reasons(&decision), BTreeSet::from([Reason::DestinationOutside]));
}

#[test]
fn a_classified_volume_belongs_to_no_namespace() {
    let default = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v", "labels": {LABEL: ""}}, "spec": {"local": {"path": "/mnt/a"}}});
    let mut snapshot = snapshot();
    snapshot.observe(&default);
    let decision = decide(&Request::of_object(volume, None), &snapshot, Timestamp::UNIX_EPOCH);
    assert_eq!((reasons(&decision), decision.assumptions), (BTreeSet::new(), BTreeSet::new()));
}

#[test]
fn without_a_trusted_label_a_node_that_names_no_region_is_not_inside() {
    let jurisdiction = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "Jurisdiction", "metadata": {"name": "cn-mainland"},
        "spec": {
            "displayName": "Mainland China", "countryCodes": ["CN"],
            "providers": [{"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]
        }
    });
    let mut snapshot = snapshot();
    snapshot.observe(&jurisdiction);
    let asked = json!([{"matchExpressions": [
        {"key": REGION, "operator": "DoesNotExist"}, {"key": ZONE, "operator": "In", "values": ["cn-hangzhou-h"]}
    ]}]);
    let request = Request::of_object(facts::pod(&terms(&asked)), None);
    let decision = decide(&request, &snapshot, Timestamp::UNIX_EPOCH);
    assert_eq!(reasons(&decision), BTreeSet::from([Reason::PlacementContradicts]));
}
