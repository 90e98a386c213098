use alloc::{vec, vec::Vec};

use serde_json::json;

use super::*;
use crate::{Snapshot, Timestamp, decide, snapshot::Observed};

mod egress;

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn policy(enforcement: &Value) -> Value {
    json!({ "dataClasses": ["pi", "logs"], "jurisdictions": ["cn-mainland"], "enforcement": enforcement })
}

/// A policy keeps `pi` and `logs` with this enforcement; nobody keeps `other`.
fn world(enforcement: &Value) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let kept = object("ResidencyPolicy", "mainland", &policy(enforcement));
    assert_eq!(snapshot.observe(&kept), Observed::Fact);
    snapshot
}

fn with(spec: &Value, pointer: &str, value: Value) -> Value {
    let mut spec = spec.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = spec.pointer_mut(parent).unwrap();
    if value.is_null() {
        parent.as_object_mut().unwrap().remove(member);
    } else {
        parent[member] = value;
    }
    spec
}

/// What each edit of `spec` takes away, in a world that denies.
fn edits(kind: OwnKind, name: &str, spec: &Value, edits: &[(&str, Value, &[&str])]) {
    let denying = world(&json!({ "storage": "Deny" }));
    let auditing = world(&json!({ "storage": "Warn" }));
    let old = object(kind.as_str(), name, spec);
    for (pointer, value, expected) in edits {
        let new = object(kind.as_str(), name, &with(spec, pointer, value.clone()));
        assert_ne!(old, new, "{pointer} {value} changes nothing");
        let found = weakenings(kind, &old, Some(&new), denying.world());
        let what: Vec<_> = found.iter().map(|weakening| weakening.what.as_str()).collect();
        assert_eq!(what, *expected, "{pointer} {value}");
        if kind != OwnKind::ResidencyPolicy {
            assert_eq!(weakenings(kind, &old, Some(&new), auditing.world()), [], "nothing denies");
        }
    }
    assert_eq!(weakenings(kind, &old, Some(&old), denying.world()), []);
}

#[test]
fn a_policy_keeps_what_it_keeps_where_it_keeps_it() {
    let spec = json!({
        "dataClasses": ["pi", "logs"], "jurisdictions": ["cn-mainland"],
        "enforcement": { "placement": "Deny", "storage": "Warn" },
        "overrides": [{ "namespaces": ["shop", "bank"], "enforcement": { "egress": "Deny", "hints": "Audit" } }],
        "placementStrategy": "Require"
    });
    let overrides = |entries: Value| ("/overrides", entries);
    let shop = json!([{ "namespaces": ["shop"], "enforcement": { "egress": "Deny", "hints": "Audit" } }]);
    let less = json!([{ "namespaces": ["bank"], "enforcement": { "placement": "Warn" } }]);
    let split = json!([
        { "namespaces": ["bank"], "enforcement": { "egress": "Deny" } },
        { "namespaces": ["shop", "bank"], "enforcement": { "egress": "Deny", "hints": "Audit" } },
    ]);
    let selector = json!({ "matchLabels": { "team": "shop" } });
    edits(
        OwnKind::ResidencyPolicy,
        "mainland",
        &spec,
        &[
            ("/dataClasses", json!(["pi"]), &["no longer keeps logs"]),
            ("/dataClasses", json!(["logs", "other", "pi"]), &[]),
            ("/jurisdictions", json!(["cn-mainland", "eu"]), &["lets data be in eu too"]),
            ("/namespaceSelector", selector, &["selects other namespaces"]),
            ("/enforcement/placement", json!("Audit"), &["lowers placement from Deny to Audit"]),
            ("/enforcement/storage", Value::Null, &["lowers storage from Warn to Audit"]),
            ("/enforcement/storage", json!("Deny"), &[]),
            ("/enforcement/hints", json!("Audit"), &["lowers hints from Warn to Audit"]),
            (
                overrides(shop).0,
                json!([{ "namespaces": ["shop"], "enforcement": { "egress": "Deny" } }]),
                &["lowers egress from Deny to Audit in bank"],
            ),
            (
                "/overrides",
                less,
                &[
                    "lowers placement from Deny to Warn in bank",
                    "lowers egress from Deny to Audit in bank, shop",
                ],
            ),
            ("/overrides", split, &[]),
            ("/overrides", Value::Null, &["lowers egress from Deny to Audit in bank, shop"]),
            ("/placementStrategy", json!("Inject"), &["lowers placementStrategy from Require to Inject"]),
            ("/placementStrategy", Value::Null, &["lowers placementStrategy from Require to Inject"]),
        ],
    );
}

