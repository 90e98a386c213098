//! What a ledger remembers after the cluster was set back.

use bund_crds::LedgerEventSpec;
use bund_engine::transfer::Memory;

use super::*;

/// What a ledger holds once it holds everything that a cluster has.
fn memory(of: &Snapshot) -> Memory {
    let mut memory = Memory::default();
    of.transfers().events().for_each(|event| memory.note(&event.name, &event.spec));
    memory
}

fn recall(memory: &Memory, known: &Snapshot) -> Vec<Due> {
    memory.recall(due(known, NOON), known.transfers().transfers(), known, time(NOON))
}

fn named(due: &[Due]) -> Vec<String> {
    due.iter().map(|due| format!("{} {:?}", due.name, due.spec.event)).collect()
}

/// Records what is due by a memory until nothing is, and tells what was recorded.
fn record_by(memory: &Memory, known: &mut Snapshot) -> Vec<String> {
    let mut recorded = Vec::new();
    for _ in 0..10 {
        let due = recall(memory, known);
        if due.is_empty() {
            return recorded;
        }
        for due in &due {
            observe(known, &event(due));
        }
        recorded.extend(named(&due));
    }
    panic!("there is always more due: {recorded:?}");
}

/// A transfer that was opened and revoked, by a decision that somebody deleted.
fn revoked() -> Snapshot {
    let mut known = active();
    let revocation = decision("r-1", &declared(), "Revoked", "person-0", NOON);
    observe(&mut known, &revocation);
    assert_eq!(record(&mut known, NOON), ["u-1.1 Revoked", "r-1.decided Decided"]);
    known
}

#[test]
fn where_nothing_was_lost_nothing_else_is_due() {
    let known = active();
    assert_eq!(recall(&memory(&known), &known), []);
    assert_eq!(recall(&Memory::default(), &ready()), due(&ready(), NOON));
}

#[test]
fn what_was_lost_is_written_again_as_it_was_and_ends_come_first() {
    let before = revoked();
    let memory = memory(&before);
    let mut known = ready();
    let recalled = recall(&memory, &known);
    let expected = [
        "r-1.decided Decided",
        "u-1.1 Revoked",
        "a-1.decided Decided",
        "a-2.decided Decided",
        "u-1.0 Activated",
    ];
    assert_eq!(named(&recalled), expected);
    for due in &recalled {
        assert_eq!(Some(&due.spec), before.transfers().event(&due.name).map(|facts| &facts.spec));
    }
    assert_eq!(record_by(&memory, &mut known), expected);
    assert_eq!(standing(&known, NOON), ended(End::Revoked, "person-0 revoked it: a change of mind"));
}

#[test]
fn an_end_whose_name_is_taken_becomes_another_end() {
    let memory = memory(&revoked());
    let mut known = active();
    observe(&mut known, &namespace(false));
    assert_eq!(record(&mut known, NOON), ["u-1.1 Suspended"]);
    observe(&mut known, &namespace(true));
    assert_eq!(record_by(&memory, &mut known), ["r-1.decided Decided", "u-1.2 Revoked"]);
}

#[test]
fn a_transfer_is_not_opened_with_others_than_the_ledger_says() {
    let memory = memory(&active());
    let mut known = ready();
    // The copy is older than one approval, and somebody else approves.
    forget(&mut known, &approved("a-2", "person-2"));
    observe(&mut known, &approved("a-3", "person-3"));
    assert_eq!(named(&due(&known, NOON)), ["a-1.decided Decided", "a-3.decided Decided"]);
    let recorded = record_by(&memory, &mut known);
    let expected = [
        "a-1.decided Decided",
        "a-2.decided Decided",
        "a-3.decided Decided",
        "u-1.0 Activated",
        "u-1.1 Revoked",
    ];
    assert_eq!(recorded, expected);
    assert_eq!(standing(&known, NOON), ended(End::Revoked, "the approval a-2 of person-2 was deleted"));
}

#[test]
fn another_life_under_the_same_names_ends_the_transfer() {
    let mut known = ready();
    known.set_watch(Watch::Until(time(BEGINS)));
    assert_eq!(due(&known, NOON).first().map(|due| &*due.name), Some("u-1.0"), "nobody kept watch");
    record_once(&mut known, NOON);
    known.set_watch(Watch::NotGiven);
    let recorded = record_by(&memory(&active()), &mut known);
    assert!(recorded.contains(&"u-1.1 Revoked".to_owned()), "{recorded:?}");
}

#[test]
fn of_what_is_gone_that_comes_back_which_counts_for_others() {
    let before = active();
    let memory = memory(&before);
    let mut known = Snapshot::default();
    for object in [namespace(true), exporter()] {
        observe(&mut known, &object);
    }
    // It had not ended, so it counts; and then it is closed, because it is not there.
    let expected = ["a-1.decided Decided", "a-2.decided Decided", "u-1.0 Activated", "u-1.1 Revoked"];
    assert_eq!(record_by(&memory, &mut known), expected);

    let ended = |at: &str| {
        let mut spec = before.transfers().event("u-1.0").map(|facts| facts.spec.clone()).unwrap();
        spec.event = EventType::Expired;
        spec.observed_at = at.parse().unwrap();
        spec
    };
    let activated = |at: &str| LedgerEventSpec { event: EventType::Activated, ..ended(at) };
    for (year, comes_back) in [("2025", false), ("2026", true)] {
        let mut memory = Memory::default();
        memory.note("u-1.0", &activated("2025-02-01T00:00:00Z"));
        memory.note("u-1.1", &ended(&format!("{year}-03-01T00:00:00Z")));
        let due = memory.recall(Vec::new(), [], &known_without_record(), time(NOON));
        assert_eq!(!due.is_empty(), comes_back, "what ended in {year}");
    }
}

fn known_without_record() -> Snapshot {
    let mut known = Snapshot::default();
    observe(&mut known, &exporter());
    known
}

#[test]
fn a_successor_comes_back_for_the_sake_of_what_it_took_the_place_of() {
    let mut known = active();
    let mut successor = transfer("s", "u-2", BEGINS, ENDS);
    successor["spec"]["supersedes"] = json!("t");
    observe(&mut known, &successor);
    observe(&mut known, &decision("b-1", &successor, "Approved", "person-1", NOON));
    observe(&mut known, &decision("b-2", &successor, "Approved", "person-2", NOON));
    record_once(&mut known, NOON);
    let mut copy = active();
    record_once(&mut known, NOON);
    let memory = memory(&known);
    let recorded = record_by(&memory, &mut copy);
    assert!(recorded.contains(&"u-2.0 Activated".to_owned()), "{recorded:?}");
    assert_eq!(standing(&copy, NOON), ended(End::Superseded, "s took its place"));
}
