//! Whose persons count together, and how long.

use serde_json::json;

use super::*;

const FEB: &str = "2026-02-01T00:00:00Z";
const MAR: &str = "2026-03-01T00:00:00Z";

fn after(events: &[Value]) -> Snapshot {
    let mut snapshot = world();
    for event in events {
        observe(&mut snapshot, event);
    }
    snapshot
}

/// A transfer of ten thousand persons, which alone would be exempt.
fn small() -> Value {
    with(&transfer(), "/persons", persons(10_000, 0, 0))
}

#[test]
fn what_was_in_effect_this_year_counts_whatever_became_of_it() {
    let ninety = persons(90_000, 0, 0);
    for end in ["Suspended", "Expired", "Revoked", "Superseded"] {
        let snapshot =
            after(&[event("u-1", 0, "Activated", FEB, &ninety), event("u-1", 1, end, MAR, &ninety)]);
        assert_eq!(route(&snapshot, &small()), Ok(Route::StandardContractOrCertification), "{end}");
    }
    let decided = after(&[event("u-1", 0, "Decided", FEB, &ninety)]);
    assert_eq!(route(&decided, &small()), Ok(Route::Exempt), "nothing left the mainland");
    let last_year = "2025-11-01T00:00:00Z";
    let suspended =
        [event("u-1", 0, "Activated", last_year, &ninety), event("u-1", 1, "Suspended", last_year, &ninety)];
    assert_eq!(route(&after(&suspended), &small()), Ok(Route::Exempt));
    let mut resumed = after(&suspended);
    observe(&mut resumed, &event("u-1", 2, "Resumed", FEB, &ninety));
    assert_eq!(route(&resumed, &small()), Ok(Route::StandardContractOrCertification));
}

#[test]
fn another_exporter_counts_for_itself() {
    let mut other = event("u-1", 0, "Activated", FEB, &persons(5_000_000, 0, 0));
    other["spec"]["transfer"]["exporter"] = json!(another_code());
    assert_eq!(route(&after(&[other]), &small()), Ok(Route::Exempt));
}

/// Some other code that is sound.
fn another_code() -> alloc::string::String {
    let sound = |last: char| {
        let code = alloc::format!("91350100M000200Y4{last}");
        code.parse::<bund_crds::CreditCode>().ok().map(|code| code.as_str().into())
    };
    "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().find_map(sound).unwrap()
}

#[test]
fn a_line_of_transfers_counts_once_with_the_largest_of_each_kind() {
    let line = [
        event("u-1", 0, "Activated", FEB, &persons(80_000, 1, 0)),
        event("u-1", 1, "Superseded", MAR, &persons(80_000, 1, 0)),
        superseding(event("u-2", 0, "Activated", MAR, &persons(85_000, 0, 0)), "u-1"),
    ];
    let without_sensitive = [
        event("u-1", 0, "Activated", FEB, &persons(80_000, 0, 0)),
        superseding(event("u-2", 0, "Activated", MAR, &persons(85_000, 0, 0)), "u-1"),
    ];
    assert_eq!(route(&after(&without_sensitive), &small()), Ok(Route::Exempt), "95,000 persons");
    assert_eq!(
        route(&after(&line), &small()),
        Ok(Route::StandardContractOrCertification),
        "one is sensitive"
    );
    // Two that take the place of the same one count each.
    let mut fork = after(&without_sensitive);
    observe(&mut fork, &superseding(event("u-3", 0, "Activated", MAR, &persons(85_000, 0, 0)), "u-1"));
    assert_eq!(route(&fork, &small()), Ok(Route::StandardContractOrCertification));
}

#[test]
fn a_transfer_declares_those_of_the_one_that_it_supersedes() {
    let ninety = persons(90_000, 0, 0);
    let mut snapshot = after(&[event("u-1", 0, "Activated", FEB, &ninety)]);
    let mut predecessor = transfer();
    predecessor["metadata"] = json!({ "name": "before", "namespace": "shop", "uid": "u-1" });
    observe(&mut snapshot, &predecessor);
    let successor =
        with(&with(&transfer(), "/supersedes", json!("before")), "/persons", persons(95_000, 0, 0));
    assert_eq!(route(&snapshot, &successor), Ok(Route::Exempt));
    let beside = with(&transfer(), "/persons", persons(95_000, 0, 0));
    assert_eq!(route(&snapshot, &beside), Ok(Route::StandardContractOrCertification));
    // A name that leads nowhere joins nothing.
    let nowhere = with(&successor, "/supersedes", json!("gone"));
    assert_eq!(route(&snapshot, &nowhere), Ok(Route::StandardContractOrCertification));
}

