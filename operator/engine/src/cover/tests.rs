use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json};

use super::*;
use crate::{Request, decide, finding::Standing as OfFinding, snapshot::Observed};

mod places;
mod senders;

const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const CLASSES: [&str; 3] = ["pi", "pay", "logs"];
const REGIONS: [&str; 3] = ["eu-central-1", "ap-southeast-1", "us-west-1"];
const NAMESPACES: [&str; 2] = ["shop", "till"];

fn end() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// A cluster on the clouds named, part of it abroad, in which a policy keeps every class.
fn cluster(clouds: &[&str], more: &[Value]) -> Snapshot {
    let jurisdiction = json!({
        "displayName": "Mainland China", "countryCodes": ["CN"],
        "trustedNodeLabel": "node-restriction.kubernetes.io/jurisdiction",
        "hostSuffixes": ["example.cn"],
        "providers": [
            {"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter",
             "providerIdSchemes": ["alicloud"], "providerIdForm": "RegionDotMachine"},
            {"name": "tencent", "regions": ["ap-guangzhou"], "zoneForm": "RegionDashNumber",
             "nodeLabelCodes": [{"code": "gz", "region": "ap-guangzhou"}],
             "providerIdSchemes": ["qcloud"], "providerIdForm": "Zone"},
            {"name": "own", "regions": ["dc1"], "zoneForm": "Opaque"}
        ]
    });
    let location =
        json!({ "jurisdiction": "cn-mainland", "span": "Mixed", "nodeKey": REGION, "providers": clouds });
    let policy = json!({
        "dataClasses": CLASSES, "jurisdictions": ["cn-mainland"],
        "enforcement": { "placement": "Deny", "storage": "Deny", "connect": "Deny" }
    });
    let mut facts = vec![
        own("Jurisdiction", "cn-mainland", &jurisdiction),
        own("ClusterLocation", "cluster", &location),
        own("ResidencyPolicy", "mainland", &policy),
    ];
    facts.extend(CLASSES.map(|class| own("DataClass", class, &json!({ "category": "PersonalInformation" }))));
    facts.extend(NAMESPACES.map(|name| {
        let labels = json!({ "bund.dev/guarded": "true" });
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
    }));
    let mut snapshot = Snapshot::default();
    for object in facts.iter().chain(more) {
        assert_eq!(snapshot.observe(object), Observed::Fact, "{object}");
    }
    snapshot
}

/// A transfer of `namespace`.
fn transfer(namespace: &str, name: &str, sources: &Value, classes: &[&str], destinations: &Value) -> Value {
    let spec = json!({
        "exporter": "91350100M000100Y43", "requestedBy": "wei", "purpose": "fulfilment", "method": "stored abroad",
        "recipient": { "name": "Partner GmbH", "country": "DE", "contact": "dpo@partner.example", "kind": "Organisation" },
        "dataClasses": classes, "dataTypes": ["address"], "sources": sources, "destinations": destinations,
        "persons": { "ordinary": 1, "sensitive": 0, "under14": 0 },
        "mechanism": { "exemption": { "ground": "ContractNecessity", "evidence": "orders" } },
        "validity": { "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" }
    });
    let mut transfer = own("CrossBorderTransfer", name, &spec);
    transfer["metadata"]["namespace"] = json!(namespace);
    transfer["metadata"]["uid"] = json!(alloc::format!("{namespace}-{name}"));
    transfer
}

fn regions(provider: &str, regions: &[&str]) -> Value {
    regions.iter().map(|region| json!({ "provider": provider, "region": region })).collect()
}

/// What holds these classes.
fn labelled(mut object: Value, classes: &[&str]) -> Value {
    let labels: BTreeMap<String, &str> =
        classes.iter().map(|class| (alloc::format!("data-class.bund.dev/{class}"), "")).collect();
    object["metadata"]["labels"] = json!(labels);
    object
}

fn deployment(namespace: &str, name: &str, classes: &[&str], regions: &[&str]) -> Value {
    let term = json!({ "matchExpressions": [{ "key": REGION, "operator": "In", "values": regions }] });
    let affinity = json!({ "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [term] }
    } });
    let template = labelled(json!({ "metadata": {}, "spec": { "affinity": affinity } }), classes);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "template": template }
    })
}

/// The name of the transfer that covers `object`, where those are in effect that `active` names.
fn covered_of(object: &Value, snapshot: &Snapshot, active: &dyn Fn(&str) -> bool) -> Option<String> {
    let decision = decide(&Request::of_object(object.clone(), None), snapshot, Timestamp::UNIX_EPOCH);
    assert!(
        decision.findings.iter().any(|finding| is_flow(finding.reason)),
        "nothing is sent: {decision:#?}"
    );
    let subject = snapshot.extract(object, None, None);
    let flow = Flow::of(&subject, &decision.classes, &decision.findings, snapshot).unwrap();
    let cover = flow.covered(snapshot, |transfer| active(&transfer.name).then(end));
    cover.map(|cover| cover.name.into())
}

