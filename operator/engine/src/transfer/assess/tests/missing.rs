//! What is asked for, field by field.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use serde_json::json;

use super::*;

/// Fields and law of what a transfer lacks.
fn missing(transfer: &Value) -> Vec<(String, &'static str, &'static str)> {
    let found = assessed(&world(), transfer, NOW);
    let told =
        |found: super::super::Missing| (found.field.as_str().to_owned(), found.control, found.citation);
    found.missing.into_iter().map(told).collect()
}

fn fields(transfer: &Value) -> Vec<String> {
    missing(transfer).into_iter().map(|(field, ..)| field).collect()
}

#[test]
fn a_transfer_that_declares_nothing_is_told_everything_in_order() {
    let mut bare = transfer();
    for member in ["/notice", "/consent", "/impactAssessment", "/retention"] {
        bare = with(&bare, member, Value::Null);
    }
    bare = with(&with(&bare, "/dataClasses", json!(["pupils"])), "/persons", persons(0, 0, 0));
    let tells = |citation| ("spec.notice.tells".to_owned(), "XFER-3", citation);
    let of = |field: &str, control, citation| (field.to_owned(), control, citation);
    let everybody = tells("D2; PIPL Art. 39");
    let sensitive = tells("PIPL Art. 30");
    let expected = [
        of("spec.consent.guardian", "XFER-3", "D2; PIPL Art. 31"),
        of("spec.consent.minorsRules", "XFER-3", "PIPL Art. 31"),
        of("spec.consent.separate", "XFER-3", "D0; PIPL Arts 29 and 39; NDSR Art. 62(7)"),
        of("spec.impactAssessment.document", "XFER-4", "D0; PIPL Arts 55 and 56"),
        of("spec.notice.document", "XFER-3", "D2; PIPL Art. 39"),
        everybody.clone(),
        everybody.clone(),
        everybody.clone(),
        sensitive.clone(),
        everybody.clone(),
        everybody.clone(),
        everybody,
        sensitive,
        of("spec.persons", "XFER-7", "O16 Arts 7 and 8"),
        of("spec.persons.sensitive", "XFER-7", "PIPL Art. 28; O16 Art. 8"),
        of("spec.persons.under14", "XFER-7", "PIPL Arts 28 and 31"),
        of("spec.retention", "XFER-4", "O11 Art. 9; PIPL Art. 55"),
    ];
    assert_eq!(missing(&bare), expected);
}

#[test]
fn what_is_no_personal_information_needs_no_notice() {
    let mut metrics = transfer();
    for member in ["/notice", "/consent", "/impactAssessment", "/retention"] {
        metrics = with(&metrics, member, Value::Null);
    }
    metrics = with(&metrics, "/dataClasses", json!(["metrics"]));
    assert_eq!(fields(&with(&metrics, "/persons", persons(0, 0, 0))), Vec::<String>::new());
    // Logs of persons are personal information.
    assert!(
        fields(&with(&metrics, "/persons", persons(1, 0, 0))).contains(&"spec.notice.document".to_owned())
    );
    let important = with(&with(&metrics, "/persons", persons(0, 0, 0)), "/dataClasses", json!(["maps"]));
    assert_eq!(fields(&important), ["spec.impactAssessment.document", "spec.retention"]);
}

#[test]
fn consent_is_asked_for_unless_another_basis_is_declared() {
    let none = with(&transfer(), "/consent", Value::Null);
    assert_eq!(fields(&none), ["spec.consent.separate"], "the strict reading");
    assert_eq!(fields(&with(&none, "/legalBasis", json!("Consent"))), ["spec.consent.separate"]);
    for basis in ["Contract", "StatutoryDuty", "Emergency", "NewsReporting", "PublicInformation", "OtherLaw"]
    {
        assert_eq!(fields(&with(&none, "/legalBasis", json!(basis))), Vec::<String>::new(), "{basis}");
    }
    // Guardians are asked whatever the basis.
    let minors = with(&with(&none, "/legalBasis", json!("Contract")), "/persons", persons(10, 0, 1));
    assert_eq!(fields(&minors), ["spec.consent.guardian", "spec.consent.minorsRules"]);
}

