use std::sync::Arc;

use bund_engine::snapshot::{DatabaseState, Databases, Geography, Said, Service};
use serde_json::{Value, json};

use super::*;
use crate::audit::Audit;
use crate::index::{Change, Touched, WatchedKind};

const REGION: &str = "topology.kubernetes.io/region";

fn observe(view: &mut View, object: Value) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let group = text("/apiVersion").split_once('/').map_or(String::new(), |(group, _)| group.to_owned());
    let kind = WatchedKind::of(&group, &text("/kind")).unwrap();
    view.apply(&Change::Observed(kind, object));
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "generation": 2}, "spec": spec})
}

fn node(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
}

fn deployment(namespace: &str, name: &str, region: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {
            "metadata": {"labels": {"data-class.bund.dev/pi": ""}}, "spec": {"nodeSelector": {REGION: region}}
        }}
    })
}

/// A policy that only audits, in a Mixed cluster.
fn view() -> View {
    let mut view = View::default();
    let jurisdiction = json!({"displayName": "Mainland China", "countryCodes": ["CN"], "providers": [
        {"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]});
    for object in [
        own(
            "ClusterLocation",
            "cluster",
            &json!({"jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"]}),
        ),
        own("Jurisdiction", "cn-mainland", &jurisdiction),
        own("DataClass", "pi", &json!({"category": "PersonalInformation"})),
        own("ResidencyPolicy", "stay", &json!({"dataClasses": ["pi"], "jurisdictions": ["cn-mainland"]})),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"bund.dev/guarded": "true"}}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}}),
        node("hangzhou", &json!({REGION: "cn-hangzhou"})),
        node("frankfurt", &json!({REGION: "eu-central-1"})),
        node("somewhere", &json!({})),
    ] {
        observe(&mut view, object);
    }
    view.snapshot.set_nodes_listed();
    view
}

fn audited(view: &View, now: Timestamp) -> Audited {
    let mut audit = Audit::default();
    audit.pass(view, &Touched::Everything, now);
    audit.audited()
}

fn status_of(view: &View, kind: OwnKind, name: &str) -> Value {
    let audited = audited(view, Timestamp::UNIX_EPOCH);
    status(kind, name, view.own(kind, name).unwrap(), view, &audited, Timestamp::UNIX_EPOCH)
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "observedGeneration": 2, "lastTransitionTime": "1970-01-01T00:00:00Z",
        "reason": reason, "message": message})
}

#[test]
fn a_location_counts_nodes_and_says_why_they_are_not_inside() {
    let expected = json!({
        "conditions": [condition("Ready", "True", "InForce", "the location is in force")],
        "nodes": {"inside": 1, "outside": 1, "unknown": 1, "notInside": [
            {"name": "frankfurt", "why": "in eu-central-1"},
            {"name": "somewhere", "why": "at an unknown place (it has no label topology.kubernetes.io/region)"}
        ]}
    });
    assert_eq!(status_of(&view(), OwnKind::ClusterLocation, "cluster"), expected);
}

#[test]
fn a_policy_that_audits_counts_what_it_would_refuse_if_it_denied() {
    let mut view = view();
    observe(&mut view, deployment("shop", "abroad", "eu-central-1"));
    observe(&mut view, deployment("shop", "home", "cn-hangzhou"));
    observe(&mut view, deployment("plain", "unguarded", "eu-central-1"));
    observe(&mut view, deployment("kube-system", "exempt", "eu-central-1"));
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "bare", "namespace": "shop", "labels": {"data-class.bund.dev/pi": ""}},
        "spec": {"nodeName": "frankfurt"}});
    observe(&mut view, pod);
    // Another policy that denies everything to everybody is not what is asked about.
    let nowhere =
        json!({"dataClasses": ["pi"], "jurisdictions": ["nowhere"], "enforcement": {"placement": "Deny"}});
    observe(&mut view, own("ResidencyPolicy", "other", &nowhere));
    let expected = json!({
        "conditions": [
            condition("Ready", "True", "InForce", "the policy is in force"),
            condition("ResolvedRefs", "True", "Resolved", "every class and jurisdiction exists"),
            condition("Enforced", "True", "AsWritten", "the modes hold as they are written"),
            condition("Compliant", "False", "Violations", "4 of the 4 that hold its classes break a rule of it; \
                status.violating lists the first, `kubectl bund why KIND/NAME` explains each"),
        ],
        "covered": 4,
        "wouldDeny": {"count": 2, "first": [
            {"namespace": "shop", "kind": "Deployment", "name": "abroad", "reason": "PlacementContradicts",
                "field": "spec.template.spec.nodeSelector"},
            {"namespace": "shop", "kind": "Pod", "name": "bare", "reason": "NodeOutside", "field": "spec.nodeName"},
        ]}
    });
    let status = status_of(&view, OwnKind::ResidencyPolicy, "stay");
    assert_eq!(status["violating"]["count"], 4, "with the other policy, nothing is where both want it");
    assert_eq!(status["wouldDeny"]["count"], 2);
    assert_eq!(status["covered"], expected["covered"]);
    assert_eq!(status["conditions"], expected["conditions"]);
    for (found, wanted) in
        [0, 1].map(|i| (&status["wouldDeny"]["first"][i], &expected["wouldDeny"]["first"][i]))
    {
        for member in ["namespace", "kind", "name", "reason"] {
            assert_eq!(found[member], wanted[member]);
        }
    }
}

