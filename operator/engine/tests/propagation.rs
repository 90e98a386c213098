//! Every road by which a class reaches what mounts, references or copies, each as a way past for whoever leaves the
//! label away.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use bund_engine::{Decision, Request, Snapshot, Timestamp, decide};
use serde_json::{Value, json};

#[path = "support/facts.rs"]
mod facts;

use facts::{CLASS, NAMESPACE};

const LABEL: &str = "data-class.bund.dev/personal-information";

/// A world in which unconfined pods are refused, with a classified carrier of every kind.
fn snapshot() -> Snapshot {
    let carrier = |kind: &str, namespace: Option<&str>, name: &str, classified: bool, spec: Value| {
        let labels = if classified { json!({ LABEL: "" }) } else { json!({}) };
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": spec})
    };
    let claim =
        |name, classified, spec| carrier("PersistentVolumeClaim", Some(NAMESPACE), name, classified, spec);
    let volume = |name, spec| carrier("PersistentVolume", None, name, true, spec);
    let copy_of = |name: &str| json!({"dataSource": {"kind": "PersistentVolumeClaim", "name": name}});
    let kept_for = |name: &str| json!({"claimRef": {"namespace": NAMESPACE, "name": name}});
    let more = [
        carrier("Secret", Some(NAMESPACE), "key", true, Value::Null),
        carrier("ConfigMap", Some(NAMESPACE), "settings", true, Value::Null),
        carrier("ServiceAccount", Some(NAMESPACE), "robot", true, Value::Null),
        claim("classified", true, json!({})),
        claim("copy", false, copy_of("classified")),
        claim("copy-of-the-copy", false, copy_of("copy")),
        claim("bound", false, json!({"volumeName": "static"})),
        claim("unbound", false, json!({})),
        claim("data-web-7", true, json!({})),
        claim("p-scratch", true, json!({})),
        volume("static", json!({})),
        volume("kept", kept_for("unbound")),
        volume("kept-for-later", kept_for("not-there-yet")),
        carrier("PersistentVolumeClaim", Some("vault"), "elsewhere", true, json!({})),
        carrier("Secret", Some(NAMESPACE), "plain", false, Value::Null),
    ];
    let region = "topology.kubernetes.io/region";
    facts::snapshot(facts::mixed(region).into_iter().chain([facts::policy("Require")]).chain(more))
}

fn created(object: &Value) -> Decision {
    decide(&Request::of_object(object.clone(), None), &snapshot(), Timestamp::UNIX_EPOCH)
}

fn refused(object: &Value) -> bool {
    !created(object).response().allowed
}

fn unlabelled(spec: &Value) -> Value {
    let mut pod = facts::pod(spec);
    pod["metadata"]["labels"] = json!({});
    pod
}