#[test]
fn a_policy_asks_whom_it_asks_about_transfers_and_trusts_nobody_else() {
    let spec = with(
        &policy(&json!({ "egress": "Deny" })),
        "/approval",
        json!({ "approvers": 2, "groups": ["dpo"] }),
    );
    let trusted = |name: &str, rights: Value| json!({ "username": name, "rights": rights });
    let spec = with(&spec, "/trustedSubjects", json!([trusted("ci", json!(["Approve"]))]));
    edits(
        OwnKind::ResidencyPolicy,
        "mainland",
        &spec,
        &[
            ("/approval", Value::Null, &["no longer says who must approve transfers"]),
            ("/approval/approvers", json!(1), &["lowers the approvers of a transfer from 2 to 1"]),
            ("/approval/approvers", json!(3), &[]),
            ("/approval/groups", json!(["dpo", "staff"]), &["lets staff approve transfers"]),
            ("/approval/groups", json!(["legal"]), &["lets legal approve transfers"]),
            ("/approval/groups", Value::Null, &["lets people of any group approve transfers"]),
            ("/approval/groups", json!([]), &["lets people of any group approve transfers"]),
            ("/trustedSubjects", Value::Null, &[]),
            (
                "/trustedSubjects",
                json!([trusted("ci", json!(["Declassify", "Approve"]))]),
                &["trusts ci with the right Declassify"],
            ),
            (
                "/trustedSubjects",
                json!([trusted("root", json!(["Approve", "Declassify"]))]),
                &["trusts root with the right Approve", "trusts root with the right Declassify"],
            ),
        ],
    );
    // Where nobody was asked for, and where anybody may, a rule and groups are more.
    let none = with(&spec, "/approval", Value::Null);
    let rule = json!({ "approvers": 1, "groups": ["dpo"] });
    edits(OwnKind::ResidencyPolicy, "mainland", &none, &[("/approval", rule, &[])]);
    let anybody = with(&spec, "/approval/groups", Value::Null);
    edits(OwnKind::ResidencyPolicy, "mainland", &anybody, &[("/approval/groups", json!(["dpo"]), &[])]);
}

#[test]
fn an_authority_excludes_what_it_excludes() {
    let recipient =
        |name: &str, country: Value| json!({ "name": name, "country": country, "reference": "notice 1" });
    let acme = recipient("Acme", json!("DE"));
    let spec = json!({
        "displayName": "Mainland", "countryCodes": ["CN"], "excludedRecipients": [acme],
        "excludedDataClasses": ["genomes"]
    });
    let table: &[(&str, Value, &[&str])] = &[
        ("/excludedRecipients", json!([]), &["no longer excludes the recipient Acme"]),
        ("/excludedRecipients", Value::Null, &["no longer excludes the recipient Acme"]),
        (
            "/excludedRecipients",
            json!([recipient("Acme", json!("FR"))]),
            &["no longer excludes the recipient Acme"],
        ),
        ("/excludedRecipients", json!([recipient("Other", Value::Null), acme]), &[]),
        ("/excludedDataClasses", Value::Null, &["lets genomes be exported"]),
        ("/excludedDataClasses", json!(["maps", "genomes"]), &[]),
        ("/calendars", json!([{ "year": 2026, "holidays": [] }]), &[]),
    ];
    edits(OwnKind::Jurisdiction, "cn-mainland", &spec, table);
}

