//! Whatever changes in whatever order: what was judged again for what changes is what a full pass finds.

use std::collections::BTreeMap;

use bund_engine::stamp::stamps;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Audit;
use crate::controller::stamp::look;
use crate::index::{Change, ObjectKey, Touched, View, WatchedKind};

mod transfers;

const REGION: &str = "topology.kubernetes.io/region";
const LABEL: &str = "data-class.bund.dev/pi";

/// When everything is judged: while the transfer may be in effect.
const NOW: &str = "2026-11-20T00:00:00Z";

/// What decides how an object looks.
type Looks = [u8; 6];

/// A change of one of a few objects, with whatever decides how it looks.
#[derive(Clone, Debug)]
struct Step {
    object: u8,
    gone: bool,
    looks: Looks,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<u8>(), prop::bool::weighted(0.15), any::<Looks>());
    prop::collection::vec(step.prop_map(|(object, gone, looks)| Step { object, gone, looks }), 1..60)
}

fn pick<T: Clone>(of: &[T], by: u8) -> T {
    of[usize::from(by) % of.len()].clone()
}

/// The labels of something that may hold the class by a label or a selector.
fn labels(by: u8) -> Value {
    pick(
        &[
            json!({}),
            json!({LABEL: ""}),
            json!({"app": "ledger"}),
            json!({"data-class.bund.dev/unknown": ""}),
        ],
        by,
    )
}

fn named(api: &str, kind: &str, namespace: Option<&str>, name: &str, more: &Value) -> Value {
    let mut object =
        json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "uid": format!("uid-{name}")}});
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = namespace.into();
    }
    for (member, value) in more.as_object().unwrap() {
        if member == "metadata" {
            for (member, value) in value.as_object().unwrap() {
                object["metadata"][member] = value.clone();
            }
        } else {
            object[member] = value.clone();
        }
    }
    object
}

/// A pod spec that reaches classes and places in every way that is followed.
fn pod_spec(looks: Looks) -> Value {
    let claim = |name: &str| json!({"name": "v", "persistentVolumeClaim": {"claimName": name}});
    let volume = pick(
        &[
            json!({"name": "v", "emptyDir": {}}),
            claim("c0"),
            claim("c1"),
            json!({"name": "v", "secret": {"secretName": "s0"}}),
            json!({"name": "v", "configMap": {"name": "m0"}}),
            json!({"name": "v", "nfs": {"server": "nfs.example.cn", "path": "/data"}}),
            json!({"name": "v", "nfs": {"server": "10.244.0.7", "path": "/data"}}),
            json!({"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": "disks",
                "dataSource": {"kind": "PersistentVolumeClaim", "name": "c1"}}}}}),
        ],
        looks[1],
    );
    let mount = pick(&[json!({"name": "v"}), json!({"name": "v", "readOnly": true})], looks[2]);
    let mut spec = json!({"volumes": [volume], "containers": [{"name": "c", "volumeMounts": [mount]}]});
    spec["serviceAccountName"] = pick(&["default", "sa0"], looks[3]).into();
    match looks[4] % 4 {
        0 => {}
        1 => spec["nodeSelector"] = json!({REGION: "cn-hangzhou"}),
        2 => spec["nodeName"] = "n0".into(),
        _ => spec["nodeName"] = "n1".into(),
    }
    spec
}

fn made_by(by: u8, api: &str, kind: &str, name: &str) -> Value {
    let reference = json!([{"apiVersion": api, "kind": kind, "name": name, "controller": true}]);
    pick(&[Value::Null, reference], by)
}

/// The object of this number, looking like this.
fn object(number: u8, looks: Looks) -> Value {
    let namespace = pick(&["shop", "bank"], number);
    let here = Some(namespace);
    let [a, b, ..] = looks;
    match number % 29 {
        0..=4 => {
            let name = pick(&["p0", "p1", "set-0"], number / 29);
            let phase = pick(&["Running", "Running", "Succeeded"], looks[5]);
            named(
                "v1",
                "Pod",
                here,
                name,
                &json!({"metadata": {"labels": labels(a),
                "ownerReferences": made_by(looks[5] / 3, "apps/v1", "ReplicaSet", "r0")},
                "spec": pod_spec(looks), "status": {"phase": phase}}),
            )
        }
        5 => named(
            "apps/v1",
            "ReplicaSet",
            here,
            "r0",
            &json!({
            "metadata": {"ownerReferences": made_by(b, "apps/v1", "Deployment", "d0")},
            "spec": {"template": {"metadata": {"labels": labels(a)}, "spec": pod_spec(looks)}}}),
        ),
        6 => named(
            "apps/v1",
            "Deployment",
            here,
            "d0",
            &json!({"metadata": {"labels": labels(b)},
            "spec": {"template": {"metadata": {"labels": labels(a)}, "spec": pod_spec(looks)}}}),
        ),
        7 => named(
            "apps/v1",
            "StatefulSet",
            here,
            "set",
            &json!({"spec": {
            "volumeClaimTemplates": [{"metadata": {"name": "data", "labels": labels(b)}, "spec": {"storageClassName": "disks"}}],
            "template": {"metadata": {"labels": labels(a)}, "spec": pod_spec(looks)}}}),
        ),
        8..=18 => at_rest(number, looks),
        24..=28 => transfers::object(number % 29 - 24, looks),
        _ => of_cluster(number, looks),
    }
}

