//! Each rule of the record of transfers, one by one.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bund_engine::{
    ObjectId, Snapshot, Timestamp,
    snapshot::{Observed, Watch},
    transfer::{Absent, Due, End, Standing, revocation},
};
use serde_json::{Value, json};

#[path = "support/transfers.rs"]
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

/// A change, and how what it hinders says so.
type Hindrance = (&'static str, fn(&mut Snapshot), &'static str);

const HINDRANCES: [Hindrance; 6] = [
    ("the law", |known| forget(known, &exporter()), "the route is not known: the exporter is not known"),
    ("the namespace", |known| observe(known, &namespace(false)), "the namespace shop is not guarded"),
    (
        "nobody keeps watch",
        |known| known.set_watch(Watch::Until(time(NOON))),
        "nobody kept watch over what is in effect after 2026-06-01T12:00:00Z: everybody approves again",
    ),
    (
        "an approval cannot be read",
        |known| unreadable(known, "TransferApproval", Some(NAMESPACE)),
        "the TransferApproval x cannot be read, and may be one that ends it: spec: is missing",
    ),
    (
        "an event cannot be read",
        |known| unreadable(known, "LedgerEvent", None),
        "the LedgerEvent x cannot be read, and may be one that ends it: spec: is missing",
    ),
    (
        "too few approve now",
        |known| {
            observe(known, &decision("a-2", &declared(), "Approved", "person-1", BEGINS));
        },
        "1 of 2 approvals are there",
    ),
];

fn unreadable(known: &mut Snapshot, kind: &str, namespace: Option<&str>) {
    let object = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": {"name": "x", "namespace": namespace}
    });
    assert_eq!(known.observe(&object), Observed::Unreadable);
}

#[test]
fn what_hinders_a_transfer_keeps_it_closed_and_closes_it_without_a_write() {
    for (what, change, why) in HINDRANCES {
        let mut known = ready();
        assert_eq!(standing(&known, NOON), Standing::Ready, "{what}");
        change(&mut known);
        assert_eq!(standing(&known, NOON), Standing::Closed(why.to_owned()), "{what}");
        let opens = |due: &Due| &*due.name == "u-1.0" && format!("{:?}", due.spec.event) == "Activated";
        assert!(!due(&known, NOON).iter().any(opens), "{what}");

        let mut known = active();
        assert_eq!(standing(&known, NOON), Standing::Active(time(ENDS)), "{what}");
        change(&mut known);
        assert_eq!(standing(&known, NOON), Standing::Suspended(why.to_owned()), "{what}");
        let due = due(&known, NOON);
        let told: Vec<_> = due.iter().take(1).map(|due| (&*due.name, due.spec.why.as_str())).collect();
        assert_eq!(told, [("u-1.1", why)], "{what}: the record follows");
    }
}

#[test]
fn what_concerns_others_hinders_nothing() {
    let mut known = active();
    unreadable(&mut known, "TransferApproval", Some("till"));
    unreadable(&mut known, "CrossBorderTransfer", Some("till"));
    assert_eq!(standing(&known, NOON), Standing::Active(time(ENDS)));
    assert_eq!(due(&known, NOON), []);
}

#[test]
fn a_transfer_is_in_effect_from_its_beginning_up_to_its_end() {
    let mut known = ready();
    assert_eq!(
        standing(&known, "2026-05-31T23:59:59Z"),
        Standing::Closed("it begins at 2026-06-01T00:00:00Z".to_owned())
    );
    assert_eq!(record(&mut known, BEGINS).last().map(String::as_str), Some("u-1.0 Activated"));
    assert_eq!(standing(&known, "2026-12-31T15:59:59Z"), Standing::Active(time(ENDS)));
    let over = ended(End::Expired, "its time was over at 2026-12-31T16:00:00Z");
    assert_eq!(standing(&known, ENDS), over);
    assert_eq!(record(&mut known, ENDS), ["u-1.1 Expired"]);
    // A clock that jumps back revives nothing.
    assert_eq!(standing(&known, NOON), over);
}

