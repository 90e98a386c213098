//! Valid specs of every kind.

use serde_json::{Value, json};

const CODE: &str = "91350100M000100Y43";

/// The name of the samples of a kind.
pub fn name_of(kind: &str) -> &'static str {
    match kind {
        "Exporter" => "91350100m000100y43",
        "Ledger" => "bund",
        _ => "cluster",
    }
}

/// Valid specs of a kind, between which every field is there: one, unless a rule wants one of several fields.
pub fn samples(kind: &str) -> Vec<Value> {
    match kind {
        "CrossBorderTransfer" => transfers(),
        "Exporter" => vec![exporter()],
        "LedgerEvent" => vec![event()],
        "TransferApproval" => vec![approval()],
        kind => vec![sample(kind)],
    }
}

fn exporter() -> Value {
    json!({
        "creditCode": CODE, "legalName": "Shop Ltd", "infrastructure": "Critical", "body": "StateOrgan",
        "elsewhere": {"asOf": "2026-05-09", "ordinary": 1, "sensitive": 2}
    })
}

/// One transfer by each mechanism, to a region or to a host.
fn transfers() -> Vec<Value> {
    let region = json!({"provider": "aws", "region": "eu-central-1"});
    let host = json!({"host": "api.partner.example"});
    let scale = json!({"ordinary": 1, "sensitive": 1});
    let assessment = json!({
        "reference": "SA-1", "resultDate": "2026-05-09", "extendedUntil": "2029-05-09", "scale": scale
    });
    let filing = json!({"reference": "F-1", "filedOn": "2026-05-09"});
    let certification =
        json!({"number": "C-1", "body": "Body", "issuedOn": "2026-05-09", "expiresOn": "2029-05-09"});
    let network = json!({"network": "203.0.113.7/32", "ports": [{"port": 443, "protocol": "TCP"}]});
    vec![
        transfer(&region, &json!({"securityAssessment": assessment})),
        transfer(&host, &json!({"standardContract": {"effectiveDate": "2026-05-09", "filing": filing}})),
        transfer(&network, &json!({"certification": certification})),
        transfer(&host, &json!({"exemption": {"ground": "Treaty", "evidence": "binder 7"}})),
    ]
}

fn transfer(destination: &Value, mechanism: &Value) -> Value {
    let document = json!({"reference": "binder 7", "date": "2026-05-09"});
    json!({
        "exporter": CODE, "requestedBy": "kate", "supersedes": "before",
        "recipient": {
            "name": "Partner", "country": "DE", "contact": "dpo@partner.example", "kind": "Organisation"
        },
        "purpose": "delivery", "method": "an interface", "dataClasses": ["pi"], "dataTypes": ["addresses"],
        "persons": {"ordinary": 1, "sensitive": 1, "under14": 1},
        "sources": [{"kind": "Deployment", "name": "orders"}], "destinations": [destination],
        "legalBasis": "Contract", "mechanism": mechanism,
        "notice": {"document": document, "tells": ["Rights"]},
        "consent": {"separate": document, "guardian": document, "minorsRules": document},
        "impactAssessment": {"document": document, "keepUntil": "2031-05-09", "harms": ["PublicInterest"]},
        "retention": {
            "place": "Frankfurt", "until": "2027-05-09", "afterwards": "deleted", "onward": ["Carrier"]
        },
        "foreignAuthority": {"competentAuthority": "Ministry", "approval": document},
        "validity": {"from": "2026-05-09T00:00:00Z", "until": "2027-05-09T00:00:00Z"}
    })
}

fn event() -> Value {
    json!({
        "event": "Decided", "observedAt": "2026-05-09T02:00:00Z", "why": "kate approved",
        "transfer": {
            "namespace": "shop", "name": "orders", "uid": "u-1", "digest": "0".repeat(64), "sequence": 0,
            "exporter": CODE, "persons": {"ordinary": 1, "sensitive": 1, "under14": 1}, "supersedes": "u-0",
            "until": "2027-05-09T00:00:00Z"
        },
        "decision": {"name": "orders-kate", "uid": "u-2", "decision": "Approved", "username": "kate"},
        "object": {"kind": "Deployment", "namespace": "shop", "name": "orders", "by": "kubectl"},
        "dataClasses": ["pi"]
    })
}

