//! From when until when, and what is due by when.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use bund_crds::jurisdiction::{JurisdictionSpec, WorkingCalendar};
use jiff::civil::Date;
use serde_json::json;

use super::{super::calendar::Calendars, *};

/// First moment and end of a transfer by this mechanism, valid for ten years.
fn term(mechanism: Value) -> (String, String) {
    let validity = json!({ "from": "2026-01-01T00:00:00Z", "until": "2036-01-01T00:00:00Z" });
    let transfer = with(&with(&transfer(), "/validity", validity), "/mechanism", mechanism);
    let found = assessed(&world(), &transfer, NOW);
    (format!("{}", found.begins), format!("{}", found.ends))
}

fn times(begins: &str, ends: &str) -> (String, String) {
    (begins.to_owned(), ends.to_owned())
}

#[test]
fn no_mechanism_holds_longer_than_the_law_lets_it() {
    let mut assessed = assessment(200_000, 0);
    let midnight = "2026-04-19T16:00:00Z";
    assert_eq!(term(assessed.clone()), times(midnight, "2029-04-19T16:00:00Z"), "three years");
    let extended = |until: &str, assessed: &mut Value| {
        assessed["securityAssessment"]["extendedUntil"] = json!(until);
        term(assessed.clone())
    };
    assert_eq!(extended("2031-01-01", &mut assessed), times(midnight, "2030-12-31T16:00:00Z"));
    assert_eq!(extended("2040-01-01", &mut assessed), times(midnight, "2032-04-19T16:00:00Z"), "three more");
    let certified = |expires: &str| json!({ "certification": { "number": "C", "body": "B", "issuedOn": "2026-04-20", "expiresOn": expires } });
    assert_eq!(term(certified("2028-01-01")), times(midnight, "2027-12-31T16:00:00Z"));
    assert_eq!(term(certified("2040-01-01")), times(midnight, "2029-04-19T16:00:00Z"), "three years");
    assert_eq!(term(contract()), times(midnight, "2036-01-01T00:00:00Z"));
    assert_eq!(term(exemption("Treaty")), times("2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z"));
    // A leap day has no anniversary.
    assessed = assessment(200_000, 0);
    assessed["securityAssessment"]["resultDate"] = json!("2024-02-29");
    assert_eq!(term(assessed), times("2026-01-01T00:00:00Z", "2027-02-27T16:00:00Z"));
}

#[test]
fn a_mechanism_that_ended_or_never_meets_the_validity_does_not_serve() {
    let says = |mechanism: Value, now: &str| {
        assessed(&world(), &with(&transfer(), "/mechanism", mechanism), now).route_satisfied.unwrap_err()
    };
    let mut old = assessment(200_000, 0);
    old["securityAssessment"]["resultDate"] = json!("2023-05-14");
    assert!(
        assessed(&world(), &with(&transfer(), "/mechanism", old.clone()), "2026-05-13T15:59:59Z").permits()
    );
    let ended = "the security assessment ended on 2026-05-14; declare its successor in a new transfer";
    assert_eq!(says(old, "2026-05-13T16:00:00Z"), ended);
    let late = json!({ "standardContract": { "effectiveDate": "2027-05-01" } });
    let never = "the standard contract does not hold within spec.validity; create a transfer whose days meet";
    assert_eq!(says(late, NOW), never);
}

/// What is due, as times and orders.
fn due(mechanism: Value) -> Vec<(String, String, String)> {
    let found = assessed(&world(), &with(&transfer(), "/mechanism", mechanism), NOW).deadlines;
    found.into_iter().map(|due| (format!("{}", due.at), format!("{}", due.warn_from), due.what)).collect()
}

fn deadline(at: &str, warn_from: &str, what: &str) -> (String, String, String) {
    (at.to_owned(), warn_from.to_owned(), what.to_owned())
}

#[test]
fn every_deadline_tells_when_to_warn() {
    let code = CODE.to_ascii_lowercase();
    let declare = format!("bring spec.elsewhere of Exporter {code} up to date");
    let declare = deadline("2026-06-01T16:00:00Z", "2026-05-24T16:00:00Z", &declare);
    let renew = "create a transfer that supersedes this one, if data is still to leave";
    let renew = |ends: &str, warn_from: &str| deadline(ends, warn_from, renew);
    let valid = renew("2027-04-30T16:00:00Z", "2027-03-31T16:00:00Z");
    assert_eq!(due(contract()), [declare.clone(), valid.clone()]);
    let file = "file the standard contract with the provincial authority by 2026-05-22, and supersede this transfer by one with the filing";
    let file = deadline("2026-05-22T16:00:00Z", "2026-05-19T16:00:00Z", file);
    let unfiled = json!({ "standardContract": { "effectiveDate": "2026-05-09" } });
    assert_eq!(due(unfiled), [file, declare.clone(), valid.clone()], "a Saturday that is worked");
    let mut old = assessment(200_000, 0);
    old["securityAssessment"]["resultDate"] = json!("2024-01-10");
    let extend = "apply for an extension by 2026-10-19: security assessment SA-1 ends on 2027-01-10";
    let extend = deadline("2026-10-19T16:00:00Z", "2026-09-11T16:00:00Z", extend);
    let ends = renew("2027-01-09T16:00:00Z", "2026-12-10T16:00:00Z");
    assert_eq!(due(old), [declare.clone(), extend, ends]);
    let certified = json!({ "certification": {
        "number": "C-1", "body": "B", "issuedOn": "2024-08-31", "expiresOn": "2027-08-31"
    } });
    let apply = "apply for a new certificate by 2027-02-28: C-1 ends on 2027-08-31";
    let apply = deadline("2027-02-28T16:00:00Z", "2027-01-28T16:00:00Z", apply);
    assert_eq!(due(certified), [declare, apply, valid]);
}

#[test]
fn working_days_follow_the_calendar_of_their_year() {
    let spec = |calendars: Vec<WorkingCalendar>| JurisdictionSpec {
        calendars,
        ..serde_json::from_value(json!({ "displayName": "Mainland", "countryCodes": ["CN"] })).unwrap()
    };
    let calendar = |holidays: Value, workdays: Value| {
        serde_json::from_value(json!({ "year": 2026, "holidays": holidays, "workdays": workdays })).unwrap()
    };
    let day = |text: &str| text.parse::<Date>().unwrap();
    let none = spec(Vec::new());
    let october = spec(Vec::from([calendar(json!(["2026-10-01", "2026-10-02"]), json!(["2026-10-10"]))]));
    let less = spec(Vec::from([calendar(json!(["2026-10-01"]), json!([]))]));
    let after = |specs: &[&JurisdictionSpec], count| Calendars::of(specs).after(day("2026-09-30"), count);
    assert_eq!(after(&[&none], 2), day("2026-10-02"));
    assert_eq!(after(&[&october], 1), day("2026-10-05"));
    assert_eq!(after(&[&october], 6), day("2026-10-10"), "a Saturday that is worked");
    assert_eq!(after(&[&october, &less], 1), day("2026-10-02"), "one of them says that it is worked");
    assert_eq!(after(&[&october], 0), day("2026-09-30"));
    let calendars = Calendars::of(&[&october]);
    assert_eq!(calendars.before(day("2026-10-05"), 1), day("2026-09-30"));
    assert_eq!(calendars.before(day("2025-10-06"), 1), day("2025-10-03"), "no calendar of that year");
    assert_eq!(calendars.before(day("2027-01-10"), 60), day("2026-10-19"));
}