#[test]
fn a_notice_tells_every_item_by_name() {
    let tells = |items: Value, sensitive: u64| {
        let told = with(&transfer(), "/notice/tells", items);
        let found = assessed(&world(), &with(&told, "/persons", persons(10, sensitive, 0)), NOW);
        found.missing.into_iter().map(|missing| missing.remedy).collect::<Vec<_>>()
    };
    let six = json!(["RecipientName", "RecipientContact", "Purpose", "Method", "DataTypes", "Rights"]);
    assert_eq!(tells(six.clone(), 0), Vec::<String>::new());
    let sensitive = [
        "tell what that means for one's rights and interests: Effects",
        "tell why the sensitive information is necessary: Necessity",
    ];
    assert_eq!(tells(six, 1), sensitive);
    assert_eq!(tells(json!(["RecipientName"]), 0).len(), 5);
}

#[test]
fn the_report_is_kept_until_three_years_after_the_end() {
    // It ends at midnight in Beijing, when the first of May begins.
    assert_eq!(
        fields(&with(&transfer(), "/impactAssessment/keepUntil", json!("2030-05-01"))),
        Vec::<String>::new()
    );
    let short = missing(&with(&transfer(), "/impactAssessment/keepUntil", json!("2030-04-30")));
    let expected = ("spec.impactAssessment.keepUntil".to_owned(), "XFER-4", "D0; PIPL Art. 56; NDSR Art. 12");
    assert_eq!(short, [expected]);
}

#[test]
fn the_report_was_finished_within_three_months_before_the_filing() {
    let dated = |date: &str| fields(&with(&transfer(), "/impactAssessment/document/date", json!(date)));
    let stale = ["spec.impactAssessment.document.date"];
    assert_eq!(dated("2026-01-21"), stale);
    assert_eq!(dated("2026-01-22"), Vec::<String>::new());
    assert_eq!(dated("2026-04-22"), Vec::<String>::new());
    assert_eq!(dated("2026-04-23"), stale, "it was filed before it was finished");
    // Without a filing it is the day of effect.
    let unfiled =
        with(&transfer(), "/mechanism", json!({ "standardContract": { "effectiveDate": "2026-05-11" } }));
    assert_eq!(fields(&unfiled), Vec::<String>::new());
    assert_eq!(fields(&with(&unfiled, "/impactAssessment/document/date", json!("2026-02-10"))), stale);
}

#[test]
fn a_document_of_tomorrow_is_not_there() {
    let documents = [
        "/notice/document",
        "/consent/separate",
        "/consent/guardian",
        "/consent/minorsRules",
        "/impactAssessment/document",
    ];
    for document in documents {
        let minors = with(&transfer(), "/persons", persons(10, 0, 1));
        let minors = with(&minors, "/mechanism", assessment(10, 1));
        let tomorrow = with(&minors, &alloc::format!("{document}/date"), json!("2026-05-14"));
        assert_eq!(fields(&tomorrow), [alloc::format!("spec{}.date", document.replace('/', "."))]);
    }
}

#[test]
fn a_person_asks_and_words_say_something() {
    for requester in ["system:serviceaccount:ci:release", "system:admin", " "] {
        assert_eq!(
            fields(&with(&transfer(), "/requestedBy", json!(requester))),
            ["spec.requestedBy"],
            "{requester}"
        );
    }
    for field in ["/purpose", "/method", "/recipient/name", "/recipient/contact"] {
        let blank = with(&transfer(), field, json!(" \u{3000}"));
        assert_eq!(fields(&blank), [alloc::format!("spec{}", field.replace('/', "."))]);
    }
    let exempt = with(&transfer(), "/mechanism", exemption("HumanResources"));
    let blank = with(&exempt, "/mechanism/exemption/evidence", json!("\t"));
    assert_eq!(fields(&blank), ["spec.mechanism.exemption.evidence"]);
}

#[test]
fn a_contract_is_filed_within_ten_working_days() {
    let mechanism = json!({ "standardContract": { "effectiveDate": "2026-04-24" } });
    let unfiled = with(&transfer(), "/mechanism", mechanism);
    let lacks = |now: &str| {
        let found = assessed(&world(), &unfiled, now).missing;
        found.into_iter().map(|missing| missing.field.as_str().to_owned()).collect::<Vec<_>>()
    };
    // April 27 to 30, May 6 to 8, the Saturday of May 9, May 11 and 12: the first days of May are a holiday.
    assert_eq!(lacks("2026-05-12T15:59:59Z"), Vec::<String>::new());
    assert_eq!(lacks("2026-05-12T16:00:00Z"), ["spec.mechanism.standardContract.filing"]);
    let filing = json!({ "reference": "F-1", "filedOn": "2026-05-14" });
    let tomorrow = with(&unfiled, "/mechanism/standardContract/filing", filing);
    assert_eq!(fields(&tomorrow), ["spec.mechanism.standardContract.filing"], "a filing to come is none");
}
