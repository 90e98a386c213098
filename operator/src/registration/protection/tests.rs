use bund_engine::Snapshot;

use super::*;
use crate::registration::testing::assert_written_before_read;

fn world() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (name, spec) in [
        (
            "denies",
            json!({ "dataClasses": ["pi", "logs"], "jurisdictions": ["cn-mainland"], "enforcement": { "storage": "Deny" } }),
        ),
        ("audits", json!({ "dataClasses": ["other"], "jurisdictions": ["cn-mainland", "eu"] })),
        ("broken", json!({ "dataClasses": [] })),
    ] {
        snapshot.observe(&json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": name }, "spec": spec
        }));
    }
    snapshot
}

#[test]
fn what_is_protected_is_what_some_policy_denies_for() {
    let both = || vec!["logs".to_owned(), "pi".to_owned()];
    let expected = Protected {
        classes: both(),
        by_jurisdiction: BTreeMap::from([("cn-mainland".to_owned(), both())]),
        unreadable: vec!["ResidencyPolicy/broken".to_owned()],
    };
    assert_eq!(Protected::of(world().world()), expected);
    assert_eq!(Protected::of(Snapshot::default().world()), Protected::default());
}

#[test]
fn the_policy_asks_about_edits_and_deletions_of_our_kinds_alone() {
    let policy = protection_policy(&Protected::of(world().world()));
    let spec = &policy["spec"];
    assert_eq!(spec["failurePolicy"], "Fail");
    assert_eq!(
        spec["matchConstraints"]["resourceRules"],
        json!([{
            "apiGroups": ["bund.dev"], "apiVersions": ["*"], "operations": ["UPDATE", "DELETE"], "scope": "Cluster",
            "resources": ["clusterlocations", "dataclasses", "destinationmappings", "jurisdictions", "residencypolicies"],
        }])
    );
    assert_eq!(spec["validations"].as_array().map(Vec::len), Some(CLASSES + 2));
}

#[test]
fn every_variable_is_written_before_it_is_read() {
    assert_written_before_read(&protection_policy(&Protected::default()));
}
