//! What stands, and every edit of it.

use serde_json::{Value, json};

use super::{CLASS, UNPROTECTED, own};

/// One edit of one object.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    /// A member of the spec, as a JSON pointer, and its value; null takes it away. `None`: the object is deleted.
    pub(super) change: Option<(&'static str, Value)>,
    /// Whether it takes protection away.
    pub(super) weakens: bool,
}

/// Who is trusted with a right.
const RELEASE: &str = "system:serviceaccount:ci:release";

/// A recipient that an authority excludes.
fn excluded(name: &str) -> Value {
    json!({ "name": name, "country": "DE", "reference": "Notice 1" })
}

fn port(port: u16) -> Value {
    json!({ "port": port, "protocol": "TCP" })
}

/// A workload that may escape network policies.
fn exception(escapes: &[&str]) -> Value {
    json!({ "namespace": "e2e-tools", "kind": "DaemonSet", "name": "agent", "escapes": escapes })
}

/// Objects that have something to lose in every field, the mapping last.
pub(super) fn standing() -> Vec<Value> {
    let provider = json!({
        "name": "alibaba", "regions": ["cn-hangzhou", "cn-beijing"], "zoneForm": "RegionDashLetter",
        "nodeLabelCodes": [{ "code": "hz", "region": "cn-hangzhou" }], "providerIdSchemes": ["alicloud"],
        "providerIdForm": "RegionDotMachine", "hostPatterns": ["*.oss-{region}.example.com"]
    });
    vec![
        own(
            "ResidencyPolicy",
            "e2e-denying",
            &json!({
                "dataClasses": [CLASS, "e2e-undeclared"], "jurisdictions": ["cn-mainland", "e2e-place"],
                "namespaceSelector": { "matchLabels": { "e2e": "protection" } },
                "enforcement": { "placement": "Warn", "storage": "Deny" },
                "overrides": [
                    { "namespaces": ["e2e-a", "e2e-b"], "enforcement": { "egress": "Deny", "hints": "Audit" } },
                    { "namespaces": ["e2e-b", "e2e-c"], "enforcement": { "egress": "Warn", "placement": "Deny" } },
                ],
                "placementStrategy": "Require",
                "egress": {
                    "networks": [{ "network": "10.0.0.0/8", "ports": [port(443), port(80)] }, { "network": "fd00:20::/48" }],
                    "pods": [{ "namespace": "e2e-tools", "podLabels": { "app": "agent" }, "ports": [port(9090)] }],
                    "exceptions": [exception(&["HostNetwork", "HostPort"])]
                },
                "approval": { "approvers": 2, "groups": ["legal", "privacy"] },
                "trustedSubjects": [{ "username": RELEASE, "rights": ["Approve"] }]
            }),
        ),
        own(
            "ResidencyPolicy",
            "e2e-auditing",
            &json!({
                "dataClasses": [UNPROTECTED], "jurisdictions": ["e2e-elsewhere"], "enforcement": { "storage": "Warn" },
                "namespaceSelector": { "matchLabels": { "e2e": "protection" } },
            }),
        ),
        own(
            "DataClass",
            CLASS,
            &json!({
                "category": "PersonalInformation", "sensitivity": "Sensitive", "subjects": "MinorsUnder14",
                "sector": "FinanceAndHealth", "safeguards": { "atRest": "AES-256", "inTransit": "TLS-1.3" },
                "retention": { "minimumDays": 184 },
                "selectors": [
                    { "objectSelector": { "matchLabels": { "e2e": "protection" } } },
                    {
                        "namespaceSelector": { "matchLabels": { "e2e": "protection" } },
                        "objectSelector": { "matchExpressions": [{ "key": "e2e", "operator": "Exists" }] }
                    },
                ]
            }),
        ),
        own("DataClass", UNPROTECTED, &json!({ "category": "CoreData" })),
        own(
            "Jurisdiction",
            "e2e-place",
            &json!({
                "displayName": "Mainland", "countryCodes": ["CN"], "networks": ["10.0.0.0/8", "fd00:20::/48"],
                "providers": [provider, { "name": "tencent", "zoneForm": "Opaque" }], "hostSuffixes": ["gov.cn"],
                "trustedNodeLabel": "node-restriction.kubernetes.io/e2e",
                "calendars": [{ "year": 2026, "holidays": ["2026-10-01"], "workdays": ["2026-10-10"] }],
                "excludedRecipients": [excluded("Excluded GmbH")], "excludedDataClasses": ["e2e-undeclared"]
            }),
        ),
        own("Jurisdiction", "e2e-elsewhere", &json!({ "displayName": "E", "countryCodes": ["DE"] })),
        own(
            "DestinationMapping",
            "e2e-mapping",
            &json!({
                "target": { "group": "e2e.example", "kind": "Backup", "resource": "backups" },
                "destinations": [
                    { "query": "$.spec.region", "type": "Region" },
                    { "query": "$.spec.url", "type": "Url", "provider": "alibaba" },
                ],
                "templates": [{ "query": "$.spec.template" }],
                "actsForNamespace": true
            }),
        ),
    ]
}