#[test]
fn a_clock_that_jumps_back_is_taken_for_as_late_as_the_record() {
    let mut known = active();
    let mut other = transfer("other", "u-2", BEGINS, "2026-06-01T13:00:00Z");
    other["spec"]["exporter"] = json!("91350100M000100Y43");
    observe(&mut known, &other);
    let mut later = due(&active_without_approval(), "2026-06-01T14:00:00Z").remove(0);
    later.spec.observed_at = bund_crds::Moment(time("2026-06-01T14:00:00Z"));
    observe(&mut known, &event(&later));
    let over = ended(End::Expired, "its time was over at 2026-06-01T13:00:00Z");
    assert_eq!(standing_of("other", &known, NOON), over);
    assert_eq!(known.transfers().latest(), Some(time("2026-06-01T14:00:00Z")));
}

fn active_without_approval() -> Snapshot {
    let mut known = active();
    forget(&mut known, &approved("a-2", "person-2"));
    known
}

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
fn a_rejection_before_it_is_opened_ends_it_even_when_it_is_deleted_later() {
    let mut known = ready();
    let rejection = decision("r-1", &declared(), "Rejected", "person-3", BEGINS);
    observe(&mut known, &rejection);
    assert_eq!(standing(&known, NOON), ended(End::Revoked, "person-3 rejected it: a change of mind"));
    assert_eq!(
        record(&mut known, NOON),
        ["a-1.decided Decided", "a-2.decided Decided", "r-1.decided Decided"]
    );
    forget(&mut known, &rejection);
    assert_eq!(standing(&known, NOON), ended(End::Revoked, "person-3 rejected it"));
    assert_eq!(due(&known, NOON), []);
}

/// What is made, what is deleted, how the end says so, and what it rests on that is gone.
type Ending = (&'static str, Option<Value>, Option<Value>, &'static str, Option<Absent>);

#[test]
fn what_ends_it_for_good() {
    let going = || {
        let mut going = declared();
        going["metadata"]["deletionTimestamp"] = json!(NOON);
        going
    };
    let going_approval = || {
        let mut going = approved("a-1", "person-1");
        going["metadata"]["deletionTimestamp"] = json!(NOON);
        going
    };
    let (no_transfer, deleted) = (None, "the approval a-1 of person-1 was deleted");
    let revocation = decision("r-1", &declared(), "Revoked", "person-0", NOON);
    let table: [Ending; 4] = [
        ("a revocation", Some(revocation), None, "person-0 revoked it: a change of mind", None),
        ("its deletion is asked for", Some(going()), None, "it was deleted", no_transfer),
        (
            "an approval is deleted",
            None,
            Some(approved("a-1", "person-1")),
            deleted,
            Some(absent("TransferApproval", "a-1", "a-1")),
        ),
        (
            "the deletion of an approval is asked for",
            Some(going_approval()),
            None,
            deleted,
            Some(absent("TransferApproval", "a-1", "a-1")),
        ),
    ];
    for (what, made, deleted, why, absent) in table {
        let mut known = active();
        if let Some(object) = made {
            observe(&mut known, &object);
        }
        if let Some(object) = deleted {
            forget(&mut known, &object);
        }
        assert_eq!(standing(&known, NOON), ended(End::Revoked, why), "{what}");
        let first = due(&known, NOON).remove(0);
        assert_eq!((&*first.name, first.absent), ("u-1.1", absent), "{what}");
        assert_eq!(record(&mut known, NOON).first().map(String::as_str), Some("u-1.1 Revoked"), "{what}");
        // What is as it was before does not bring it back, nor do new approvals.
        for object in [declared(), approved("a-1", "person-1"), approved("a-9", "person-9")] {
            observe(&mut known, &object);
        }
        assert_eq!(standing(&known, NOON), ended(End::Revoked, why), "{what}");
        assert_eq!(
            record(&mut known, NOON).iter().filter(|name| name.starts_with("u-1.")).count(),
            0,
            "{what}"
        );
    }
}