#[test]
fn a_policy_that_denies_nothing_is_free_to_change_and_a_class_loses_alone() {
    let audits = policy(&json!({ "placement": "Warn" }));
    let old = object("ResidencyPolicy", "p", &audits);
    let world = Snapshot::default();
    let found =
        |old: &Value, new: Option<&Value>| weakenings(OwnKind::ResidencyPolicy, old, new, world.world());
    assert_eq!(found(&old, None), []);
    let old = object("ResidencyPolicy", "p", &policy(&json!({ "placement": "Deny" })));
    let both = BTreeSet::from(["logs".into(), "pi".into()]);
    let gone = Weakening { field: FieldPath::root(), what: "is deleted".into(), classes: both };
    assert_eq!(found(&old, None), [gone]);
    let new = object("ResidencyPolicy", "p", &with(&old["spec"], "/dataClasses", json!(["pi"])));
    let fewer = Weakening {
        field: FieldPath::of("spec.dataClasses"),
        what: "no longer keeps logs".into(),
        classes: BTreeSet::from(["logs".into()]),
    };
    assert_eq!(found(&old, Some(&new)), [fewer]);
}

#[test]
fn a_class_reaches_what_it_reaches_and_asks_for_what_it_asks() {
    let entry = |label: &str| json!({ "objectSelector": { "matchLabels": { "app": label } } });
    let narrow = json!({
        "namespaceSelector": { "matchLabels": { "team": "a" } },
        "objectSelector": { "matchLabels": { "app": "b" } }
    });
    let spec = json!({
        "category": "PersonalInformation", "sensitivity": "Sensitive", "subjects": "MinorsUnder14",
        "sector": "FinanceAndHealth", "safeguards": { "atRest": "AES-256", "inTransit": "TLS-1.3" },
        "retention": { "minimumDays": 184 }, "selectors": [entry("a"), narrow]
    });
    let unreadable = json!([entry("a"), narrow, { "objectSelector": { "matchLabels": { "a b": "" } } }]);
    let table: &[(&str, Value, &[&str])] = &[
        ("/category", json!("Other"), &["is of another category"]),
        ("/subjects", Value::Null, &["is no longer of minors"]),
        ("/sector", json!("SocialAndEducation"), &["is no longer of its sector"]),
        (
            "/safeguards",
            Value::Null,
            &["asks for no encryption at rest any more", "asks for no encryption in transit any more"],
        ),
        ("/safeguards/atRest", Value::Null, &["asks for no encryption at rest any more"]),
        ("/retention/minimumDays", json!(183), &["is kept for less time"]),
        ("/retention/minimumDays", json!(185), &[]),
        ("/retention", Value::Null, &["is kept for less time"]),
        ("/selectors", json!([narrow, entry("a"), entry("c")]), &[]),
        ("/selectors", json!([entry("a"), entry("b")]), &[]),
        ("/selectors", json!([narrow]), &["selects less"]),
        ("/selectors", unreadable, &["can no longer be read"]),
    ];
    edits(OwnKind::DataClass, "pi", &spec, table);
    let plain = json!({ "category": "PersonalInformation" });
    let stricter = object("DataClass", "pi", &with(&spec, "/selectors", Value::Null));
    let denying = world(&json!({ "storage": "Deny" }));
    let plain = object("DataClass", "pi", &plain);
    assert_eq!(weakenings(OwnKind::DataClass, &plain, Some(&stricter), denying.world()), []);
    let ordinary = with(&with(&spec, "/subjects", Value::Null), "/sensitivity", Value::Null);
    let sensitive = with(&spec, "/subjects", Value::Null);
    let found = weakenings(
        OwnKind::DataClass,
        &object("DataClass", "logs", &sensitive),
        Some(&object("DataClass", "logs", &ordinary)),
        denying.world(),
    );
    let expected = Weakening {
        field: FieldPath::of("spec.sensitivity"),
        what: "is no longer sensitive".into(),
        classes: BTreeSet::from(["logs".into()]),
    };
    assert_eq!(found, [expected]);
    let unkept = object("DataClass", "other", &spec);
    assert_eq!(weakenings(OwnKind::DataClass, &unkept, None, denying.world()), []);
}