/// What data lies in, or what passes classes on.
fn at_rest(number: u8, looks: Looks) -> Value {
    let namespace = pick(&["shop", "bank"], number);
    let here = Some(namespace);
    let [a, b, c, ..] = looks;
    match number % 29 {
        8..=11 => claim(number, here, looks),
        12 | 13 => volume(pick(&["v0", "v1"], number), looks),
        14 => named("v1", "Secret", here, "s0", &json!({"metadata": {"labels": labels(a)}})),
        15 => named("v1", "ConfigMap", here, "m0", &json!({"metadata": {"labels": labels(a)}})),
        16 => named(
            "v1",
            "ServiceAccount",
            here,
            pick(&["sa0", "default"], b),
            &json!({"metadata": {"labels": labels(a)},
            "imagePullSecrets": pick(&[json!([]), json!([{"name": "s0"}])], c)}),
        ),
        17 => named(
            "snapshot.storage.k8s.io/v1",
            "VolumeSnapshot",
            here,
            "sn0",
            &json!({"metadata": {"labels": labels(a)},
            "spec": {"source": {"persistentVolumeClaimName": pick(&["c0", "c1"], b)}},
            "status": {"boundVolumeSnapshotContentName": pick(&["", "ct0"], c)}}),
        ),
        _ => named(
            "snapshot.storage.k8s.io/v1",
            "VolumeSnapshotContent",
            None,
            "ct0",
            &json!({"metadata": {"labels": labels(a)},
            "spec": {"driver": "csi.example.cn", "volumeSnapshotRef": {"namespace": namespace, "name": "sn0"},
                "source": pick(&[json!({"volumeHandle": "h0"}), json!({"snapshotHandle": "x"})], b)}}),
        ),
    }
}

/// What belongs to no workload: nodes, namespaces, and what Bund is told.
fn of_cluster(number: u8, looks: Looks) -> Value {
    let namespace = pick(&["shop", "bank"], number);
    let [a, b, c, ..] = looks;
    match number % 29 {
        19 => named(
            "v1",
            "Node",
            None,
            pick(&["n0", "n1"], b),
            &json!({"metadata": {"labels":
            pick(&[json!({}), json!({REGION: "cn-hangzhou"}), json!({REGION: "eu-central-1"})], a)},
            "spec": {"podCIDRs": pick(&[json!([]), json!(["10.244.0.0/24"])], c)}}),
        ),
        20 => named(
            "v1",
            "Namespace",
            None,
            namespace,
            &json!({"metadata": {"labels": pick(&[json!({}),
            json!({"bund.dev/guarded": "true"}), json!({"bund.dev/guarded": "true", LABEL: ""})], a)}}),
        ),
        21 => own(
            "DataClass",
            "pi",
            &json!({"category": "PersonalInformation", "selectors": pick(&[json!([]),
            json!([{"objectSelector": {"matchLabels": {"app": "ledger"}}}])], a)}),
        ),
        22 => own(
            "ResidencyPolicy",
            pick(&["p", "q"], c),
            &json!({"dataClasses": ["pi"], "jurisdictions": ["cn-mainland"],
            "enforcement": {"placement": pick(&["Audit", "Deny"], a), "storage": pick(&["Audit", "Deny"], b)}}),
        ),
        _ => own(
            "ClusterLocation",
            "cluster",
            &json!({"jurisdiction": "cn-mainland", "span": pick(&["Uniform", "Mixed"], a),
            "providers": ["alibaba"], "exemptNamespaces": pick(&[json!([]), json!(["bank"])], b)}),
        ),
    }
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    named("bund.dev/v1alpha1", kind, None, name, &json!({"spec": spec}))
}

