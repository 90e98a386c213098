use serde_json::{Value, json};

use super::*;
use bund_engine::{Timestamp, decide};
use k8s_openapi::api::authentication::v1::UserInfo;

use crate::webhook::lookup::Missing;

const REGION: &str = "topology.kubernetes.io/region";

/// A Mixed cluster with a node inside, a guarded namespace and a policy with this enforcement.
fn snapshot(enforcement: &Value) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for object in [
        json!({"apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": {"name": "cluster"},
            "spec": {"jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"]}}),
        json!({"apiVersion": "bund.dev/v1alpha1", "kind": "Jurisdiction", "metadata": {"name": "cn-mainland"},
            "spec": {"displayName": "Mainland China", "countryCodes": ["CN"],
                "providers": [{"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]}}),
        json!({"apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": {"name": "pi"},
            "spec": {"category": "PersonalInformation"}}),
        json!({"apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": {"name": "stay"},
            "spec": {"dataClasses": ["pi"], "jurisdictions": ["cn-mainland"], "enforcement": enforcement}}),
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "shop", "labels": {"bund.dev/guarded": "true"}}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "inside", "labels": {REGION: "cn-hangzhou"}}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "abroad", "labels": {REGION: "eu-central-1"}}}),
    ] {
        assert_eq!(snapshot.observe(&object), bund_engine::snapshot::Observed::Fact, "{object}");
    }
    snapshot.set_nodes_listed();
    snapshot
}

fn deny() -> Snapshot {
    snapshot(&json!({"placement": "Deny"}))
}

fn question(spec: &Value) -> Question {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"data-class.bund.dev/pi": ""}},
        "spec": spec
    });
    let mut request = Request::of_object(pod, None);
    request.namespace = Some("shop".to_owned());
    let user = UserInfo { username: Some("kate".to_owned()), ..UserInfo::default() };
    Question { uid: "u-1".to_owned(), request, resource: "pods", user, dry_run: false }
}

fn answer(entrance: Entrance, question: &Question, missing: Option<&Missing>, snapshot: &Snapshot) -> Value {
    let decision = decide(&question.request, snapshot, Timestamp::UNIX_EPOCH);
    let found = Found { missing: missing.cloned(), ..Found::of(decision, snapshot.clone()) };
    told(entrance, question, &found)
}

fn told(entrance: Entrance, question: &Question, found: &Found) -> Value {
    let answer = Answer::of(entrance, question, found, Timestamp::UNIX_EPOCH);
    answer.into_review(&question.uid)["response"].clone()
}

fn missing() -> Missing {
    Missing::new("Secret s", "timed out")
}

#[test]
fn a_pod_is_confined_and_marked_at_once_and_what_marks_it_otherwise_is_refused() {
    let closed = snapshot(&json!({"placement": "Deny", "egress": "Deny"}));
    let mut question = question(&json!({}));
    let mutating = answer(Entrance::Mutating, &question, None, &closed);
    let ByteString(patch) = serde_json::from_value(mutating["patch"].clone()).unwrap();
    let patch: Value = serde_json::from_slice(&patch).unwrap();
    let applied: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    let paths: Vec<_> = patch.as_array().unwrap().iter().map(|change| change["path"].clone()).collect();
    assert_eq!(paths, ["/spec/affinity", "/metadata/labels"]);
    assert_eq!(patch[1]["value"], json!({"data-class.bund.dev/pi": "", "egress.bund.dev/holds": "pi"}));

    let object = question.request.object.as_mut().unwrap();
    json_patch::patch(object, &applied).unwrap();
    assert_eq!(answer(Entrance::Validating, &question, None, &closed)["allowed"], true);
    assert_eq!(answer(Entrance::Mutating, &question, None, &closed), json!({"uid": "u-1", "allowed": true}));

    let mut remarked = |value: &str| {
        question.request.object.as_mut().unwrap()["metadata"]["labels"]["egress.bund.dev/holds"] =
            json!(value);
        let validating = answer(Entrance::Validating, &question, None, &closed);
        (
            validating["allowed"].clone(),
            validating["status"]["message"].as_str().unwrap_or_default().to_owned(),
        )
    };
    for value in ["nothing", "logs"] {
        let (allowed, message) = remarked(value);
        assert_eq!(allowed, false, "{value}");
        assert!(message.starts_with("MarkForged: Pod shop/web carries "), "{message}");
    }
}