#[test]
fn broken_glass_shows_on_itself_and_on_every_policy_until_it_ends() {
    let mut view = view();
    let mut glass = own(
        "BreakGlass",
        "inc-7",
        &json!({
            "reason": "INC-7: the mainland zone is down", "requestedBy": "kate", "namespaces": ["shop"], "durationMinutes": 2
        }),
    );
    glass["metadata"]["creationTimestamp"] = "1970-01-01T00:00:00Z".into();
    observe(&mut view, glass);
    let said = "inc-7 of kate, in shop until 1970-01-01T00:02:00Z: INC-7: the mainland zone is down";
    let expected = json!({
        "until": "1970-01-01T00:02:00Z",
        "conditions": [
            condition("Active", "True", "InEffect", &format!("Deny acts as Warn: {said}")),
            condition("Ready", "True", "InForce", "it is understood"),
        ]
    });
    assert_eq!(status_of(&view, OwnKind::BreakGlass, "inc-7"), expected);
    let of_policy = |now| {
        let stored = OwnObject { generation: 1, ..OwnObject::default() };
        let now = Timestamp::from_second(now).unwrap();
        let audited = audited(&view, now);
        let status = status(OwnKind::ResidencyPolicy, "stay", &stored, &view, &audited, now);
        status["conditions"][2]["message"].clone()
    };
    assert_eq!(of_policy(119), format!("glass is broken, Deny acts as Warn: {said}"));
    assert_eq!(of_policy(120), "the modes hold as they are written");
}

#[test]
fn names_that_do_not_exist_are_told_and_the_policy_stays_in_force() {
    let mut view = view();
    let spec = json!({"dataClasses": ["typo"], "jurisdictions": ["cn-mainland", "nowhere"]});
    observe(&mut view, own("ResidencyPolicy", "stay", &spec));
    let conditions = status_of(&view, OwnKind::ResidencyPolicy, "stay")["conditions"].clone();
    assert_eq!(conditions[0]["reason"], "RefsNotResolved");
    assert_eq!(
        conditions[1],
        condition("ResolvedRefs", "False", "NotFound", "not found: DataClass typo, Jurisdiction nowhere")
    );
}

#[test]
fn what_cannot_be_read_is_not_ready() {
    let mut view = view();
    observe(&mut view, own("ResidencyPolicy", "broken", &json!({"dataClasses": 1})));
    let status = status_of(&view, OwnKind::ResidencyPolicy, "broken");
    assert_eq!(status["conditions"][0]["reason"], "FactUnreadable");
    assert_eq!(status["conditions"][0]["status"], "False");
    assert_eq!(status.get("wouldDeny"), None);
}

#[test]
fn of_two_mappings_of_one_kind_both_count() {
    let mut view = view();
    let mapping = json!({"target": {"group": "argoproj.io", "kind": "Rollout", "resource": "rollouts"},
        "templates": [{"query": "$.spec.template"}]});
    observe(&mut view, own("DestinationMapping", "a", &mapping));
    observe(&mut view, own("DestinationMapping", "b", &mapping));
    let reason =
        |name| status_of(&view, OwnKind::DestinationMapping, name)["conditions"][0]["reason"].clone();
    assert_eq!((reason("a"), reason("b")), (json!("InForce"), json!("InForce")));
}

/// Databases that stand as they are told.
#[derive(Debug)]
struct Standing(Vec<DatabaseState>);

impl Databases for Standing {
    fn country_of(&self, _: ipnet::IpNet) -> Said {
        Said::Missing { database: "a.mmdb".into() }
    }

    fn states(&self) -> Vec<DatabaseState> {
        self.0.clone()
    }
}

#[test]
fn a_location_says_whether_the_databases_of_addresses_can_be_asked() {
    let state = |name: &str, service| DatabaseState {
        name: name.into(),
        built: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        good_until: Some("2026-02-01T03:04:05Z".parse().unwrap()),
        service,
    };
    let missing = DatabaseState {
        built: None,
        good_until: None,
        ..state("b.mmdb", Service::Missing("/geo/b.mmdb cannot be read: gone".into()))
    };
    let without = "no public address is inside that no network lists: ";
    for (service, other, (status, reason, message)) in [
        (Service::InUse, None, ("True", "InUse", "a.mmdb of 2026-01-02, good until 2026-02-01".to_owned())),
        (
            Service::Kept("/geo/a.mmdb: it is broken".into()),
            None,
            (
                "False",
                "NotReplaced",
                "a.mmdb of 2026-01-02 stays in use until 2026-02-01: /geo/a.mmdb: it is broken".to_owned(),
            ),
        ),
        (
            Service::Stale,
            None,
            (
                "False",
                "Stale",
                format!(
                    "{without}a.mmdb of 2026-01-02 was good until 2026-02-01; put a newer one in its place"
                ),
            ),
        ),
        (
            Service::InUse,
            Some(missing),
            (
                "False",
                "Missing",
                format!(
                    "{without}a.mmdb of 2026-01-02, good until 2026-02-01; b.mmdb: /geo/b.mmdb cannot be read: gone"
                ),
            ),
        ),
    ] {
        let mut view = view();
        let states = [state("a.mmdb", service)].into_iter().chain(other).collect();
        view.apply(&Change::Geography(Geography::of(Arc::new(Standing(states)))));
        let found = status_of(&view, OwnKind::ClusterLocation, "cluster");
        assert_eq!(found["conditions"][1], condition("GeographyReady", status, reason, &message));
    }
}