#[test]
fn a_jurisdiction_takes_no_more_places_for_inside() {
    let provider = json!({
        "name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter",
        "nodeLabelCodes": [{ "code": "hz", "region": "cn-hangzhou" }], "providerIdSchemes": ["alicloud"],
        "hostPatterns": ["*.oss-{region}.example.com"]
    });
    let spec = json!({
        "displayName": "Mainland", "countryCodes": ["CN"], "providers": [provider],
        "networks": ["10.0.0.0/8"], "hostSuffixes": ["gov.cn"], "trustedNodeLabel": "node-restriction.kubernetes.io/j"
    });
    let own = json!({ "name": "own", "zoneForm": "Opaque" });
    let table: &[(&str, Value, &[&str])] = &[
        ("/displayName", json!("China"), &[]),
        ("/countryCodes", json!(["CN", "HK"]), &["takes HK for inside"]),
        (
            "/providers/0/regions",
            json!(["cn-hangzhou", "cn-hongkong"]),
            &["takes alibaba cn-hongkong for inside"],
        ),
        ("/providers/0/regions", json!([]), &[]),
        (
            "/providers/0/nodeLabelCodes",
            json!([{ "code": "hz", "region": "cn-x" }]),
            &["takes alibaba hz for inside"],
        ),
        ("/providers/0/hostPatterns", Value::Null, &[]),
        (
            "/providers/0/hostPatterns",
            json!(["oss-{region}.example.com"]),
            &["takes oss-{region}.example.com for inside"],
        ),
        ("/providers/0/zoneForm", json!("Opaque"), &["reads zones of alibaba in another way"]),
        ("/providers/0/providerIdForm", json!("Zone"), &["reads providerIDs of alibaba in another way"]),
        ("/providers/0/providerIdSchemes", Value::Null, &["reads providerIDs of alibaba in another way"]),
        ("/providers", json!([own, provider]), &[]),
        ("/providers", json!([with(&own, "/regions", json!(["x"])), provider]), &["takes own for inside"]),
        (
            "/providers",
            json!([with(&own, "/hostPatterns", json!(["a.cn"])), provider]),
            &["takes own for inside"],
        ),
        ("/providers", json!([]), &["no longer tells providerIDs of alibaba"]),
        ("/networks", json!(["10.1.0.0/16", "10.2.0.0/16"]), &[]),
        ("/networks", json!(["8.0.0.0/6"]), &["takes 8.0.0.0/6 for inside"]),
        ("/hostSuffixes", json!(["tax.gov.cn"]), &[]),
        ("/hostSuffixes", json!(["gov.cn", "notgov.cn"]), &["takes notgov.cn for inside"]),
        ("/trustedNodeLabel", Value::Null, &["trusts another node label"]),
        ("/countryCodes", json!(["cn"]), &["can no longer be read"]),
    ];
    edits(OwnKind::Jurisdiction, "cn-mainland", &spec, table);
    let denying = world(&json!({ "storage": "Deny" }));
    let elsewhere = object("Jurisdiction", "eu", &spec);
    let wider = object("Jurisdiction", "eu", &with(&spec, "/countryCodes", json!(["CN", "DE"])));
    assert_eq!(weakenings(OwnKind::Jurisdiction, &elsewhere, Some(&wider), denying.world()), []);
}

#[test]
fn the_cluster_stays_where_it_is() {
    let spec = json!({
        "jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba", "tencent"],
        "exemptNamespaces": ["monitoring"], "networks": ["10.0.0.0/8"]
    });
    let table: &[(&str, Value, &[&str])] = &[
        ("/jurisdiction", json!("eu"), &["puts the cluster in eu"]),
        ("/span", json!("Uniform"), &["takes every node for inside"]),
        ("/nodeKey", json!("topology.kubernetes.io/region"), &[]),
        ("/nodeKey", json!("region"), &["believes node label region"]),
        ("/providers", json!(["tencent"]), &[]),
        ("/providers", json!(["alibaba", "tencent", "aws"]), &["counts regions of aws"]),
        ("/providers", json!([]), &["can no longer be read"]),
        ("/exemptNamespaces", json!(["monitoring", "shop"]), &["exempts shop"]),
        ("/exemptNamespaces", Value::Null, &[]),
        ("/networks", json!(["10.2.0.0/16"]), &[]),
        ("/networks", json!(["10.0.0.0/8", "11.0.0.0/8"]), &["takes 11.0.0.0/8 for inside"]),
    ];
    edits(OwnKind::ClusterLocation, "cluster", &spec, table);
    let uniform = object("ClusterLocation", "cluster", &with(&spec, "/span", json!("Uniform")));
    let mixed = object("ClusterLocation", "cluster", &spec);
    let denying = world(&json!({ "storage": "Deny" }));
    assert_eq!(weakenings(OwnKind::ClusterLocation, &uniform, Some(&mixed), denying.world()), []);
}

