//! What an event says, and what the record must be.

use super::*;

#[test]
fn an_event_says_all_that_is_needed_once_its_objects_are_gone() {
    let recorded = |sequence: u32| {
        let digest = bund_engine::transfer::digest(NAMESPACE, &declared()).unwrap();
        json!({
            "namespace": "shop", "name": "t", "uid": "u-1", "digest": digest, "sequence": sequence,
            "exporter": "91350100M000100Y43", "persons": {"ordinary": 10, "sensitive": 0, "under14": 0},
            "until": ENDS
        })
    };
    let told = |known: &Snapshot, name: &str| {
        serde_json::to_value(&known.transfers().event(name).unwrap().spec).unwrap()
    };
    let known = active();
    assert_eq!(
        told(&known, "u-1.0"),
        json!({
            "event": "Activated", "observedAt": NOON, "transfer": recorded(0), "dataClasses": ["personal-information"],
            "why": "the law allows it, and person-1, person-2 approved it"
        })
    );
    assert_eq!(
        told(&known, "a-1.decided"),
        json!({
            "event": "Decided", "observedAt": NOON, "transfer": recorded(0), "dataClasses": ["personal-information"],
            "why": "person-1 approved it; no credential: made by impersonation, or the authenticator names none",
            "decision": {"name": "a-1", "uid": "a-1", "decision": "Approved", "username": "person-1"}
        })
    );
    let mut known = ready();
    let mut with_credential = approved("a-1", "person-1");
    with_credential["spec"]["approver"]["credential"] = json!("X509SHA256=1");
    observe(&mut known, &with_credential);
    observe(&mut known, &decision("a-3", &declared(), "Approved", "person-0", BEGINS));
    record(&mut known, "2026-06-01T12:00:00.9Z");
    assert_eq!(told(&known, "a-1.decided")["why"], "person-1 approved it");
    assert_eq!(told(&known, "a-1.decided")["observedAt"], NOON);
    assert_eq!(told(&known, "a-3.refused")["event"], "DecisionRefused");
    assert_eq!(told(&known, "a-3.refused")["why"], "spec.approver: decided before");
}

#[test]
fn nothing_rests_on_a_broken_record() {
    let suspended = || {
        let mut known = active();
        observe(&mut known, &namespace(false));
        record(&mut known, NOON);
        observe(&mut known, &namespace(true));
        assert_eq!(record(&mut known, NOON), ["u-1.2 Resumed"]);
        known
    };
    let purge = |known: &mut Snapshot, name: &str| {
        forget(known, &json!({"kind": "LedgerEvent", "metadata": {"name": name}}));
    };
    let mut known = suspended();
    purge(&mut known, "u-1.1");
    let why = "its record is broken at event 1: ask whoever purged it".to_owned();
    assert_eq!(standing(&known, NOON), Standing::Suspended(why));
    assert_eq!(record(&mut known, NOON), ["u-1.3 Suspended"]);

    // A decision tells how many events there were before it.
    let mut known = suspended();
    observe(&mut known, &decision("a-3", &declared(), "Approved", "person-3", NOON));
    assert_eq!(record(&mut known, NOON), ["a-3.decided Decided"]);
    purge(&mut known, "u-1.2");
    purge(&mut known, "u-1.1");
    let why = "the end of its record is missing: ask whoever purged it".to_owned();
    assert_eq!(standing(&known, NOON), Standing::Suspended(why));

    // What cannot be read has its number.
    let mut known = active();
    let unreadable =
        json!({"apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent", "metadata": {"name": "u-1.1"}});
    assert_eq!(known.observe(&unreadable), Observed::Unreadable);
    assert_eq!(record(&mut known, NOON), ["u-1.2 Suspended"]);
}

#[test]
fn the_record_is_about_one_exact_text() {
    let mut known = active();
    let mut other = declared();
    other["spec"]["purpose"] = json!("something else");
    observe(&mut known, &other);
    let why = "its text is not the one that the record is about: write another transfer".to_owned();
    assert_eq!(standing(&known, NOON), Standing::Suspended(why));
}

#[test]
fn what_no_api_server_has_made_covers_nothing() {
    let mut known = ready();
    let mut planned = declared();
    planned["metadata"]["uid"] = json!(null);
    observe(&mut known, &planned);
    let why = "no API server has made it, so nobody can have approved it".to_owned();
    assert_eq!(standing(&known, NOON), Standing::Closed(why));
    assert_eq!(due(&known, NOON), []);
}

#[test]
fn a_transfer_that_supersedes_itself_is_never_opened() {
    let mut known = ready();
    let mut own = declared();
    own["spec"]["supersedes"] = json!("t");
    observe(&mut known, &own);
    let why = "spec.supersedes names the transfer itself: name the one that it takes the place of".to_owned();
    assert_eq!(standing(&known, NOON), Standing::Closed(why));
}

#[test]
fn decisions_that_do_not_count_delay_nothing() {
    let mut known = ready();
    record_once(&mut known, NOON);
    observe(&mut known, &decision("a-3", &declared(), "Approved", "person-0", NOON));
    let names: Vec<_> = due(&known, NOON).into_iter().map(|due| due.name).collect();
    assert_eq!(names, ["a-3.refused".into(), "u-1.0".into()]);
}

#[test]
fn whoever_knows_more_than_a_store_that_went_back_ends_a_transfer() {
    let mut known = active();
    let facts = known.transfers().transfer(NAMESPACE, "t").unwrap().clone();
    let revoke = |known: &Snapshot| revocation(&facts, "the store went back", known, time(NOON));
    let due = revoke(&known).unwrap();
    assert_eq!(
        (&*due.name, due.spec.transfer.as_ref().map(|transfer| transfer.sequence)),
        ("u-1.1", Some(1))
    );
    observe(&mut known, &event(&due));
    assert_eq!(standing(&known, NOON), ended(End::Revoked, "the store went back"));
    assert_eq!(revoke(&known), None);
    let unopened = revoke(&ready()).unwrap();
    assert_eq!((&*unopened.name, unopened.spec.event), ("u-1.0", EventType::Revoked));
}

#[test]
fn leaders_that_see_the_same_write_the_same() {
    let known = active_without_approval();
    assert_eq!(due(&known, NOON), due(&known.clone(), NOON));
    let names = |now: &str| due(&known, now).into_iter().map(|due| due.name).collect::<Vec<_>>();
    assert_eq!(names(NOON), names("2026-07-01T00:00:00Z"));
}