#[test]
fn an_approval_that_is_deleted_before_the_opening_is_withdrawn_and_ends_nothing() {
    let mut known = ready();
    forget(&mut known, &approved("a-2", "person-2"));
    assert_eq!(record(&mut known, NOON), ["a-1.decided Decided"]);
    forget(&mut known, &approved("a-1", "person-1"));
    let withdrawn = due(&known, NOON);
    let told: Vec<_> = withdrawn.iter().map(|due| (&*due.name, &due.absent)).collect();
    assert_eq!(told, [("a-1.withdrawn", &Some(absent("TransferApproval", "a-1", "a-1")))]);
    observe(&mut known, &approved("a-2", "person-2"));
    observe(&mut known, &approved("a-3", "person-3"));
    let expected =
        ["a-2.decided Decided", "a-3.decided Decided", "a-1.withdrawn DecisionRefused", "u-1.0 Activated"];
    assert_eq!(record(&mut known, NOON), expected);
    assert_eq!(standing(&known, NOON), Standing::Active(time(ENDS)));
}

#[test]
fn what_was_suspended_is_resumed_once_it_may_be() {
    let mut known = active();
    observe(&mut known, &namespace(false));
    assert_eq!(record(&mut known, NOON), ["u-1.1 Suspended"]);
    observe(&mut known, &namespace(true));
    let waits = "it may be in effect again, and waits for the record";
    assert_eq!(standing(&known, NOON), Standing::Suspended(waits.to_owned()));
    assert_eq!(record(&mut known, NOON), ["u-1.2 Resumed"]);
    assert_eq!(standing(&known, NOON), Standing::Active(time(ENDS)));
}

#[test]
fn after_a_lapse_of_watch_everybody_approves_again() {
    let again = |uid: &str, who: &str, created: &str| decision(uid, &declared(), "Approved", who, created);
    for (what, mut known, opened_before) in [("open", active(), true), ("not yet open", ready(), false)] {
        if !opened_before {
            forget(&mut known, &approved("a-2", "person-2"));
            assert_eq!(record(&mut known, NOON), ["a-1.decided Decided"]);
        }
        let sequence = u32::from(opened_before);
        known.set_watch(Watch::Until(time("2026-06-01T13:00:00Z")));
        assert_eq!(
            record(&mut known, "2026-06-01T14:00:00Z"),
            [format!("u-1.{sequence} Suspended")],
            "{what}"
        );
        known.set_watch(Watch::Until(time("2026-06-02T00:00:00Z")));
        assert_eq!(record(&mut known, "2026-06-01T14:00:00Z"), Vec::<String>::new(), "{what}");
        // One more approval from before does not help, and is recorded as one that does not count.
        observe(&mut known, &again("a-3", "person-3", "2026-06-01T14:00:00Z"));
        observe(&mut known, &again("a-4", "person-4", "2026-06-01T14:00:00Z"));
        let refused = ["a-3.refused DecisionRefused", "a-4.refused DecisionRefused"];
        assert_eq!(record(&mut known, "2026-06-01T15:00:00Z"), refused, "{what}");
        observe(&mut known, &again("b-1", "person-1", "2026-06-01T14:00:01Z"));
        observe(&mut known, &again("b-2", "person-2", "2026-06-01T14:00:01Z"));
        let opening = if opened_before { "Resumed" } else { "Activated" };
        let expected = [
            "b-1.decided Decided".to_owned(),
            "b-2.decided Decided".into(),
            format!("u-1.{} {opening}", sequence + 1),
        ];
        assert_eq!(record(&mut known, "2026-06-01T15:00:00Z"), expected, "{what}");
        assert_eq!(standing(&known, "2026-06-01T15:00:00Z"), Standing::Active(time(ENDS)), "{what}");
    }
}