#[test]
fn a_mapping_sees_what_it_sees() {
    let spec = json!({
        "target": { "group": "velero.io", "kind": "Backup", "resource": "backups" },
        "destinations": [{ "query": "$.spec.region", "type": "Region" }],
        "templates": [{ "query": "$.spec.template" }]
    });
    let named = json!([{ "query": "$.spec.region", "type": "Region", "provider": "alibaba" }]);
    let more =
        json!([{ "query": "$.spec.url", "type": "Url" }, { "query": "$.spec.region", "type": "Region" }]);
    let table: &[(&str, Value, &[&str])] = &[
        ("/target/kind", json!("Restore"), &["no longer tells where Backup leads"]),
        ("/destinations", Value::Null, &["no longer reads $.spec.region as it did"]),
        ("/destinations", named, &["no longer reads $.spec.region as it did"]),
        ("/destinations", more, &[]),
        ("/templates/0/shape", json!("PodTemplate"), &[]),
        ("/templates/0/shape", json!("PodSpec"), &["no longer finds pods at $.spec.template"]),
        ("/templates", json!([]), &["no longer finds pods at $.spec.template"]),
    ];
    edits(OwnKind::DestinationMapping, "velero", &spec, table);
}

#[test]
fn what_cannot_be_read_can_be_repaired() {
    let denying = world(&json!({ "storage": "Deny" }));
    let broken = object("Jurisdiction", "cn-mainland", &json!({ "countryCodes": ["China"] }));
    let repaired =
        object("Jurisdiction", "cn-mainland", &json!({ "displayName": "M", "countryCodes": ["CN"] }));
    assert_eq!(weakenings(OwnKind::Jurisdiction, &broken, Some(&repaired), denying.world()), []);
    assert_eq!(weakenings(OwnKind::Jurisdiction, &broken, None, denying.world()), []);
}

#[test]
fn a_decision_refuses_unless_the_requester_may_declassify_every_class() {
    let snapshot = world(&json!({ "storage": "Deny" }));
    let old = object("ResidencyPolicy", "mainland", &policy(&json!({ "storage": "Deny" })));
    let new = object("ResidencyPolicy", "mainland", &policy(&json!({ "storage": "Audit" })));
    let asked = |classes: &[&str]| {
        let mut request = Request::of_object(new.clone(), Some(old.clone()));
        request.rights.declassify = classes.iter().map(|class| HeldClass::from(*class)).collect();
        decide(&request, &snapshot, Timestamp::UNIX_EPOCH).response()
    };
    let says = |classes: &str| {
        alloc::format!(
            "ProtectionWeakened: ResidencyPolicy mainland lowers storage from Deny to Audit; it protects {classes}; \
             field spec.enforcement.storage; LOC-4, PIPL Arts 36 and 40, CSL Art. 39; {}",
            Reason::ProtectionWeakened.entry().remedy
        )
    };
    assert_eq!(asked(&[]).refusals, [says("logs, pi")]);
    assert_eq!(asked(&["pi"]).refusals, [says("logs")]);
    assert!(asked(&["pi", "logs"]).allowed);
    let request =
        Request { operation: Operation::Delete, object: None, ..Request::of_object(new, Some(old)) };
    let deletion = decide(&request, &snapshot, Timestamp::UNIX_EPOCH).response();
    assert_eq!(deletion.refusals.len(), 1, "{deletion:?}");
    let metadata = |labels: Value| {
        let mut object = object("ResidencyPolicy", "mainland", &policy(&json!({ "storage": "Deny" })));
        object["metadata"]["labels"] = labels;
        object["status"] = json!({ "conditions": [] });
        object
    };
    let request = Request::of_object(metadata(json!({ "a": "b" })), Some(metadata(json!({}))));
    assert_eq!(decide(&request, &snapshot, Timestamp::UNIX_EPOCH).findings, vec![]);
}