#[test]
fn a_ring_of_transfers_is_counted_too() {
    let ninety = persons(90_000, 0, 0);
    let ring = [
        superseding(event("u-1", 0, "Activated", FEB, &ninety), "u-2"),
        superseding(event("u-2", 0, "Activated", FEB, &ninety), "u-1"),
    ];
    assert_eq!(route(&after(&ring), &small()), Ok(Route::StandardContractOrCertification));
    let itself = [superseding(event("u-1", 0, "Activated", FEB, &ninety), "u-1")];
    assert_eq!(route(&after(&itself), &small()), Ok(Route::StandardContractOrCertification));
}

#[test]
fn the_own_record_of_a_transfer_is_not_counted_twice() {
    let own = after(&[event("u-own", 0, "Activated", FEB, &persons(60_000, 0, 0))]);
    let same = with(&transfer(), "/persons", persons(60_000, 0, 0));
    assert_eq!(route(&own, &same), Ok(Route::Exempt));
    let mut draft = same;
    draft["metadata"] = json!({ "name": "orders", "namespace": "shop" });
    assert_eq!(route(&own, &draft), Ok(Route::StandardContractOrCertification), "a draft is another one");
}

#[test]
fn what_is_declared_from_elsewhere_counts_while_it_is_young() {
    let code = CODE.to_ascii_lowercase();
    let at = |as_of: &str, now: &str| {
        let mut snapshot = world();
        let elsewhere = json!({ "asOf": as_of, "ordinary": 95_000, "sensitive": 0 });
        observe(&mut snapshot, &exporter("NotCritical", "Enterprise", &elsewhere));
        assessed(&snapshot, &small(), now).route
    };
    assert_eq!(at("2026-05-13", NOW), Ok(Route::StandardContractOrCertification));
    assert_eq!(at("2026-04-12", NOW), Ok(Route::StandardContractOrCertification), "31 days");
    let old = alloc::format!(
        "Exporter {code} counted longer than 31 days ago; bring its spec.elsewhere up to date"
    );
    assert_eq!(at("2026-04-11", NOW), Err(old.clone()));
    let future = alloc::format!("Exporter {code} counts up to a day to come; correct spec.elsewhere.asOf");
    assert_eq!(at("2026-05-14", NOW), Err(future));
    // In Beijing it is the 14th already.
    assert_eq!(at("2026-05-14", "2026-05-13T16:00:00Z"), Ok(Route::StandardContractOrCertification));
    assert_eq!(at("2026-12-20", "2026-12-31T16:00:00Z"), Ok(Route::Exempt), "that was last year");
    assert_eq!(at("2026-11-30", "2026-12-31T16:00:00Z"), Err(old), "and still grows old");
}

#[test]
fn a_scale_holds_for_all_transfers_under_the_same_assessment() {
    let large = |scale: u64, count: u64| {
        with(&with(&transfer(), "/mechanism", assessment(scale, 0)), "/persons", persons(count, 0, 0))
    };
    let satisfied =
        |snapshot: &Snapshot, transfer: &Value| assessed(snapshot, transfer, NOW).route_satisfied.is_ok();
    assert!(satisfied(&world(), &large(1_500_000, 1_500_000)));
    assert!(!satisfied(&world(), &large(1_500_000, 1_500_001)));
    let mut snapshot = after(&[event("u-1", 0, "Activated", FEB, &persons(800_000, 0, 0))]);
    assert!(!satisfied(&snapshot, &large(1_500_000, 800_000)), "nobody knows under which reference it was");
    let mut other = large(1_500_000, 800_000);
    other["metadata"] = json!({ "name": "other", "namespace": "shop", "uid": "u-1" });
    other["spec"]["mechanism"]["securityAssessment"]["reference"] = json!("sa 1");
    observe(&mut snapshot, &other);
    assert!(!satisfied(&snapshot, &large(1_500_000, 800_000)), "both are under the same");
    assert!(satisfied(&snapshot, &large(1_600_000, 800_000)));
    other["spec"]["mechanism"] = contract();
    observe(&mut snapshot, &other);
    assert!(satisfied(&snapshot, &large(1_500_000, 800_000)), "the other one is under a contract");
}
