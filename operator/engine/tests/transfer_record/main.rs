//! Each rule of the record of transfers, one by one.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bund_crds::EventType;
use bund_engine::{
    ObjectId, Snapshot, Timestamp,
    snapshot::{Observed, Watch},
    transfer::{Absent, Due, End, Standing, revocation},
};
use serde_json::{Value, json};

mod ends;
mod events;
mod memory;
mod stands;
#[path = "../support/transfers.rs"]
mod transfers;

use transfers::{NAMESPACE, PLAIN, decision, event, exporter, forget, namespace, observe, transfer};

const BEGINS: &str = "2026-06-01T00:00:00Z";
const NOON: &str = "2026-06-01T12:00:00Z";
const ENDS: &str = "2026-12-31T16:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn declared() -> Value {
    transfer("t", "u-1", BEGINS, ENDS)
}

fn approved(uid: &str, who: &str) -> Value {
    decision(uid, &declared(), "Approved", who, BEGINS)
}

/// What is known: a transfer that two people have approved, and that the law allows.
fn ready() -> Snapshot {
    let mut snapshot = Snapshot::default();
    let objects =
        [namespace(true), exporter(), declared(), approved("a-1", "person-1"), approved("a-2", "person-2")];
    for object in &objects {
        observe(&mut snapshot, object);
    }
    snapshot
}

/// The same, once a leader has recorded all there is.
fn active() -> Snapshot {
    let mut snapshot = ready();
    assert_eq!(
        record(&mut snapshot, NOON),
        ["a-1.decided Decided", "a-2.decided Decided", "u-1.0 Activated"]
    );
    snapshot
}

fn due(snapshot: &Snapshot, now: &str) -> Vec<Due> {
    PLAIN.due(snapshot, time(now))
}

/// Records what is due now.
fn record_once(snapshot: &mut Snapshot, now: &str) {
    for due in due(snapshot, now) {
        observe(snapshot, &event(&due));
    }
}

/// Records until nothing is due, and tells what was recorded.
fn record(snapshot: &mut Snapshot, now: &str) -> Vec<String> {
    let mut recorded = Vec::new();
    for _ in 0..10 {
        let due = due(snapshot, now);
        for due in &due {
            assert_eq!(snapshot.transfers().event(&due.name), None, "{} is recorded once", due.name);
            observe(snapshot, &event(due));
            recorded.push(format!("{} {:?}", due.name, due.spec.event));
        }
        if due.is_empty() {
            return recorded;
        }
    }
    panic!("there is always more due: {recorded:?}");
}

fn standing_of(name: &str, snapshot: &Snapshot, now: &str) -> Standing {
    PLAIN.standing(snapshot.transfers().transfer(NAMESPACE, name).unwrap(), snapshot, time(now))
}

fn standing(snapshot: &Snapshot, now: &str) -> Standing {
    standing_of("t", snapshot, now)
}

fn ended(end: End, why: &str) -> Standing {
    Standing::Ended(end, why.to_owned())
}

fn absent(kind: &str, name: &str, uid: &str) -> Absent {
    let namespace = Some(NAMESPACE.into());
    let id = ObjectId { group: "bund.dev".into(), kind: kind.into(), namespace, name: name.into() };
    Absent { id, uid: uid.parse().unwrap() }
}

fn active_without_approval() -> Snapshot {
    let mut known = active();
    forget(&mut known, &approved("a-2", "person-2"));
    known
}
