//! What no consent makes lawful.

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

use serde_json::json;

use super::*;

/// Fields, reasons and law of what forbids a transfer.
fn prohibited(snapshot: &Snapshot, transfer: &Value) -> Vec<(String, String, &'static str, &'static str)> {
    let found = assessed(snapshot, transfer, NOW);
    assert_eq!(found.permits(), found.prohibitions.is_empty() && found.route_satisfied.is_ok());
    let told = |found: super::super::Prohibition| {
        (found.field.as_str().to_owned(), found.why, found.control, found.citation)
    };
    found.prohibitions.into_iter().map(told).collect()
}

fn one(
    field: &str,
    why: &str,
    control: &'static str,
    citation: &'static str,
) -> Vec<(String, String, &'static str, &'static str)> {
    vec![(field.to_owned(), why.to_owned(), control, citation)]
}

#[test]
fn harm_that_was_found_forbids_whatever_the_consent() {
    let harms = [
        ("PersonsInterest", "it would harm the rights and interests of the persons concerned"),
        ("NationalSecurity", "it would harm national security"),
        ("PublicInterest", "it would harm the public interest"),
        ("CriticalInfrastructure", "it would harm critical information infrastructure"),
    ];
    for (harm, why) in harms {
        let harmful = with(&transfer(), "/impactAssessment/harms", json!([harm]));
        let expected = one("spec.impactAssessment.harms[0]", why, "XFER-5", "D2; PIPL Art. 42");
        assert_eq!(prohibited(&world(), &harmful), expected);
    }
}

#[test]
fn core_data_and_excluded_classes_stay() {
    let classes = with(&transfer(), "/dataClasses", json!(["pi", "genomes"]));
    let excluded =
        one("spec.dataClasses[1]", "the authority lets nobody export genomes", "XFER-5", "D2; PIPL Art. 42");
    assert_eq!(prohibited(&world(), &classes), excluded);
    let classes =
        with(&with(&transfer(), "/dataClasses", json!(["secrets"])), "/mechanism", assessment(200_000, 0));
    let core = one("spec.dataClasses[0]", "secrets is core data of the state", "XFER-5", "DSL Art. 21");
    assert_eq!(prohibited(&world(), &classes), core);
}

#[test]
fn an_excluded_recipient_is_known_by_any_spelling_and_behind_another_one() {
    let by_name = |name: &str, country: &str| {
        let named = with(&transfer(), "/recipient/name", json!(name));
        prohibited(&world(), &with(&named, "/recipient/country", json!(country)))
    };
    let why = "the authority excludes this recipient (notice 1)";
    let expected = one("spec.recipient.name", why, "XFER-5", "PIPL Art. 42");
    for name in
        ["Acme Data Ltd", "ACME DATA LTD", " acme  dataltd ", "Acme\u{a0}Data Ltd", "Acme-Da\u{200b}ta, Ltd."]
    {
        assert_eq!(by_name(name, "DE"), expected, "{name}");
    }
    assert_eq!(by_name("Acme Data Ltd", "FR"), [], "another one of this name");
    assert_eq!(by_name("everywhere", "FR").len(), 1);
    assert_eq!(by_name("Acme Data", "DE"), []);
    let onward = with(&transfer(), "/retention/onward", json!(["Partner's Partner", "acme data ltd"]));
    assert_eq!(prohibited(&world(), &onward), one("spec.retention.onward[1]", why, "XFER-5", "PIPL Art. 42"));
}

#[test]
fn what_a_foreign_court_asks_for_needs_the_competent_authority() {
    let court = with(&transfer(), "/recipient/kind", json!("ForeignAuthority"));
    let why = "the recipient is a foreign court or agency, and the competent authority of the mainland has not approved";
    let expected = one("spec.foreignAuthority", why, "XFER-6", "PIPL Art. 41; DSL Art. 36");
    assert_eq!(prohibited(&world(), &court), expected);
    let approved = |date: &str| {
        let approval = json!({
            "competentAuthority": "Ministry", "approval": { "reference": "A-1", "date": date }
        });
        prohibited(&world(), &with(&court, "/foreignAuthority", approval))
    };
    assert_eq!(approved("2026-05-14"), expected, "that is tomorrow");
    assert_eq!(approved("2026-05-13"), []);
}

#[test]
fn important_data_and_state_organs_need_the_assessment() {
    let exempt = with(&transfer(), "/mechanism", exemption("ContractNecessity"));
    let maps = with(&exempt, "/dataClasses", json!(["maps"]));
    let why = "no exemption covers important data";
    let expected = one("spec.mechanism.exemption", why, "XFER-2", "O16 Art. 5; NDSR Art. 37");
    assert_eq!(prohibited(&world(), &maps), expected);
    let mut organ = world();
    observe(&mut organ, &exporter("NotCritical", "StateOrgan", &nobody_elsewhere()));
    let why = "a state organ exports personal information only after a security assessment";
    assert_eq!(prohibited(&organ, &exempt), one("spec.mechanism", why, "XFER-2", "PIPL Arts 36, 37"));
    assert_eq!(prohibited(&organ, &with(&transfer(), "/mechanism", assessment(200_000, 0))), []);
}
