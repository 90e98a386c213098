//! A made-up exporter, its classes, and transfers of each mechanism; what is asked of them is in the files below.

use alloc::string::String;

use serde_json::{Value, json};

use super::{Assessment, Route, assess};
use crate::{Snapshot, Timestamp, snapshot::Observed};

mod count;
mod dates;
mod forbidden;
mod missing;
mod properties;
mod vectors;

const CODE: &str = "91350100M000100Y43";
/// A working day in the middle of a year, in the morning of Beijing.
const NOW: &str = "2026-05-13T02:00:00Z";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn observe(snapshot: &mut Snapshot, object: &Value) {
    assert_eq!(snapshot.observe(object), Observed::Fact, "{object}");
}

fn exporter(infrastructure: &str, body: &str, elsewhere: &Value) -> Value {
    let spec = json!({
        "creditCode": CODE, "legalName": "Shop", "infrastructure": infrastructure, "body": body,
        "elsewhere": elsewhere
    });
    object("Exporter", &CODE.to_ascii_lowercase(), &spec)
}

fn nobody_elsewhere() -> Value {
    json!({ "asOf": "2026-05-01", "ordinary": 0, "sensitive": 0 })
}

/// One exporter and classes of every kind, in a world whose one policy names a jurisdiction with exclusions.
fn world() -> Snapshot {
    let mut snapshot = Snapshot::default();
    let class = |name: &str, spec: Value| object("DataClass", name, &spec);
    let minors = json!({
        "category": "PersonalInformation", "sensitivity": "Sensitive", "subjects": "MinorsUnder14"
    });
    let excluded = json!([
        { "name": "Acme Data Ltd", "country": "DE", "reference": "notice 1" },
        { "name": "Everywhere", "reference": "notice 2" }
    ]);
    let jurisdiction = json!({
        "displayName": "Mainland", "countryCodes": ["CN"], "excludedRecipients": excluded,
        "excludedDataClasses": ["genomes"],
        "calendars": [{
            "year": 2026, "holidays": ["2026-05-01", "2026-05-04", "2026-05-05"], "workdays": ["2026-05-09"]
        }]
    });
    let policy = json!({ "dataClasses": ["pi"], "jurisdictions": ["cn-mainland"] });
    for object in [
        exporter("NotCritical", "Enterprise", &nobody_elsewhere()),
        class("pi", json!({ "category": "PersonalInformation" })),
        class("health", json!({ "category": "PersonalInformation", "sensitivity": "Sensitive" })),
        class("pupils", minors),
        class("maps", json!({ "category": "ImportantData" })),
        class("secrets", json!({ "category": "CoreData" })),
        class("genomes", json!({ "category": "Other" })),
        class("metrics", json!({ "category": "Other" })),
        object("Jurisdiction", "cn-mainland", &jurisdiction),
        object("ResidencyPolicy", "mainland", &policy),
    ] {
        observe(&mut snapshot, &object);
    }
    snapshot
}

fn persons(ordinary: u64, sensitive: u64, under_14: u64) -> Value {
    json!({ "ordinary": ordinary, "sensitive": sensitive, "under14": under_14 })
}

fn contract() -> Value {
    json!({ "standardContract": {
        "effectiveDate": "2026-04-20", "filing": { "reference": "F-1", "filedOn": "2026-04-22" }
    } })
}

fn assessment(ordinary: u64, sensitive: u64) -> Value {
    json!({ "securityAssessment": {
        "reference": "SA-1", "resultDate": "2026-04-20",
        "scale": { "ordinary": ordinary, "sensitive": sensitive }
    } })
}

fn exemption(ground: &str) -> Value {
    json!({ "exemption": { "ground": ground, "evidence": "binder 7" } })
}

/// A transfer that lacks nothing, of ordinary persons under a standard contract.
fn transfer() -> Value {
    let document = |name: &str| json!({ "reference": name, "date": "2026-04-15" });
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer",
        "metadata": { "name": "orders", "namespace": "shop", "uid": "u-own" },
        "spec": {
            "exporter": CODE, "requestedBy": "kate",
            "recipient": {
                "name": "Partner", "country": "DE", "contact": "dpo@partner.example", "kind": "Organisation"
            },
            "purpose": "delivery", "method": "an interface", "dataClasses": ["pi"], "dataTypes": ["addresses"],
            "persons": persons(200_000, 0, 0),
            "sources": [{ "kind": "Deployment", "name": "orders" }],
            "destinations": [{ "host": "api.partner.example" }],
            "mechanism": contract(),
            "notice": { "document": document("N-1"), "tells": [
                "RecipientName", "RecipientContact", "Purpose", "Method", "DataTypes", "Rights", "Necessity", "Effects"
            ] },
            "consent": {
                "separate": document("C-1"), "guardian": document("C-2"), "minorsRules": document("C-3")
            },
            "impactAssessment": { "document": document("P-1"), "keepUntil": "2031-05-01" },
            "retention": { "place": "Frankfurt", "until": "2027-12-31", "afterwards": "deleted" },
            "validity": { "from": "2026-05-01T00:00:00Z", "until": "2027-04-30T16:00:00Z" }
        }
    })
}

/// The transfer with one member of its spec written otherwise; `null` takes it away.
fn with(transfer: &Value, pointer: &str, value: Value) -> Value {
    let mut transfer = transfer.clone();
    let pointer = alloc::format!("/spec{pointer}");
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = transfer.pointer_mut(parent).unwrap();
    match parent.as_object_mut() {
        Some(members) if value.is_null() => drop(members.remove(member)),
        _ => parent[member] = value,
    }
    transfer
}

/// What is made of a transfer in a world, at a time.
fn assessed(snapshot: &Snapshot, transfer: &Value, now: &str) -> Assessment {
    let mut snapshot = snapshot.clone();
    observe(&mut snapshot, transfer);
    let facts = snapshot.transfers().transfer("shop", "orders").unwrap();
    assess(facts, &snapshot, moment(now))
}

fn route(snapshot: &Snapshot, transfer: &Value) -> Result<Route, String> {
    assessed(snapshot, transfer, NOW).route
}

/// An event of a transfer.
fn event(uid: &str, sequence: u32, event: &str, at: &str, persons: &Value) -> Value {
    let digest = "0".repeat(64);
    let transfer = json!({
        "namespace": "shop", "name": uid, "uid": uid, "digest": digest, "sequence": sequence, "exporter": CODE,
        "persons": persons, "until": "2027-01-01T00:00:00Z"
    });
    let spec = json!({ "event": event, "observedAt": at, "why": "a test", "transfer": transfer });
    object("LedgerEvent", &alloc::format!("{uid}.{sequence}"), &spec)
}

/// The event, of a transfer that supersedes another one.
fn superseding(mut event: Value, uid: &str) -> Value {
    event["spec"]["transfer"]["supersedes"] = json!(uid);
    event
}

#[test]
fn a_transfer_that_lacks_nothing_is_permitted() {
    let found = assessed(&world(), &transfer(), NOW);
    assert!(found.permits());
    assert_eq!(found.route, Ok(Route::StandardContractOrCertification));
    assert_eq!(found.begins, moment("2026-05-01T00:00:00Z"));
    assert_eq!(found.ends, moment("2027-04-30T16:00:00Z"));
    let says = "O16 Art. 8 asks for a standard contract that is filed, or a certification; the standard contract serves. The share of this transfer: 200000 persons with ordinary information alone, 0 with sensitive information";
    assert_eq!(found.route_satisfied.as_deref(), Ok(says));
}
