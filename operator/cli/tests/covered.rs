//! What a transfer in effect lets pass: what whoever sends it reads, and what the audit tells.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::PathBuf;

use bund::cases::{self, Case};
use bund_engine::{Timestamp, audit::audit};

/// When the transfers of the cases are over.
const OVER: &str = "2027-10-31T16:00:00Z";

fn case(name: &str) -> Case {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../policies/cases");
    cases::load(&folder).unwrap().into_iter().find(|case| case.name == name).unwrap()
}

fn over() -> Timestamp {
    OVER.parse().unwrap()
}

#[test]
fn the_warning_is_the_refusal_with_the_transfer_and_its_end() {
    let mut case = case("a-deployment-abroad-that-a-transfer-covers-is-admitted");
    let covered = case.through_engine(over()).response();
    case.sheet.at = Some(over());
    let refused = case.through_engine(over()).response();
    assert!(covered.allowed && !refused.allowed);
    let ending = format!("; covered by CrossBorderTransfer shop/covered-deployment until {OVER}");
    let expected: Vec<String> = refused.refusals.iter().map(|line| format!("{line}{ending}")).collect();
    assert_eq!((covered.warnings, covered.refusals), (expected, Vec::new()));
}

#[test]
fn the_audit_says_nothing_of_a_pod_until_its_transfer_is_over() {
    let case = case("a-binding-abroad-of-a-pod-that-a-transfer-covers-is-admitted");
    let (snapshot, _) = case.snapshot();
    let pod = snapshot.pod("shop", "covered-binding-5d9c7b-x2x").unwrap();
    let found = |at: Timestamp| -> Vec<String> {
        audit(pod, &snapshot, at).findings.iter().map(|finding| finding.reason.to_string()).collect()
    };
    assert_eq!(found(case.sheet.at.unwrap()), Vec::<String>::new());
    assert_eq!(found(over()), ["PlacementContradicts"]);
}
