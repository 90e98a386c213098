//! What the record of a transfer cannot say, whoever signed it.

use bund_crds::{EventType, LedgerEventSpec, TransferDecision};

use super::fixture::{Fixture, decided, moment, now, recorded, spec};
use crate::verify::{Report, Severity};
use crate::{Draft, EntryId};

/// Verifies a log in which this was recorded.
async fn said(events: Vec<LedgerEventSpec>) -> Report {
    let (fixture, mut log) = Fixture::empty().await;
    let drafts: Vec<Draft> = (0..)
        .zip(events)
        .map(|(number, event)| Draft {
            id: EntryId::new(&format!("said:{number}")).unwrap(),
            ..recorded(event)
        })
        .collect();
    log.append(&drafts, now()).await.unwrap();
    log.publish().await.unwrap();
    fixture.verify().await
}

fn approved() -> LedgerEventSpec {
    decided(EventType::Decided, TransferDecision::Approved, 1)
}

async fn assert_said(events: Vec<LedgerEventSpec>, severity: Severity, what: &str) {
    let report = said(events).await;
    let found: Vec<_> = report.findings.iter().map(|found| (found.severity, found.what.as_str())).collect();
    assert!(
        found.len() == 1 && found.iter().all(|(is, said)| *is == severity && said.contains(what)),
        "{what}: {found:?}"
    );
}

#[tokio::test]
async fn a_transfer_that_is_approved_opens_and_closes() {
    let events = vec![
        approved(),
        spec(EventType::Activated, 1, 0),
        spec(EventType::Suspended, 1, 1),
        spec(EventType::Resumed, 1, 2),
        spec(EventType::Expired, 1, 3),
    ];
    assert_eq!(said(events).await.findings, []);
}

#[tokio::test]
async fn nothing_opens_without_a_decision() {
    let opens = "without a decision before it";
    assert_said(vec![spec(EventType::Activated, 1, 0)], Severity::Tampered, opens).await;
    let refused = decided(EventType::DecisionRefused, TransferDecision::Approved, 1);
    assert_said(vec![approved(), refused, spec(EventType::Activated, 1, 0)], Severity::Tampered, opens).await;
    let other = decided(EventType::Decided, TransferDecision::Approved, 2);
    assert_said(vec![other, spec(EventType::Activated, 1, 0)], Severity::Tampered, opens).await;
    let mut nobody = approved();
    nobody.decision.as_mut().unwrap().username.clear();
    assert_said(vec![nobody], Severity::Tampered, "nobody is stamped").await;
}

#[tokio::test]
async fn nothing_opens_after_an_end_or_after_its_time() {
    for end in [EventType::Expired, EventType::Revoked, EventType::Superseded] {
        let events = vec![
            approved(),
            spec(EventType::Activated, 1, 0),
            spec(end, 1, 1),
            spec(EventType::Resumed, 1, 2),
        ];
        assert_said(events, Severity::Tampered, "that had ended").await;
    }
    let rejected = decided(EventType::Decided, TransferDecision::Rejected, 1);
    assert_said(
        vec![approved(), rejected, spec(EventType::Activated, 1, 0)],
        Severity::Tampered,
        "that had ended",
    )
    .await;
    let late =
        LedgerEventSpec { observed_at: moment("2026-12-31T16:00:00Z"), ..spec(EventType::Activated, 1, 0) };
    assert_said(vec![approved(), late], Severity::Tampered, "whose time was over").await;
}

#[tokio::test]
async fn the_events_of_a_transfer_follow_each_other() {
    let back = vec![
        approved(),
        spec(EventType::Activated, 1, 0),
        spec(EventType::Suspended, 1, 1),
        spec(EventType::Resumed, 1, 1),
    ];
    assert_said(back, Severity::Tampered, "and 1 was there before").await;
    let never = vec![approved(), spec(EventType::Activated, 1, 0), spec(EventType::Revoked, 1, 0)];
    assert_said(never, Severity::Warning, "never took effect").await;
    let gap = vec![approved(), spec(EventType::Activated, 1, 0), spec(EventType::Suspended, 1, 2)];
    assert_said(gap, Severity::Warning, "follow each other").await;
    let mut other = spec(EventType::Suspended, 1, 1);
    other.transfer.as_mut().unwrap().digest = "0".repeat(64).parse().unwrap();
    let changed = vec![approved(), spec(EventType::Activated, 1, 0), other];
    assert_said(changed, Severity::Tampered, "another text").await;
    let nameless = LedgerEventSpec { transfer: None, ..spec(EventType::Suspended, 1, 0) };
    let id = EntryId::new("nameless").unwrap();
    let event = crate::Event::Recorded { name: "nameless".into(), spec: Box::new(nameless) };
    let (fixture, mut log) = Fixture::empty().await;
    log.append(&[Draft { id, event, retain_until: None }], now()).await.unwrap();
    log.publish().await.unwrap();
    assert_eq!(fixture.verify().await.exit_code(), 2);
}
