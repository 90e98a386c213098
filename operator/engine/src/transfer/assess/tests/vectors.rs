//! The boundaries of the law, one by one.

use alloc::{format, string::String, vec};

use serde_json::json;

use super::*;

/// Persons, classes, who exports, the mechanism, and the route.
type Vector = (&'static str, [u64; 3], &'static str, [&'static str; 2], Value, Route);

#[test]
fn the_route_is_the_one_of_the_decision_table() {
    const NOBODY: [&str; 2] = ["NotCritical", "Enterprise"];
    let table: [Vector; 15] = [
        ("no personal information", [0, 0, 0], "metrics", NOBODY, contract(), Route::NotRequired),
        ("just below", [99_999, 0, 0], "pi", NOBODY, contract(), Route::Exempt),
        ("the floor", [100_000, 0, 0], "pi", NOBODY, contract(), Route::StandardContractOrCertification),
        (
            "below the ceiling",
            [999_999, 0, 0],
            "pi",
            NOBODY,
            contract(),
            Route::StandardContractOrCertification,
        ),
        ("the ceiling", [1_000_000, 0, 0], "pi", NOBODY, contract(), Route::SecurityAssessment),
        ("one sensitive", [0, 1, 0], "pi", NOBODY, contract(), Route::StandardContractOrCertification),
        ("both below", [99_999, 9_999, 0], "pi", NOBODY, contract(), Route::StandardContractOrCertification),
        ("sensitive ceiling", [0, 10_000, 0], "pi", NOBODY, contract(), Route::SecurityAssessment),
        ("critical", [1, 0, 0], "pi", ["Critical", "Enterprise"], contract(), Route::SecurityAssessment),
        ("important", [1, 0, 0], "maps", NOBODY, contract(), Route::SecurityAssessment),
        ("necessity", [5_000_000, 50_000, 0], "pi", NOBODY, exemption("ContractNecessity"), Route::Exempt),
        ("foreign origin", [800_000, 0, 0], "pi", NOBODY, exemption("ForeignOrigin"), Route::Exempt),
        // What was merged with domestic data, and a workforce without a collective contract, have no ground to declare.
        ("merged", [800_000, 0, 0], "pi", NOBODY, contract(), Route::StandardContractOrCertification),
        (
            "no collective contract",
            [200_000, 0, 0],
            "pi",
            NOBODY,
            contract(),
            Route::StandardContractOrCertification,
        ),
        ("all under 14", [50, 50, 50], "pi", NOBODY, contract(), Route::StandardContractOrCertification),
    ];
    for (what, [ordinary, sensitive, under_14], class, [infrastructure, body], mechanism, expected) in table {
        let mut snapshot = world();
        observe(&mut snapshot, &exporter(infrastructure, body, &nobody_elsewhere()));
        let transfer = with(&transfer(), "/persons", persons(ordinary, sensitive, under_14));
        let transfer = with(&with(&transfer, "/dataClasses", json!([class])), "/mechanism", mechanism);
        assert_eq!(route(&snapshot, &transfer), Ok(expected), "{what}");
    }
}

#[test]
fn the_count_begins_anew_at_midnight_in_beijing_and_not_in_utc() {
    let mut snapshot = world();
    let elsewhere = json!({ "asOf": "2026-12-20", "ordinary": 0, "sensitive": 0 });
    observe(&mut snapshot, &exporter("NotCritical", "Enterprise", &elsewhere));
    let last_year = persons(150_000, 0, 0);
    observe(&mut snapshot, &event("u-old", 0, "Activated", "2026-02-01T00:00:00Z", &last_year));
    let small = with(&transfer(), "/persons", persons(10_000, 0, 0));
    let at = |snapshot: &Snapshot, now| assessed(snapshot, &small, now).route;
    let mut ended = snapshot.clone();
    observe(&mut ended, &event("u-old", 1, "Expired", "2026-12-31T15:00:00Z", &last_year));
    assert_eq!(at(&ended, "2026-12-31T15:59:59Z"), Ok(Route::StandardContractOrCertification));
    assert_eq!(at(&ended, "2026-12-31T16:00:00Z"), Ok(Route::Exempt), "it is a new year in Beijing");
    // What is still in effect counts in the new year as well.
    assert_eq!(at(&snapshot, "2026-12-31T16:00:00Z"), Ok(Route::StandardContractOrCertification));
    let mut late = snapshot;
    observe(&mut late, &event("u-old", 1, "Expired", "2026-12-31T16:00:01Z", &last_year));
    assert_eq!(at(&late, "2026-12-31T17:00:00Z"), Ok(Route::StandardContractOrCertification));
}

#[test]
fn notice_and_impact_assessment_survive_every_exemption() {
    let grounds = [
        "ForeignOrigin",
        "ContractNecessity",
        "HumanResources",
        "Emergency",
        "StatutoryDuty",
        "FreeTradeZone",
        "Treaty",
    ];
    for ground in grounds {
        let exempt = with(&transfer(), "/mechanism", exemption(ground));
        assert!(assessed(&world(), &exempt, NOW).permits(), "{ground}");
        for (member, field) in
            [("/notice", "spec.notice.document"), ("/impactAssessment", "spec.impactAssessment.document")]
        {
            let found = assessed(&world(), &with(&exempt, member, Value::Null), NOW);
            assert!(found.missing.iter().any(|missing| missing.field.as_str() == field), "{ground} {field}");
        }
    }
}

#[test]
fn a_lighter_mechanism_than_the_route_does_not_serve_and_a_heavier_one_does() {
    let certification = json!({ "certification": { "number": "C", "body": "B", "issuedOn": "2026-04-20", "expiresOn": "2029-04-20" } });
    let below = exemption("BelowThreshold");
    let large = assessment(10_000_000, 10_000_000);
    let cases = [
        (99_999, vec![(&below, true), (&certification, true), (&large, true)]),
        (100_000, vec![(&below, false), (&certification, true), (&large, true)]),
        (1_000_000, vec![(&below, false), (&certification, false), (&large, true)]),
    ];
    for (count, mechanisms) in cases {
        for (mechanism, serves) in mechanisms {
            let transfer = with(&transfer(), "/persons", persons(count, 0, 0));
            let found = assessed(&world(), &with(&transfer, "/mechanism", mechanism.clone()), NOW);
            assert_eq!(found.route_satisfied.is_ok(), serves, "{count} {mechanism}");
        }
    }
    let nothing = with(&transfer(), "/mechanism", exemption("NoPersonalNorImportantData"));
    let few = with(&nothing, "/persons", persons(5, 0, 0));
    let says = assessed(&world(), &few, NOW).route_satisfied.unwrap_err();
    assert!(says.starts_with("personal information leaves"), "{says}");
    let metrics = with(&with(&nothing, "/persons", persons(0, 0, 0)), "/dataClasses", json!(["metrics"]));
    assert!(assessed(&world(), &metrics, NOW).permits());
}

#[test]
fn what_the_exporter_is_and_what_a_class_is_decide_before_any_exemption() {
    let exempt = with(&transfer(), "/mechanism", exemption("HumanResources"));
    let mut organ = world();
    observe(&mut organ, &exporter("NotCritical", "StateOrgan", &nobody_elsewhere()));
    assert_eq!(route(&organ, &exempt), Ok(Route::SecurityAssessment));
    // A ground of O16 Art. 5 does not ask who exports.
    let mut critical = world();
    observe(&mut critical, &exporter("Critical", "Enterprise", &nobody_elsewhere()));
    assert_eq!(route(&critical, &exempt), Ok(Route::Exempt));
    for class in ["maps", "secrets", "undeclared"] {
        let transfer = with(&exempt, "/dataClasses", json!(["pi", class]));
        assert_eq!(route(&world(), &transfer), Ok(Route::SecurityAssessment), "{class}");
    }
    // Of a sensitive class nobody declares how many persons: it is all of them.
    let health =
        with(&with(&transfer(), "/dataClasses", json!(["health"])), "/persons", persons(10_000, 0, 0));
    assert_eq!(route(&world(), &health), Ok(Route::SecurityAssessment));
}

#[test]
fn what_cannot_be_read_leaves_the_route_open() {
    let why = |snapshot: &Snapshot| route(snapshot, &transfer()).unwrap_err();
    let spoil = |kind: &str, name: &str| {
        let mut snapshot = world();
        assert_eq!(snapshot.observe(&object(kind, name, &json!({ "spam": 1 }))), Observed::Unreadable);
        why(&snapshot)
    };
    let code = CODE.to_ascii_lowercase();
    let expected = [
        ("Exporter", code.as_str(), format!("no Exporter {code} can be read; create it, with what it exported elsewhere")),
        (
            "Jurisdiction",
            "cn-mainland",
            "a policy names jurisdiction cn-mainland, which cannot be read; apply it, with what its authority excludes".into(),
        ),
    ];
    for (kind, name, says) in expected {
        assert_eq!(spoil(kind, name), says);
    }
    for (kind, name) in [("ResidencyPolicy", "other"), ("DataClass", "pi"), ("LedgerEvent", "x.0")] {
        let says: String = spoil(kind, name);
        assert!(says.starts_with(&format!("{kind} {name} cannot be read")), "{says}");
    }
    let mut other_class = world();
    other_class.observe(&object("DataClass", "maps", &json!({ "spam": 1 })));
    assert_eq!(route(&other_class, &transfer()), Ok(Route::StandardContractOrCertification));
}