#[test]
fn a_class_reaches_a_pod_by_every_road() {
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = json!("scratch");
        json!({"volumes": [volume]})
    };
    let container = |field: &str, container: Value| json!({ field: [container] });
    let variable = |from: Value| json!({"env": [{"name": "A", "valueFrom": from}]});
    let claimed = |spec: Value| volume(json!({"ephemeral": {"volumeClaimTemplate": {"spec": spec}}}));
    let copy_of = |name: &str| json!({"dataSource": {"kind": "PersistentVolumeClaim", "name": name}});
    let claim = |name: &str| volume(json!({"persistentVolumeClaim": {"claimName": name}}));
    let cases = [
        ("a ServiceAccount", json!({"serviceAccountName": "robot"})),
        ("a ServiceAccount by the old field", json!({"serviceAccount": "robot", "serviceAccountName": ""})),
        ("a Secret", volume(json!({"secret": {"secretName": "key"}}))),
        ("an optional Secret", volume(json!({"secret": {"secretName": "key", "optional": true}}))),
        ("a ConfigMap", volume(json!({"configMap": {"name": "settings"}}))),
        (
            "a projected Secret",
            volume(
                json!({"projected": {"sources": [{"secret": {"name": "plain"}}, {"secret": {"name": "key"}}]}}),
            ),
        ),
        (
            "a projected ConfigMap",
            volume(json!({"projected": {"sources": [{"configMap": {"name": "settings"}}]}})),
        ),
        (
            "a Secret for a CSI driver",
            volume(json!({"csi": {"driver": "d", "nodePublishSecretRef": {"name": "key"}}})),
        ),
        ("a Secret for Azure Files", volume(json!({"azureFile": {"secretName": "key"}}))),
        (
            "a Secret for an old driver",
            volume(json!({"flexVolume": {"driver": "d", "secretRef": {"name": "key"}}})),
        ),
        (
            "a variable",
            container("containers", variable(json!({"secretKeyRef": {"name": "key", "key": "a"}}))),
        ),
        (
            "a variable of an init container",
            container(
                "initContainers",
                variable(json!({"configMapKeyRef": {"name": "settings", "key": "a"}})),
            ),
        ),
        (
            "all variables",
            container("containers", json!({"envFrom": [{"prefix": "A"}, {"secretRef": {"name": "key"}}]})),
        ),
        (
            "all variables of an ephemeral container",
            container("ephemeralContainers", json!({"envFrom": [{"configMapRef": {"name": "settings"}}]})),
        ),
        ("a Secret for images", json!({"imagePullSecrets": [{"name": "plain"}, {"name": "key"}]})),
        ("a claim", claim("classified")),
        ("a claim with a classified volume", claim("bound")),
        ("a copy of a claim", claim("copy")),
        ("a copy of a copy", claim("copy-of-the-copy")),
        ("a claim for which a classified volume is kept", claim("unbound")),
        ("a claim that is not there, for which a classified volume is kept", claim("not-there-yet")),
        ("a claim of its own that exists already", claimed(json!({}))),
        (
            "a claim of its own with a label",
            volume(json!({"ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {LABEL: ""}}}}})),
        ),
        ("a claim of its own that copies", claimed(copy_of("copy"))),
        ("a claim of its own that names a volume", claimed(json!({"volumeName": "static"}))),
        (
            "a claim of its own that copies from another namespace",
            claimed(json!({
                "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "elsewhere", "namespace": "vault"}
            })),
        ),
        ("a field of tomorrow", json!({"vault": {"deep": [{"secretRef": {"name": "key"}}]}})),
    ];
    for (name, spec) in cases {
        let decision = created(&unlabelled(&spec));
        assert_eq!(
            decision.classes.keys().map(ToString::to_string).collect::<Vec<_>>(),
            [CLASS],
            "{name}: {spec}"
        );
        assert!(!decision.response().allowed, "{name}: {spec}");
    }
    assert!(!refused(&unlabelled(&json!({"imagePullSecrets": [{"name": "plain"}]}))));
}

#[test]
fn a_class_reaches_the_pods_of_a_set_through_its_claims() {
    let set = |claim: Value| {
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": NAMESPACE},
            "spec": {"template": {"spec": {}}, "volumeClaimTemplates": [claim]}
        })
    };
    for (name, claim) in [
        ("a label", json!({"metadata": {"name": "fresh", "labels": {LABEL: ""}}})),
        ("a claim that is left from before", json!({"metadata": {"name": "data"}})),
        ("a volume", json!({"metadata": {"name": "fresh"}, "spec": {"volumeName": "static"}})),
        (
            "a copy",
            json!({"metadata": {"name": "fresh"}, "spec": {"dataSource": {"kind": "PersistentVolumeClaim", "name": "copy"}}}),
        ),
    ] {
        assert!(refused(&set(claim)), "{name}");
    }
    assert!(!refused(&set(json!({"metadata": {"name": "fresh"}}))));
}

#[test]
fn a_class_label_counts_however_it_is_written() {
    for (key, value) in [
        (LABEL, json!("")),
        (LABEL, json!("false")),
        (LABEL, json!("none")),
        (LABEL, json!(false)),
        (LABEL, json!(0)),
        (LABEL, json!(null)),
        (LABEL, json!({})),
        ("data-class.bund.dev/Personal-Information", json!("")),
        ("data-class.bund.dev/nobody.declares_it", json!("")),
    ] {
        let mut pod = unlabelled(&json!({}));
        pod["metadata"]["labels"][key] = value.clone();
        assert!(refused(&pod), "{key}: {value}");
    }
}
