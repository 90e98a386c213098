//! What a signature cannot show: whoever holds the key and the store can write history anew. What somebody kept shows it.

use super::fixture::{Fixture, assert_whole, draft, memory, noted, now};
use crate::verify::{Severity, Trust, verify_store};
use crate::{Log, SignedCheckpoint};

/// An insider writes the log anew from entry `from` on, with the key of the log.
async fn rewritten(fixture: &Fixture, from: u32, entries: u32) -> Fixture {
    let other = Fixture { store: memory(), key: fixture.key.clone() };
    let mut log = Log::init(other.opening(), now()).await.unwrap();
    let drafts: Vec<_> =
        (0..entries).map(|at| if at < from { draft(at) } else { noted(1000 + at) }).collect();
    log.append(&drafts, now()).await.unwrap();
    log.publish().await.unwrap();
    other
}

#[tokio::test]
async fn history_that_is_written_anew_with_the_key_is_found_by_a_checkpoint_that_was_kept() {
    let (fixture, mut log) = Fixture::empty().await;
    log.append(&(0..20).map(draft).collect::<Vec<_>>(), now()).await.unwrap();
    log.publish().await.unwrap();
    let kept = fixture.text("2026/checkpoint").await;
    for from in [0, 7, 19] {
        let forged = rewritten(&fixture, from, 30).await;
        let report = verify_store(&forged.store, &fixture.trust_and(&kept)).await.unwrap();
        assert_eq!(report.exit_code(), 2, "from {from}: {:?}", report.findings);
        // Without it nothing shows: this is what witnesses and kept checkpoints are for, and the documentation says so.
        assert_whole(&verify_store(&forged.store, &fixture.trust()).await.unwrap());
    }
    // Who changes only what came after the checkpoint that was kept is not found by it either.
    let forged = rewritten(&fixture, 20, 30).await;
    assert_whole(&verify_store(&forged.store, &fixture.trust_and(&kept)).await.unwrap());
}

#[tokio::test]
async fn a_checkpoint_that_nobody_of_the_log_signed_accuses_nobody() {
    let fixture = Fixture::with(8).await;
    let other = Fixture::with(9).await;
    let foreign = other.text("2026/checkpoint").await;
    let report = verify_store(&fixture.store, &fixture.trust_and(&foreign)).await.unwrap();
    assert_eq!(report.worst(), Some(Severity::Unverifiable), "{:?}", report.findings);
    let report = verify_store(&fixture.store, &fixture.trust_and("no checkpoint")).await.unwrap();
    assert_eq!(report.worst(), Some(Severity::Unverifiable), "{:?}", report.findings);
}

#[tokio::test]
async fn without_a_policy_the_report_says_whose_word_it_takes() {
    let fixture = Fixture::with(8).await;
    let report = verify_store(&fixture.store, &Trust::default()).await.unwrap();
    assert_eq!(
        (report.worst(), report.findings.len()),
        (Some(Severity::Warning), 1),
        "{:?}",
        report.findings
    );
    let summary = report.shards.first().unwrap();
    let checkpoint = SignedCheckpoint::unverified(&summary.checkpoint).unwrap();
    assert_eq!((summary.size, summary.entries, checkpoint.size), (8, 8, 8));
}