/// Every edit, each with whether it weakens.
pub(super) fn edits() -> Vec<Edit> {
    let gone = |kind, name, weakens| Edit { kind, name, change: None, weakens };
    let mut all = vec![
        gone("ResidencyPolicy", "e2e-denying", true),
        gone("ResidencyPolicy", "e2e-auditing", false),
        gone("DataClass", CLASS, true),
        gone("DataClass", UNPROTECTED, false),
        gone("Jurisdiction", "e2e-place", true),
        gone("Jurisdiction", "e2e-elsewhere", false),
        gone("ClusterLocation", "cluster", true),
        gone("DestinationMapping", "e2e-mapping", true),
    ];
    let mut of = |kind, name, edits: Vec<(&'static str, Value, bool)>| {
        let edits = edits.into_iter();
        all.extend(edits.map(|(pointer, value, weakens)| Edit {
            kind,
            name,
            change: Some((pointer, value)),
            weakens,
        }));
    };
    of("ResidencyPolicy", "e2e-denying", policies());
    of(
        "ResidencyPolicy",
        "e2e-auditing",
        vec![
            ("/enforcement", json!({}), false),
            ("/jurisdictions", json!(["e2e-elsewhere", "e2e-place"]), false),
        ],
    );
    of("DataClass", CLASS, classes());
    of("DataClass", UNPROTECTED, vec![("/category", json!("Other"), false)]);
    of("Jurisdiction", "e2e-place", places());
    of("Jurisdiction", "e2e-elsewhere", vec![("/countryCodes", json!(["DE", "FR"]), false)]);
    // What ships, as large as it is.
    of(
        "Jurisdiction",
        "cn-mainland",
        vec![
            ("/displayName", json!("China"), false),
            ("/countryCodes", json!(["CN", "HK"]), true),
            (
                "/providers",
                json!([{ "name": "alibaba", "regions": ["cn-hongkong"], "zoneForm": "Opaque" }]),
                true,
            ),
        ],
    );
    of("ClusterLocation", "cluster", locations());
    of("DestinationMapping", "e2e-mapping", mappings());
    all
}

fn policies() -> Vec<(&'static str, Value, bool)> {
    let (ab, bc) = (json!(["e2e-a", "e2e-b"]), json!(["e2e-b", "e2e-c"]));
    let egress = json!({ "egress": "Deny", "hints": "Audit" });
    let placement = json!({ "egress": "Warn", "placement": "Deny" });
    let entry = |namespaces: &Value, enforcement: &Value| json!({ "namespaces": namespaces, "enforcement": enforcement });
    let (first, second) = (entry(&ab, &egress), entry(&bc, &placement));
    let same_selector = json!({ "matchLabels": { "e2e": "protection" }, "matchExpressions": [] });
    vec![
        ("/dataClasses", json!([CLASS]), true),
        ("/dataClasses", json!(["e2e-undeclared", "e2e-third", CLASS]), false),
        ("/jurisdictions", json!(["e2e-place", "cn-mainland", "e2e-elsewhere"]), true),
        ("/jurisdictions", json!(["cn-mainland"]), false),
        ("/namespaceSelector", Value::Null, false),
        ("/namespaceSelector", json!({ "matchLabels": { "e2e": "else" } }), true),
        ("/namespaceSelector", same_selector, false),
        ("/enforcement/storage", json!("Warn"), true),
        ("/enforcement/placement", Value::Null, true),
        ("/enforcement/placement", json!("Deny"), false),
        ("/enforcement/hints", json!("Audit"), true),
        ("/enforcement", Value::Null, true),
        ("/overrides", json!([second, first]), true),
        ("/overrides", json!([first]), true),
        (
            "/overrides",
            json!([first, second, entry(&json!(["e2e-d"]), &json!({ "storage": "Audit" }))]),
            true,
        ),
        (
            "/overrides",
            json!([first, second, entry(&json!(["e2e-a"]), &json!({ "egress": "Audit" }))]),
            false,
        ),
        ("/overrides", json!([entry(&json!(["e2e-d"]), &json!({ "egress": "Deny" })), first, second]), false),
        ("/overrides", json!([first, entry(&json!(["e2e-c", "e2e-b"]), &placement)]), false),
        ("/overrides", json!([first, entry(&json!(["e2e-c"]), &placement)]), true),
        ("/overrides", Value::Null, true),
        ("/placementStrategy", json!("Inject"), true),
        ("/placementStrategy", Value::Null, true),
    ]
    .into_iter()
    .chain(approvals())
    .chain(openings())
    .collect()
}