fn covered(object: &Value, snapshot: &Snapshot) -> bool {
    covered_of(object, snapshot, &|_| true).is_some()
}

#[derive(Clone, Debug)]
struct Declared {
    namespace: &'static str,
    sources: Vec<&'static str>,
    classes: Vec<&'static str>,
    regions: Vec<&'static str>,
    active: bool,
}

fn declared() -> impl Strategy<Value = Declared> {
    let of = |all: &[&'static str]| subsequence(all.to_vec(), 1..=all.len());
    (proptest::sample::select(&NAMESPACES[..]), of(&["a", "b"]), of(&CLASSES), of(&REGIONS), any::<bool>())
        .prop_map(|(namespace, sources, classes, regions, active)| Declared {
            namespace,
            sources,
            classes,
            regions,
            active,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// One transfer in effect that lists the source, every class and every place, in the source's own namespace; and
    /// nothing else, whatever several of them list together.
    #[test]
    fn a_flow_is_covered_exactly_by_one_transfer_that_declares_all_of_it(
        sent in declared(),
        others in proptest::collection::vec(declared(), 0..4),
    ) {
        let name = |number: usize| alloc::format!("t{number}");
        let transfers: Vec<_> = others.iter().enumerate().map(|(number, other)| {
            let sources: Value =
                other.sources.iter().map(|name| json!({ "kind": "Deployment", "name": name })).collect();
            let destinations = regions("alibaba", &other.regions);
            transfer(other.namespace, &name(number), &sources, &other.classes, &destinations)
        }).collect();
        let snapshot = cluster(&["alibaba"], &transfers);
        let object = deployment(sent.namespace, sent.sources[0], &sent.classes, &sent.regions);
        let holds = |all: &[&str], some: &[&str]| some.iter().all(|one| all.contains(one));
        let declares = |other: &Declared| {
            other.active
                && other.namespace == sent.namespace
                && other.sources.contains(&sent.sources[0])
                && holds(&other.classes, &sent.classes)
                && holds(&other.regions, &sent.regions)
        };
        let expected = others.iter().position(declares).map(name);
        let active = |name: &str| {
            let number: usize = name.strip_prefix('t').unwrap().parse().unwrap();
            others[number].active
        };
        prop_assert_eq!(covered_of(&object, &snapshot, &active), expected);
    }
}

#[test]
fn of_several_that_cover_the_one_that_lasts_longest_is_told() {
    let sources = json!([{ "kind": "Deployment", "name": "orders" }]);
    let to = regions("alibaba", &["eu-central-1"]);
    let transfers = ["a", "b", "c"].map(|name| transfer("shop", name, &sources, &["pi"], &to));
    let snapshot = cluster(&["alibaba"], &transfers);
    let object = deployment("shop", "orders", &["pi"], &["eu-central-1"]);
    let decision = decide(&Request::of_object(object.clone(), None), &snapshot, Timestamp::UNIX_EPOCH);
    let subject = snapshot.extract(&object, None, None);
    let flow = Flow::of(&subject, &decision.classes, &decision.findings, &snapshot).unwrap();
    let later: Timestamp = "2027-06-01T00:00:00Z".parse().unwrap();
    let cover = flow.covered(&snapshot, |transfer| Some(if *transfer.name == *"b" { later } else { end() }));
    let expected = Cover { namespace: "shop".into(), name: "b".into(), until: later };
    assert_eq!(cover, Some(expected.clone()));
    assert_eq!(
        alloc::format!("{expected}"),
        "covered by CrossBorderTransfer shop/b until 2027-06-01T00:00:00Z"
    );
}

#[test]
fn nothing_is_covered_that_is_no_flow() {
    for reason in Reason::ALL {
        let aspect = reason.entry().aspect;
        let washing_or_unread = aspect.is_none() || reason.entry().effect != crate::reason::Effect::Denies;
        assert!(!(washing_or_unread && is_flow(reason)), "{reason}");
    }
}

#[test]
fn a_transfer_that_is_not_in_effect_covers_nothing() {
    let sources = json!([{ "kind": "Deployment", "name": "orders" }]);
    let declared = transfer("shop", "t", &sources, &["pi"], &regions("alibaba", &["eu-central-1"]));
    let snapshot = cluster(&["alibaba"], &[declared]);
    let object = deployment("shop", "orders", &["pi"], &["eu-central-1"]);
    assert!(covered(&object, &snapshot));
    // Nobody approved it.
    let decision = decide(&Request::of_object(object, None), &snapshot, Timestamp::UNIX_EPOCH);
    assert!(decision.findings.iter().all(|finding| finding.standing == OfFinding::Stands), "{decision:#?}");
}
