use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, Time};

use super::*;

const KIND: &str = "ValidatingWebhookConfiguration";

fn written_by(manager: &str, second: i64) -> ManagedFieldsEntry {
    ManagedFieldsEntry {
        manager: Some(manager.to_owned()),
        time: Some(Time(jiff::Timestamp::from_second(second).unwrap())),
        ..ManagedFieldsEntry::default()
    }
}

fn metadata(uid: &str, version: &str, generation: i64, writers: &[(&str, i64)]) -> ObjectMeta {
    ObjectMeta {
        name: Some("bund".to_owned()),
        uid: Some(uid.to_owned()),
        resource_version: Some(version.to_owned()),
        generation: Some(generation),
        managed_fields: Some(writers.iter().map(|(manager, second)| written_by(manager, *second)).collect()),
        ..ObjectMeta::default()
    }
}

fn object(metadata: ObjectMeta) -> PartialObjectMeta<DynamicObject> {
    PartialObjectMeta { types: None, metadata, _phantom: std::marker::PhantomData }
}

fn bund() -> Key {
    Key { kind: KIND, name: "bund".to_owned() }
}

/// What we wrote at first.
fn registered() -> Registered {
    let mut registered = Registered::default();
    assert_eq!(registered.wrote(bund(), &metadata("a", "1", 1, &[(FIELD_MANAGER, 0)])), None);
    registered
}

fn drift(damage: Damage, by: Option<&str>) -> Drift {
    Drift { key: bund(), damage, by: by.map(str::to_owned) }
}

#[test]
fn what_we_wrote_ourselves_is_no_trouble() {
    let mut registered = registered();
    for event in [
        Event::Init,
        Event::InitApply(object(metadata("a", "1", 1, &[]))),
        Event::InitDone,
        Event::Apply(object(metadata("a", "1", 1, &[]))),
        Event::Apply(object(metadata("a", "0", 0, &[]))),
    ] {
        registered.see(KIND, Some("bund"), &event);
        assert!(!registered.is_troubled(), "{event:?}");
    }
}

#[test]
fn a_change_is_told_with_who_made_it_last() {
    let mut registered = registered();
    let changed = metadata("a", "2", 2, &[(FIELD_MANAGER, 9), ("helm", 3), ("kubectl-edit", 5)]);
    registered.see(KIND, Some("bund"), &Event::Apply(object(changed)));
    assert!(registered.is_troubled());
    assert_eq!(
        registered.wrote(bund(), &metadata("a", "3", 3, &[])),
        Some(drift(Damage::Changed, Some("kubectl-edit")))
    );
    assert!(!registered.is_troubled());
}

#[test]
fn what_others_add_that_is_not_ours_is_no_drift() {
    let mut registered = registered();
    registered.see(KIND, Some("bund"), &Event::Apply(object(metadata("a", "2", 2, &[("argocd", 1)]))));
    assert_eq!(
        registered.wrote(bund(), &metadata("a", "2", 2, &[])),
        None,
        "writing it again changed nothing"
    );
    registered.see(KIND, Some("bund"), &Event::Apply(object(metadata("a", "3", 2, &[("status", 1)]))));
    assert_eq!(registered.wrote(bund(), &metadata("a", "4", 2, &[])), None);
}

#[test]
fn a_deletion_is_told_whether_it_was_seen_or_only_a_list_lacks_the_object() {
    let deleted = [Event::Delete(object(metadata("a", "2", 1, &[("kubectl", 1)])))];
    for events in [&deleted[..], &[Event::Init, Event::InitDone]] {
        let mut registered = registered();
        for event in events {
            registered.see(KIND, Some("bund"), event);
        }
        assert!(registered.is_suspect(&bund()), "{events:?}");
        assert_eq!(registered.wrote(bund(), &metadata("b", "3", 1, &[])), Some(drift(Damage::Deleted, None)));
    }
    // The list was older than our own write.
    let mut registered = registered();
    for event in [Event::Init, Event::InitDone] {
        registered.see(KIND, Some("bund"), &event);
    }
    assert_eq!(registered.wrote(bund(), &metadata("a", "1", 1, &[])), None);
}

#[test]
fn what_we_wrote_in_an_earlier_life_and_nobody_wants_is_found_and_what_others_made_is_not() {
    let mut registered = Registered::default();
    let ours = ObjectMeta { name: Some("old".into()), ..metadata("o", "1", 1, &[(FIELD_MANAGER, 0)]) };
    let foreign = ObjectMeta { name: Some("foreign".into()), ..metadata("f", "1", 1, &[("kubectl", 0)]) };
    registered.see("FloorParameters", None, &Event::InitApply(object(ours)));
    registered.see("FloorParameters", None, &Event::InitApply(object(foreign)));
    let old = Key { kind: "FloorParameters", name: "old".to_owned() };
    assert_eq!(registered.unwanted(&BTreeSet::new()), std::slice::from_ref(&old));
    assert!(registered.is_troubled());
    registered.removed(&old);
    assert!(!registered.is_troubled());
    assert_eq!(registered.unwanted(&BTreeSet::new()), []);
}