/// What pods may reach.
fn openings() -> Vec<(&'static str, Value, bool)> {
    let to = |network: &str, ports: &[Value]| json!([{ "network": network, "ports": ports }]);
    let pods = |namespace: &str, labels: Value, ports: &[Value]| json!([{ "namespace": namespace, "podLabels": labels, "ports": ports }]);
    let agent = || json!({ "app": "agent" });
    vec![
        ("/egress", Value::Null, false),
        ("/egress", json!({ "transferEnd": "Evict" }), false),
        ("/egress/networks", to("10.9.0.0/16", &[port(80)]), false),
        ("/egress/networks", json!([{ "network": "FD00:20:0:1::/64" }]), false),
        ("/egress/networks", to("10.9.0.0/16", &[port(22)]), true),
        ("/egress/networks", json!([{ "network": "10.9.0.0/16" }]), true),
        ("/egress/networks", to("10.0.0.0/7", &[port(80)]), true),
        ("/egress/pods", pods("e2e-tools", agent(), &[port(9090)]), false),
        ("/egress/pods", pods("e2e-other", agent(), &[port(9090)]), true),
        ("/egress/pods", pods("e2e-tools", json!({}), &[port(9090)]), true),
        ("/egress/pods", pods("e2e-tools", agent(), &[]), true),
        ("/egress/exceptions", json!([exception(&["HostPort"])]), false),
        ("/egress/exceptions", json!([exception(&["HostPort", "Privileged"])]), true),
    ]
}

/// Who decides on transfers.
fn approvals() -> Vec<(&'static str, Value, bool)> {
    let trusted = |username: &str, rights: &[&str]| json!({ "username": username, "rights": rights });
    vec![
        ("/approval", Value::Null, true),
        ("/approval/approvers", json!(1), true),
        ("/approval/approvers", json!(3), false),
        ("/approval/groups", json!(["privacy"]), false),
        ("/approval/groups", json!(["everybody", "legal", "privacy"]), true),
        ("/approval/groups", Value::Null, true),
        ("/trustedSubjects", Value::Null, false),
        ("/trustedSubjects", json!([trusted(RELEASE, &["Approve", "Declassify"])]), true),
        ("/trustedSubjects", json!([trusted(RELEASE, &["Approve"]), trusted("kate", &["Approve"])]), true),
    ]
}

fn classes() -> Vec<(&'static str, Value, bool)> {
    let by_label = json!({ "objectSelector": { "matchLabels": { "e2e": "protection" } } });
    let by_key = |values: Value| {
        let mut expression = json!({ "key": "e2e", "operator": "Exists" });
        if !values.is_null() {
            expression["values"] = values;
        }
        json!({
            "namespaceSelector": { "matchLabels": { "e2e": "protection" } },
            "objectSelector": { "matchExpressions": [expression] }
        })
    };
    let mut everywhere = by_key(Value::Null);
    if let Some(members) = everywhere.as_object_mut() {
        members.remove("namespaceSelector");
    }
    let odd_key = json!({ "objectSelector": { "matchLabels": { "not a key": "" } } });
    vec![
        ("/category", json!("ImportantData"), true),
        ("/subjects", Value::Null, true),
        ("/sector", json!("SocialAndEducation"), true),
        ("/sector", json!("General"), true),
        ("/safeguards", Value::Null, true),
        ("/safeguards/inTransit", Value::Null, true),
        ("/retention", Value::Null, true),
        ("/retention/minimumDays", json!(30), true),
        ("/retention/minimumDays", json!(365), false),
        ("/selectors", Value::Null, true),
        ("/selectors", json!([by_label]), true),
        ("/selectors", json!([by_key(json!([])), by_label]), false),
        ("/selectors", json!([by_label, everywhere]), false),
        ("/selectors", json!([by_label, by_key(Value::Null), odd_key]), true),
    ]
}