fn approval() -> Value {
    json!({
        "transfer": {"name": "orders", "uid": "u-1", "digest": "0".repeat(64)},
        "dataClasses": ["pi"], "decision": "Approved", "reason": "as agreed",
        "approver": {"username": "kate", "uid": "1", "groups": ["legal"], "credential": "JTI=1"}
    })
}

fn sample(kind: &str) -> Value {
    let selector = json!({
        "matchLabels": {"app": "users"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["store"]}]
    });
    match kind {
        "BreakGlass" => json!({
            "reason": "INC-7: every node on the mainland is gone", "requestedBy": "kate",
            "namespaces": ["shop"], "durationMinutes": 60
        }),
        "ClusterLocation" => json!({
            "jurisdiction": "cn-mainland", "span": "Mixed", "nodeKey": "topology.kubernetes.io/region",
            "providers": ["alibaba"], "exemptNamespaces": ["monitoring"], "networks": ["10.0.0.0/8"],
            "dns": {"namespace": "kube-system", "podLabels": {"k8s-app": "kube-dns"}, "port": 53,
                "nodeLocal": ["169.254.20.10/32"]}
        }),
        "DataClass" => json!({
            "category": "PersonalInformation", "sensitivity": "Sensitive", "subjects": "MinorsUnder14",
            "sector": "General", "safeguards": {"atRest": "AES-256", "inTransit": "TLS-1.3"},
            "retention": {"minimumDays": 184},
            "selectors": [{"namespaceSelector": selector, "objectSelector": selector}]
        }),
        "DestinationMapping" => json!({
            "target": {"group": "velero.io", "kind": "BackupStorageLocation", "resource": "backupstoragelocations"},
            "actsForNamespace": true,
            "destinations": [{"query": "$.spec.region", "type": "Region", "provider": "alibaba"}],
            "templates": [{"query": "$.spec.template", "shape": "PodTemplate"}]
        }),
        "Jurisdiction" => json!({
            "displayName": "Mainland China", "countryCodes": ["CN"],
            "trustedNodeLabel": "node-restriction.kubernetes.io/jurisdiction",
            "networks": ["36.0.0.0/8"], "hostSuffixes": ["amazonaws.com.cn"],
            "providers": [{
                "name": "tencent", "regions": ["ap-guangzhou"], "zoneForm": "RegionDashNumber",
                "nodeLabelCodes": [{"code": "gz", "region": "ap-guangzhou"}],
                "providerIdSchemes": ["qcloud"], "providerIdForm": "Zone",
                "hostPatterns": ["cos.{region}.myqcloud.com"]
            }],
            "calendars": [{"year": 2026, "holidays": ["2026-10-01"], "workdays": ["2026-10-10"]}],
            "excludedRecipients": [{"name": "Acme", "country": "DE", "reference": "notice 1"}],
            "excludedDataClasses": ["genomes"]
        }),
        "Ledger" => json!({ "name": "ledger.example.com/prod" }),
        "ResidencyPolicy" => json!({
            "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
            "namespaceSelector": selector, "placementStrategy": "Inject",
            "enforcement": {"placement": "Deny", "storage": "Deny", "network": "Deny", "egress": "Deny",
                "connect": "Deny", "hints": "Warn", "safeguards": "Audit", "exposure": "Audit"},
            "overrides": [{"namespaces": ["shop"], "enforcement": {"placement": "Warn"}}],
            "running": {"response": {"placement": "Evict", "storage": "Report"}, "nodes": "Taint",
                "eviction": {"graceSeconds": 300, "maxPerMinute": 10, "maxUnavailablePercent": 25}},
            "egress": {
                "networks": [{"network": "10.20.0.0/16", "ports": [{"port": 443, "protocol": "TCP"}]}],
                "pods": [{"namespace": "monitoring", "podLabels": {"app": "collector"},
                    "ports": [{"port": 4317, "protocol": "TCP"}]}],
                "exceptions": [{"namespace": "shop", "kind": "DaemonSet", "name": "edge",
                    "escapes": ["HostNetwork"]}],
                "transferEnd": "Evict"
            },
            "approval": {"approvers": 2, "groups": ["legal"]},
            "trustedSubjects": [{"username": "system:serviceaccount:ci:release", "rights": ["Declassify"]}]
        }),
        kind => panic!("no sample of {kind}: a new kind of ours needs one"),
    }
}
