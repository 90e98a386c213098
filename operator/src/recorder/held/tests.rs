use bund_crds::{EventType, Moment};

use super::*;
use crate::ledger::testing::shut;
use crate::transfer::testing::{decided, decision, event, recorded, transfer, view};

fn opening() -> Due {
    Due { name: "u-1.0".into(), spec: event(EventType::Activated, "u-1", 0), absent: None }
}

/// A view of a transfer that was approved.
fn approved() -> View {
    view([transfer("orders", "u-1"), decision("yes", "u-1", "Approved"), decided("yes", "u-1")])
}

/// What the ledger says to who opens it.
async fn said(ledger: &Ledger) -> Vec<(String, EventType)> {
    let history = ledger.history().await.unwrap();
    let all = history.transfers().flat_map(|(_, events)| events);
    all.map(|past| (past.name.to_string(), past.spec.event)).collect()
}

#[tokio::test]
async fn an_opening_comes_after_what_it_rests_on_and_in_the_words_in_which_it_was_asked_for_first() {
    let folder = tempfile::tempdir().unwrap();
    let (switch, ledger) = shut();
    let held = Held::new(ledger.clone());
    assert!(matches!(held.learn().await, Err(Unheld::Unknown)));
    assert!(matches!(held.write_ahead(&opening(), &approved()).await, Err(Unheld::Unavailable(_))));

    switch.open(folder.path()).await;
    held.learn().await.unwrap();
    let mut later = opening();
    later.spec.observed_at = Moment::of(Timestamp::now());
    for again in [false, true] {
        let words = held.write_ahead(&later, &approved()).await.unwrap();
        assert_eq!(words, opening().spec, "{again}");
    }
    switch.open(folder.path()).await;
    let expected = [("uid-yes.decided", EventType::Decided), ("u-1.0", EventType::Activated)];
    assert_eq!(said(&ledger).await, expected.map(|(name, event)| (name.to_owned(), event)));
}

#[tokio::test]
async fn what_the_cluster_lost_is_due_again_and_what_ended_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let (switch, ledger) = shut();
    switch.open(folder.path()).await;
    let before = Held::new(ledger.clone());
    for (name, kind, sequence) in [("u-1.0", EventType::Activated, 0), ("u-1.1", EventType::Revoked, 1)] {
        before.append(name, &event(kind, "u-1", sequence)).await.unwrap();
    }
    switch.open(folder.path()).await;

    let held = Held::new(ledger);
    held.learn().await.unwrap();
    assert_eq!(held.ended(), ["u-1".parse().unwrap()]);
    let names = |view: &View| {
        let due = held.recall(Vec::new(), view, "2026-01-03T00:00:00Z".parse().unwrap());
        due.into_iter().map(|due| due.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&approved()), ["u-1.1", "u-1.0"]);
    let mut set_back = approved();
    set_back.apply(&crate::index::Change::Ended(held.ended()));
    assert_eq!(names(&set_back), ["u-1.1", "u-1.0"], "it is kept out of the snapshot");
    let whole = [
        transfer("orders", "u-1"),
        recorded(EventType::Activated, "u-1", 0),
        recorded(EventType::Revoked, "u-1", 1),
    ];
    assert_eq!(names(&view(whole)), Vec::<String>::new());
}