fn places() -> Vec<(&'static str, Value, bool)> {
    let alibaba = |member: &str, value: Value| {
        let mut provider = standing()[4]["spec"]["providers"][0].clone();
        provider[member] = value;
        provider
    };
    let tencent = json!({ "name": "tencent", "zoneForm": "Opaque" });
    let code = json!([{ "code": "hz", "region": "cn-beijing" }]);
    vec![
        ("/countryCodes", json!(["CN", "TW"]), true),
        ("/displayName", json!("中国大陆"), false),
        ("/providers", json!([tencent, alibaba("regions", json!(["cn-hangzhou"]))]), false),
        ("/providers", json!([tencent, alibaba("regions", json!(["cn-hongkong"]))]), true),
        ("/providers", json!([alibaba("nodeLabelCodes", code)]), true),
        ("/providers", json!([alibaba("nodeLabelCodes", json!([]))]), false),
        ("/providers", json!([alibaba("hostPatterns", json!([]))]), false),
        ("/providers", json!([alibaba("hostPatterns", json!(["oss-{region}.example.com"]))]), true),
        ("/providers", json!([alibaba("zoneForm", json!("Opaque"))]), true),
        ("/providers", json!([alibaba("providerIdForm", json!("NoRegion"))]), true),
        ("/providers", json!([alibaba("providerIdSchemes", json!(["alicloud", "ecs"]))]), true),
        ("/providers", json!([tencent]), true),
        (
            "/providers",
            json!([alibaba("name", json!("alibaba")), { "name": "gcp", "zoneForm": "Opaque" }]),
            false,
        ),
        (
            "/providers",
            json!([
                alibaba("name", json!("alibaba")),
                { "name": "gcp", "zoneForm": "Opaque", "hostPatterns": ["store.example.com"] },
            ]),
            true,
        ),
        ("/networks", json!(["10.9.0.0/16"]), false),
        ("/networks", json!(["10.0.0.0/7"]), true),
        ("/networks", json!(["10.0.0.0/8", "FD00:20:0::/48", "fd00:20:0:1::/64"]), false),
        ("/hostSuffixes", json!(["tax.gov.cn"]), false),
        ("/hostSuffixes", json!(["gov.cn", "notgov.cn"]), true),
        ("/trustedNodeLabel", Value::Null, true),
        ("/calendars", Value::Null, false),
        ("/excludedRecipients", Value::Null, true),
        ("/excludedRecipients", json!([excluded("Another GmbH"), excluded("Excluded GmbH")]), false),
        ("/excludedDataClasses", Value::Null, true),
        ("/excludedDataClasses", json!(["e2e-third", "e2e-undeclared"]), false),
    ]
}

fn locations() -> Vec<(&'static str, Value, bool)> {
    vec![
        ("/jurisdiction", json!("e2e-place"), true),
        ("/span", json!("Uniform"), true),
        ("/nodeKey", Value::Null, false),
        ("/nodeKey", json!("region"), true),
        ("/providers", json!(["alibaba", "tencent"]), true),
        ("/exemptNamespaces", json!(["e2e-monitoring"]), true),
        ("/networks", json!(["192.168.0.0/16"]), true),
        ("/dns", json!({}), false),
        ("/dns", json!({ "nodeLocal": [] }), false),
        ("/dns", json!({ "nodeLocal": ["203.0.113.7/32"] }), true),
        ("/dns", json!({ "podLabels": { "app": "dns" } }), true),
        ("/dns", json!({ "port": 5353 }), true),
    ]
}

fn mappings() -> Vec<(&'static str, Value, bool)> {
    let region = json!({ "query": "$.spec.region", "type": "Region" });
    let url = json!({ "query": "$.spec.url", "type": "Url", "provider": "alibaba" });
    let anywhere = json!({ "query": "$.spec.url", "type": "Url" });
    let long = format!("$['{}']", "区".repeat(100));
    vec![
        ("/target/kind", json!("Restore"), true),
        ("/destinations", json!([url, region]), false),
        ("/destinations", json!([region]), true),
        ("/destinations", json!([region, anywhere]), true),
        ("/destinations", json!([region, url, anywhere]), false),
        ("/destinations", json!([region, url, { "query": long, "type": "Host" }]), true),
        ("/actsForNamespace", json!(false), true),
        ("/actsForNamespace", Value::Null, true),
        ("/templates", Value::Null, true),
        ("/templates", json!([{ "query": "$.spec.template", "shape": "PodTemplate" }]), false),
        ("/templates", json!([{ "query": "$.spec.template", "shape": "PodSpec" }]), true),
    ]
}
