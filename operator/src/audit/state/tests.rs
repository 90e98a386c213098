use serde_json::{Value, json};

use super::*;
use crate::index::{Change, WatchedKind};

fn observe(view: &mut View, object: Value) {
    let version = object["apiVersion"].as_str().unwrap();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let kind = WatchedKind::of(group, object["kind"].as_str().unwrap()).unwrap();
    view.apply(&Change::Observed(kind, object));
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

/// A Deployment that holds a class, in this region.
fn deployment(region: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop", "uid": "u"},
        "spec": {"template": {
            "metadata": {"labels": {"data-class.bund.dev/pi": ""}},
            "spec": {"nodeSelector": {"topology.kubernetes.io/region": region}}
        }}
    })
}

/// A policy that keeps the class of the Deployment, which is abroad.
fn view() -> View {
    let mut view = View::default();
    let jurisdiction = json!({"displayName": "Mainland China", "countryCodes": ["CN"], "providers": [
        {"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]});
    let location = json!({"jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"]});
    for object in [
        own("ClusterLocation", "cluster", &location),
        own("Jurisdiction", "cn-mainland", &jurisdiction),
        own("DataClass", "pi", &json!({"category": "PersonalInformation"})),
        own("ResidencyPolicy", "stay", &json!({"dataClasses": ["pi"], "jurisdictions": ["cn-mainland"]})),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"bund.dev/guarded": "true"}}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n",
            "labels": {"topology.kubernetes.io/region": "cn-hangzhou"}}}),
        deployment("eu-central-1"),
    ] {
        observe(&mut view, object);
    }
    view.snapshot.set_nodes_listed();
    view
}

/// The times of everything that is told.
fn since(audit: &Audit) -> Vec<Timestamp> {
    let audited = audit.audited();
    audited.owners.values().flat_map(|owner| owner.findings.iter().map(|told| told.since)).collect()
}

#[test]
fn what_was_known_before_keeps_its_time_and_what_comes_again_does_not() {
    let [monday, tuesday, wednesday] = [1, 2, 3].map(|second| Timestamp::from_second(second).unwrap());
    let mut view = view();
    let mut first = Audit::default();
    first.pass(&view, &Touched::Everything, monday);
    let audited = first.audited();
    let (owner, told) = audited.owners.iter().next().unwrap();
    let known = told.findings.iter();
    let known = known.map(|told| ((SubjectKey::clone(owner), FindingId::of(&told.finding)), told.since));

    let mut audit = Audit::new(known.collect());
    audit.pass(&view, &Touched::Everything, tuesday);
    assert_eq!(since(&audit), [monday]);
    observe(&mut view, deployment("cn-hangzhou"));
    audit.pass(&view, &Touched::Everything, tuesday);
    assert_eq!(since(&audit), []);
    observe(&mut view, deployment("eu-central-1"));
    audit.pass(&view, &Touched::Everything, wednesday);
    assert_eq!(since(&audit), [wednesday]);
}
