//! What ends a transfer, what suspends it, and what takes its place.

use super::*;

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
