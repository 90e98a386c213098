use bund_crds::EventType;
use serde_json::{Value, json};

use crate::index::{Change, View};
use crate::transfer::testing::{decided, decision, gone, observed, recorded, transfer, view};

/// The uids of what ended and looks as if it had not, in a store that is set back to `then`.
fn set_back(view: &View) -> Vec<&str> {
    view.set_back().filter_map(|transfer| Some(transfer.uid.as_ref()?.as_str())).collect()
}

fn is_known(view: &View) -> bool {
    view.snapshot.transfers().transfer("shop", "orders").is_some()
}

/// A view of a transfer in effect.
fn active() -> View {
    view([
        transfer("orders", "u-1"),
        decision("yes", "u-1", "Approved"),
        decided("yes", "u-1"),
        recorded(EventType::Activated, "u-1", 0),
    ])
}

#[test]
fn nothing_is_set_back_that_never_ended() {
    let mut view = active();
    view.apply(&observed(transfer("orders", "u-1")));
    view.apply(&observed(recorded(EventType::Suspended, "u-1", 1)));
    view.apply(&observed(recorded(EventType::Resumed, "u-1", 2)));
    assert_eq!((set_back(&view), is_known(&view)), (vec![], true));
}

#[test]
fn what_others_know_to_have_ended_does_not_come_back() {
    let mut view = active();
    view.apply(&Change::Ended(vec!["u-1".parse().unwrap(), "u-9".parse().unwrap()]));
    assert_eq!((set_back(&view), is_known(&view)), (vec!["u-1"], false));
    view.apply(&observed(transfer("orders", "u-1")));
    assert_eq!((set_back(&view), is_known(&view)), (vec!["u-1"], false));
    view.apply(&observed(transfer("orders", "u-9")));
    assert_eq!((set_back(&view), is_known(&view)), (vec!["u-9"], false), "even if it is shown later");
    view.apply(&observed(recorded(EventType::Revoked, "u-1", 1)));
    view.apply(&observed(transfer("orders", "u-1")));
    assert_eq!((set_back(&view), is_known(&view)), (vec![], true), "the cluster says it too");
}

#[test]
fn a_transfer_that_was_deleted_does_not_come_back() {
    let mut view = active();
    view.apply(&gone("CrossBorderTransfer", "orders"));
    assert_eq!(set_back(&view), Vec::<&str>::new());
    view.apply(&observed(transfer("orders", "u-1")));
    assert_eq!((set_back(&view), is_known(&view)), (vec!["u-1"], false));
    view.apply(&observed(transfer("orders", "u-2")));
    assert_eq!((set_back(&view), is_known(&view)), (vec![], true), "another of the same name is another");
    view.apply(&observed(transfer("orders", "u-1")));
    assert_eq!((set_back(&view), is_known(&view)), (vec!["u-1"], false));
}

#[test]
fn an_end_on_record_stays_when_the_record_goes_back() {
    for end in [EventType::Expired, EventType::Revoked, EventType::Superseded] {
        let mut view = active();
        view.apply(&observed(recorded(end, "u-1", 1)));
        view.apply(&gone("LedgerEvent", "u-1.1"));
        assert_eq!((set_back(&view), is_known(&view)), (vec!["u-1"], false), "{end:?}");
    }
}

#[test]
fn an_approval_that_was_taken_back_does_not_come_back() {
    let mut view = active();
    view.apply(&gone("TransferApproval", "yes"));
    view.apply(&observed(decision("yes", "u-1", "Approved")));
    assert_eq!((set_back(&view), is_known(&view)), (vec!["u-1"], false));
}

#[test]
fn an_approval_may_be_taken_back_before_it_opens_anything() {
    let mut view =
        view([transfer("orders", "u-1"), decision("yes", "u-1", "Approved"), decided("yes", "u-1")]);
    view.apply(&gone("TransferApproval", "yes"));
    view.apply(&observed(decision("yes", "u-1", "Approved")));
    assert_eq!((set_back(&view), is_known(&view)), (vec![], true));
}

#[test]
fn what_is_shown_late_ends_nothing() {
    // Watches of different kinds run apart: the record may be shown before the decision that it tells of.
    let mut view = view([transfer("orders", "u-1")]);
    view.apply(&observed(decided("yes", "u-1")));
    view.apply(&observed(recorded(EventType::Activated, "u-1", 0)));
    view.apply(&observed(decision("yes", "u-1", "Approved")));
    assert_eq!((set_back(&view), is_known(&view)), (vec![], true));
}

#[test]
fn what_cannot_be_read_any_more_is_not_gone() {
    let mut view = active();
    let mut unreadable: Value = transfer("orders", "u-1");
    unreadable["spec"] = json!(1);
    view.apply(&observed(unreadable));
    view.apply(&observed(transfer("orders", "u-1")));
    assert_eq!((set_back(&view), is_known(&view)), (vec![], true));
}

#[test]
fn what_had_ended_before_the_first_list_is_known_to_have() {
    let objects = [
        transfer("orders", "u-1"),
        recorded(EventType::Activated, "u-1", 0),
        recorded(EventType::Revoked, "u-1", 1),
    ];
    let mut view = view(objects);
    view.apply(&gone("LedgerEvent", "u-1.1"));
    assert_eq!((set_back(&view), is_known(&view)), (vec!["u-1"], false));
}