fn claim(number: u8, namespace: Option<&str>, looks: Looks) -> Value {
    let mut spec = json!({"storageClassName": "disks"});
    if looks[1].is_multiple_of(2) {
        spec["volumeName"] = pick(&["v0", "v1"], looks[2]).into();
    }
    let source = pick(
        &[
            Value::Null,
            json!({"kind": "PersistentVolumeClaim", "name": "c1"}),
            json!({"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "sn0", "namespace": "bank"}),
            json!({"apiGroup": "x.example", "kind": "Archive", "name": "z"}),
        ],
        looks[3],
    );
    if !source.is_null() {
        spec["dataSourceRef"] = source;
    }
    let name = pick(&["c0", "c1", "data-set-0", "set-0-v"], number / 29);
    named(
        "v1",
        "PersistentVolumeClaim",
        namespace,
        name,
        &json!({"metadata": {"labels": labels(looks[0])}, "spec": spec}),
    )
}

fn volume(name: &str, looks: Looks) -> Value {
    let mut spec = pick(
        &[
            json!({"csi": {"driver": "csi.example.cn", "volumeHandle": "h0"}}),
            json!({"csi": {"driver": "csi.example.cn", "volumeHandle": name}}),
            json!({"nfs": {"server": "nfs.example.cn", "path": "/"}}),
        ],
        looks[1],
    );
    let claim =
        json!({"namespace": pick(&["shop", "bank"], looks[3]), "name": pick(&["c0", "c1"], looks[2])});
    spec["claimRef"] = pick(&[Value::Null, claim], looks[4]);
    let on_node = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
        {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n0"]}]}]}});
    if looks[5].is_multiple_of(3) {
        spec["nodeAffinity"] = on_node;
    }
    named(
        "v1",
        "PersistentVolume",
        None,
        name,
        &json!({"metadata": {"labels": labels(looks[0])}, "spec": spec}),
    )
}

fn kind_of(object: &Value) -> &'static WatchedKind {
    let api = object["apiVersion"].as_str().unwrap();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    WatchedKind::of(group, object["kind"].as_str().unwrap()).unwrap()
}

fn change(step: &Step) -> Change {
    let object = object(step.object, step.looks);
    let kind = kind_of(&object);
    if step.gone {
        let text = |member: &str| object["metadata"][member].as_str().map(Box::from);
        Change::Gone(kind, ObjectKey { namespace: text("namespace"), name: text("name").unwrap() })
    } else {
        Change::Observed(kind, object)
    }
}

/// A Mixed cluster with a policy, so that changes matter from the first.
fn world() -> View {
    let mut view = View::default();
    let mut objects: Vec<Value> =
        [19, 20, 20 + 29, 21, 22, 23].map(|number| object(number, [1, 0, 0, 0, 0, 0])).into();
    // A transfer is in effect, and the other node is where it leads.
    objects.push(object(19, [2, 1, 0, 0, 0, 0]));
    objects.extend((24..=28).map(|number| object(number, [0; 6])));
    objects.push(own(
        "Jurisdiction",
        "cn-mainland",
        &json!({"displayName": "Mainland China", "countryCodes": ["CN"],
        "providers": [{"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]}),
    ));
    for object in objects {
        view.apply(&Change::Observed(kind_of(&object), object));
    }
    view.snapshot.set_nodes_listed();
    view
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_changes_touch_is_all_that_turns_out_otherwise(steps in steps()) {
        let now = NOW.parse().unwrap();
        let mut view = world();
        let mut kept_up = Audit::default();
        kept_up.pass(&view, &Touched::Everything, now);
        let mut lacking = BTreeMap::new();
        look(&view, &Touched::Everything, &mut lacking);
        for step in steps {
            let change = change(&step);
            let before = view.clone();
            view.apply(&change);
            let touched = Touched::by(&change, &before, &view);
            kept_up.pass(&view, &touched, now);
            let mut anew = Audit::default();
            anew.pass(&view, &Touched::Everything, now);
            prop_assert_eq!(kept_up.audited(), anew.audited(), "after {:?}, touched {:?}", change, touched);
            look(&view, &touched, &mut lacking);
            let lacking: Vec<_> = lacking.values().cloned().collect();
            prop_assert_eq!(lacking, stamps(&view.snapshot), "after {:?}, touched {:?}", change, touched);
        }
    }
}

/// Whether the transfer is seen to cover anything at all: else its steps would change nothing.
#[test]
fn what_a_transfer_lets_out_is_found_once_it_is_revoked() {
    let mut view = world();
    let abroad = object(0, [1, 0, 0, 0, 3, 0]);
    view.apply(&Change::Observed(kind_of(&abroad), abroad));
    let found = |view: &View| {
        let mut audit = Audit::default();
        audit.pass(view, &Touched::Everything, NOW.parse().unwrap());
        let told = audit.audited().owners;
        let told = told.values().flat_map(|owner| owner.findings.clone());
        told.filter(|told| !told.finding.is_covered())
            .map(|told| told.finding.reason.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        view.snapshot.world().unreadable().count() + view.snapshot.transfers().unreadable().count(),
        0
    );
    assert_eq!(found(&view), Vec::<String>::new());
    let revoked = transfers::object(1, [2, 0, 0, 0, 0, 0]);
    view.apply(&Change::Observed(kind_of(&revoked), revoked));
    assert_eq!(found(&view), ["NodeOutside"]);
}