#[test]
fn an_unplaced_pod_gets_the_affinity_and_the_patched_pod_passes() {
    let mut question = question(&json!({}));
    let mutating = answer(Entrance::Mutating, &question, None, &deny());
    assert_eq!(mutating["allowed"], true);
    assert_eq!(mutating["patchType"], "JSONPatch");
    let ByteString(patch) = serde_json::from_value(mutating["patch"].clone()).unwrap();
    let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();

    let unconfined = answer(Entrance::Validating, &question, None, &deny());
    assert_eq!(unconfined["allowed"], false, "who takes the affinity away is refused: {unconfined}");

    let object = question.request.object.as_mut().unwrap();
    json_patch::patch(object, &patch).unwrap();
    assert_eq!(answer(Entrance::Validating, &question, None, &deny())["allowed"], true);
    assert_eq!(answer(Entrance::Mutating, &question, None, &deny()), json!({"uid": "u-1", "allowed": true}));
}

#[test]
fn a_pod_abroad_is_refused_in_one_line_by_the_validating_entrance_only() {
    let question = question(&json!({"nodeName": "abroad"}));
    let validating = answer(Entrance::Validating, &question, None, &deny());
    assert_eq!(validating["allowed"], false);
    assert_eq!(validating["status"]["code"], 403);
    let message = validating["status"]["message"].as_str().unwrap();
    assert!(message.starts_with("NodeOutside: Pod shop/web "), "{message}");
    assert!(!message.contains('\n'));
    assert_eq!(validating["auditAnnotations"], json!({"decision": "Deny", "decision-id": "u-1"}));
    assert_eq!(answer(Entrance::Mutating, &question, None, &deny()), json!({"uid": "u-1", "allowed": true}));
}

#[test]
fn audit_passes_in_silence_and_is_recorded() {
    let audited =
        answer(Entrance::Validating, &question(&json!({"nodeName": "abroad"})), None, &snapshot(&json!({})));
    assert_eq!(audited["allowed"], true);
    assert_eq!(audited.get("warnings"), None);
    assert_eq!(audited["auditAnnotations"]["decision"], "Deny");
    let findings = audited["auditAnnotations"]["findings"].as_str().unwrap();
    assert!(findings.starts_with("NodeOutside: "), "{findings}");
}

#[test]
fn a_fact_that_cannot_be_read_refuses_for_now_where_a_policy_denies() {
    let question = question(&json!({"nodeSelector": {REGION: "cn-hangzhou"}}));
    let refused = answer(Entrance::Validating, &question, Some(&missing()), &deny());
    assert_eq!(refused["status"]["code"], 503);
    let message = "Undecided: the decision rests on Secret s, which could not be read: timed out; try again";
    assert_eq!(refused["status"]["message"], message);

    let audited = answer(Entrance::Validating, &question, Some(&missing()), &snapshot(&json!({})));
    assert_eq!(audited["allowed"], true);
    assert_eq!(audited["auditAnnotations"]["undecided"], message);
}

#[test]
fn warnings_are_cut_only_where_they_do_not_fit_together() {
    let long = "ä".repeat(1000);
    assert_eq!(warnings(&[long.clone(), "b\nc".to_owned()]), [long.clone(), "b c".to_owned()]);
    let many = warnings(&vec![long; 40]);
    assert_eq!(many.len(), 16);
    assert!(many.iter().all(|line| line.chars().count() == 256 && line.ends_with('…')));
}

#[test]
fn text_is_cut_between_characters() {
    assert_eq!(cut_bytes("ääää", 7), "ää…");
    assert_eq!(cut_bytes("abc", 3), "abc");
}

#[test]
fn a_copy_is_marked_as_it_is_made() {
    let mut snapshot = deny();
    snapshot.observe(&json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "orders", "namespace": "shop", "labels": {"data-class.bund.dev/pi": ""}}
    }));
    let mut question = question(&json!({}));
    question.request.object = Some(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "copy", "labels": {"app": "shop"}},
        "spec": {"dataSource": {"kind": "PersistentVolumeClaim", "name": "orders"}}
    }));
    let response = answer(Entrance::Mutating, &question, None, &snapshot);
    let patch: ByteString = serde_json::from_value(response["patch"].clone()).unwrap();
    let patch: Value = serde_json::from_slice(&patch.0).unwrap();
    let expected = json!([
        {"op": "add", "path": "/metadata/labels", "value": {"app": "shop", "data-class.bund.dev/pi": ""}},
        {"op": "add", "path": "/metadata/annotations",
         "value": {"data-class.bund.dev/pi": "from PersistentVolumeClaim shop/orders"}}
    ]);
    assert_eq!(patch, expected);
}