#[test]
fn a_transfer_that_is_gone_is_closed_and_one_that_cannot_be_read_is_suspended() {
    let mut known = active();
    forget(&mut known, &declared());
    let revoked = due(&known, NOON);
    let told: Vec<_> = revoked.iter().map(|due| (&*due.name, due.spec.why.as_str(), &due.absent)).collect();
    assert_eq!(told, [("u-1.1", "it was deleted", &Some(absent("CrossBorderTransfer", "t", "u-1")))]);
    assert_eq!(record(&mut known, NOON), ["u-1.1 Revoked"]);
    assert_eq!(standing_of_again(&mut known), ended(End::Revoked, "it was deleted"));

    let mut known = active();
    let mut broken = declared();
    broken["spec"]["exporter"] = json!("nobody");
    assert_eq!(known.observe(&broken), Observed::Unreadable);
    assert_eq!(record(&mut known, NOON), ["u-1.1 Suspended"]);
    observe(&mut known, &declared());
    assert_eq!(record(&mut known, NOON), ["u-1.2 Resumed"]);

    let mut known = active();
    forget(&mut known, &declared());
    assert_eq!(record(&mut known, ENDS), ["u-1.1 Expired"]);
}

fn standing_of_again(known: &mut Snapshot) -> Standing {
    observe(known, &declared());
    standing(known, NOON)
}

#[test]
fn another_transfer_of_the_same_name_has_nothing_of_the_first() {
    let mut known = active();
    let other = transfer("t", "u-2", BEGINS, ENDS);
    observe(&mut known, &other);
    assert_eq!(standing(&known, NOON), Standing::Closed("0 of 2 approvals are there".to_owned()));
    assert_eq!(record(&mut known, NOON), ["u-1.1 Revoked"]);
}

#[test]
fn a_successor_takes_the_place_of_its_predecessor_at_once() {
    let mut known = active();
    let mut successor = transfer("s", "u-2", BEGINS, ENDS);
    successor["spec"]["supersedes"] = json!("t");
    observe(&mut known, &successor);
    observe(&mut known, &decision("b-1", &successor, "Approved", "person-1", NOON));
    observe(&mut known, &decision("b-2", &successor, "Approved", "person-2", NOON));
    record_once(&mut known, NOON);
    assert_eq!(standing(&known, NOON), Standing::Active(time(ENDS)));
    record_once(&mut known, NOON);
    assert_eq!(standing_of("s", &known, NOON), Standing::Active(time(ENDS)));
    assert_eq!(standing(&known, NOON), ended(End::Superseded, "s took its place"));
    assert_eq!(record(&mut known, NOON), ["u-1.1 Superseded"]);
    // The successor's end does not bring it back.
    forget(&mut known, &successor);
    record(&mut known, NOON);
    assert_eq!(standing(&known, NOON), ended(End::Superseded, "s took its place"));
}

#[test]
fn transfers_of_one_exporter_are_opened_one_by_one() {
    let mut known = ready();
    let second = transfer("a-second", "u-2", BEGINS, ENDS);
    observe(&mut known, &second);
    observe(&mut known, &decision("b-1", &second, "Approved", "person-1", NOON));
    observe(&mut known, &decision("b-2", &second, "Approved", "person-2", NOON));
    record_once(&mut known, NOON);
    let names = |known: &Snapshot| due(known, NOON).into_iter().map(|due| due.name).collect::<Vec<_>>();
    assert_eq!(names(&known), ["u-2.0".into()]);
    assert_eq!(record(&mut known, NOON), ["u-2.0 Activated", "u-1.0 Activated"]);
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
    let revoke =
        |known: &Snapshot| revocation(&"u-1".parse().unwrap(), "the store went back", known, time(NOON));
    let due = revoke(&known).unwrap();
    assert_eq!(
        (&*due.name, due.spec.transfer.as_ref().map(|transfer| transfer.sequence)),
        ("u-1.1", Some(1))
    );
    observe(&mut known, &event(&due));
    assert_eq!(standing(&known, NOON), ended(End::Revoked, "the store went back"));
    assert_eq!(revoke(&known), None);
    assert_eq!(revoke(&ready()), None);
}

#[test]
fn leaders_that_see_the_same_write_the_same() {
    let known = active_without_approval();
    assert_eq!(due(&known, NOON), due(&known.clone(), NOON));
    let names = |now: &str| due(&known, now).into_iter().map(|due| due.name).collect::<Vec<_>>();
    assert_eq!(names(NOON), names("2026-07-01T00:00:00Z"));
}
