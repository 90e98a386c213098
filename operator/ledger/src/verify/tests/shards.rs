//! Logs of more than one shard: years, keys, losses, and shards whose time is over.

use std::sync::Arc;

use super::fixture::{Fixture, assert_whole, at, copy, moment, name, noted, now};
use crate::export::Range;
use crate::policy::Policy;
use crate::verify::{Report, Severity, Trust, verify_export, verify_store};
use crate::{KeptShard, Keys, Log, Opening, Pin, SecretKey, Store};

const NEXT_YEAR: &str = "2027-03-01T00:00:00Z";

/// A log of two years.
async fn two_years() -> Fixture {
    let (fixture, mut log) = Fixture::empty().await;
    log.append(&(0..3).map(noted).collect::<Vec<_>>(), now()).await.unwrap();
    log.append(&(3..6).map(noted).collect::<Vec<_>>(), at(NEXT_YEAR)).await.unwrap();
    log.publish().await.unwrap();
    fixture
}

async fn without(fixture: &Fixture, shard: &str) -> Arc<dyn Store> {
    let store = copy(&fixture.store).await;
    let paths = store.list(shard).await.unwrap();
    store.delete(&paths).await.unwrap();
    store
}

fn worst(report: &Report) -> Vec<(Severity, &str)> {
    report.findings.iter().map(|found| (found.severity, found.place.as_str())).collect()
}

#[tokio::test]
async fn a_year_goes_on_from_the_last_one() {
    let fixture = two_years().await;
    assert_whole(&fixture.verify().await);
    let files = fixture.export(Range::default()).await;
    let report = verify_export(&files, &fixture.trust()).unwrap();
    assert_whole(&report);
    let shards: Vec<_> =
        report.shards.iter().map(|it| (it.shard.to_string(), it.entries, it.closed)).collect();
    assert_eq!(shards, [("2026".to_owned(), 5, true), ("2027".to_owned(), 4, false)]);
    // The policy of an export is read by its verifier, and names the newest.
    let policy = Policy::read(files.files.get("policy.txt").unwrap()).unwrap();
    assert_eq!(
        policy.logs().iter().map(crate::VerifierKey::name).collect::<Vec<_>>(),
        ["ledger.example.com/test/2027"]
    );
    assert_whole(&verify_export(&files, &Trust { policy: Some(policy), checkpoints: Vec::new() }).unwrap());
}

#[tokio::test]
async fn a_shard_cannot_be_missing() {
    let fixture = two_years().await;
    let report = verify_store(&without(&fixture, "2026").await, &fixture.trust()).await.unwrap();
    assert_eq!(worst(&report), [(Severity::Tampered, "2027/log.json")]);
    // Who died while the year changed has left the same.
    let report = verify_store(&without(&fixture, "2027").await, &fixture.trust()).await.unwrap();
    assert_eq!(worst(&report), [(Severity::Unverifiable, "2026")]);
    let kept = fixture.trust_and(&fixture.text("2027/checkpoint").await);
    let report = verify_store(&without(&fixture, "2027").await, &kept).await.unwrap();
    assert_eq!(report.exit_code(), 2, "{:?}", report.findings);
    let report = verify_store(&without(&fixture, "").await, &fixture.trust()).await.unwrap();
    assert_eq!(report.exit_code(), 3, "{:?}", report.findings);
}

#[tokio::test]
async fn a_range_is_proven_and_called_a_part() {
    let fixture = two_years().await;
    let year = Range { from: Some(moment("2027-01-01T00:00:00Z")), ..Range::default() };
    let files = fixture.export(year).await;
    let report = verify_export(&files, &fixture.trust()).unwrap();
    // 2026 is held for its last entry, which closed it in 2027.
    let entries: Vec<_> =
        report.shards.iter().map(|it| (it.shard.to_string(), it.entries, it.size)).collect();
    assert_eq!(entries, [("2026".to_owned(), 2, 5), ("2027".to_owned(), 4, 4)]);
    assert_eq!(worst(&report), [(Severity::Warning, "export.json")]);
    for (path, bytes) in &files.files {
        for at in (0..bytes.len()).step_by(bytes.len().div_ceil(20)) {
            let mut flipped = files.clone();
            let mut bytes = bytes.to_vec();
            *bytes.get_mut(at).unwrap() ^= 4;
            flipped.files.insert(path.clone(), bytes.into());
            assert!(super::fixture::is_found(&flipped, &fixture.trust()), "{path} at {at}");
        }
    }
    let second = Range { shard: Some("2027".parse().unwrap()), ..Range::default() };
    let report = verify_export(&fixture.export(second).await, &fixture.trust()).unwrap();
    assert_eq!(report.exit_code(), 0, "{:?}", report.findings);
}

#[tokio::test]
async fn trust_passes_to_a_key_that_the_old_one_vouched_for() {
    let (fixture, mut log) = Fixture::empty().await;
    let new = SecretKey::generate(name());
    let both = Keys { current: new.clone(), beside: vec![fixture.key.clone()] };
    log.rotate(both, now()).await.unwrap();
    log.append(&[noted(1)], now()).await.unwrap();
    log.publish().await.unwrap();
    log.rotate(Keys::of(new.clone()), now()).await.unwrap();
    log.append(&[noted(2)], now()).await.unwrap();
    log.publish().await.unwrap();
    assert_whole(&fixture.verify().await);
    let files = fixture.export(Range::default()).await;
    assert_whole(&verify_export(&files, &fixture.trust()).unwrap());
    let checkpoints = files.files.keys().filter(|path| path.starts_with("2026/checkpoints/")).count();
    assert_eq!(checkpoints, 3, "the last one of each set of keys");
    let later = Fixture { store: fixture.store.clone(), key: new };
    assert_whole(&later.verify().await);
}

#[tokio::test]
async fn trust_does_not_pass_to_a_key_that_nobody_vouched_for() {
    let (fixture, mut log) = Fixture::empty().await;
    // Whoever writes to the store without the key can do no more than this.
    log.rotate(Keys::of(SecretKey::generate(name())), now()).await.unwrap();
    let report = fixture.verify().await;
    assert_eq!(worst(&report), [(Severity::Unverifiable, "2026/checkpoint")]);
    let report = verify_store(&fixture.store, &Trust::default()).await.unwrap();
    assert_eq!(worst(&report), [(Severity::Unverifiable, "2026/checkpoint")]);
}

#[tokio::test]
async fn a_loss_that_was_accepted_is_a_warning() {
    let (fixture, mut log) = Fixture::empty().await;
    let folder = tempfile::tempdir().unwrap();
    let pinned =
        || Opening { anchors: vec![Arc::new(Pin::new(&folder.path().join("pin")))], ..fixture.opening() };
    log.append(&[noted(1)], now()).await.unwrap();
    log.publish().await.unwrap();
    let older = copy(&fixture.store).await;
    log.append(&[noted(2)], now()).await.unwrap();
    log.publish().await.unwrap();
    let kept = fixture.text("2026/checkpoint").await;
    tokio::fs::write(folder.path().join("pin"), &kept).await.unwrap();
    let fixture = Fixture { store: older, key: fixture.key.clone() };
    let report = verify_store(&fixture.store, &fixture.trust_and(&kept)).await.unwrap();
    assert_eq!(report.exit_code(), 2, "{:?}", report.findings);
    let opening = Opening { store: fixture.store.clone(), ..pinned() };
    Log::accept_loss(opening, "the disk of last night", now()).await.unwrap();
    let report = verify_store(&fixture.store, &fixture.trust_and(&kept)).await.unwrap();
    assert_eq!(report.worst(), Some(Severity::Warning), "{:?}", report.findings);
    assert!(report.findings.iter().any(|found| found.what.contains("the disk of last night")));
    let files = fixture.export(Range::default()).await;
    let report = verify_export(&files, &fixture.trust_and(&kept)).unwrap();
    assert_eq!(report.worst(), Some(Severity::Warning), "{:?}", report.findings);
}

/// A log of some years, of which the first holds a document of its own.
async fn some_years() -> (Fixture, Log) {
    let (fixture, mut log) = Fixture::empty().await;
    log.append(&[noted(1), fixture.document(b"a contract").await], now()).await.unwrap();
    for year in 2027..=2032 {
        log.append(&[noted(year)], at(&format!("{year}-03-01T00:00:00Z"))).await.unwrap();
    }
    (fixture, log)
}

#[tokio::test]
async fn a_shard_goes_when_the_time_of_all_its_entries_is_over() {
    let (fixture, mut log) = some_years().await;
    // A document is kept for five years, and a day for other time zones.
    let shard = "2026".parse().unwrap();
    let early = log.drop_shard(shard, at("2031-05-01T00:00:00Z")).await.unwrap_err();
    assert!(
        matches!(early, KeptShard::Due { until, .. } if until == moment("2031-05-02T00:00:00Z")),
        "{early}"
    );
    let document = crate::paths::blob(&crate::commit::hex(b"a contract"));
    assert!(fixture.store.get(&document).await.unwrap().is_some());
    for needed in ["2031", "2032", "2033", "2025"] {
        let kept = log.drop_shard(needed.parse().unwrap(), at("2032-05-03T00:00:00Z")).await.unwrap_err();
        assert!(matches!(kept, KeptShard::Needed(_)), "{needed}: {kept}");
    }
    log.drop_shard(shard, at("2032-05-03T00:00:00Z")).await.unwrap();
    assert_eq!(fixture.store.list("2026").await.unwrap(), Vec::<String>::new());
    assert_eq!(fixture.store.get(&document).await.unwrap(), None);
    assert_whole(&fixture.verify().await);
    let files = fixture.export(Range::default()).await;
    assert_whole(&verify_export(&files, &fixture.trust()).unwrap());
    assert_eq!(Log::open(fixture.opening()).await.unwrap().size(), 3);
}

#[tokio::test]
async fn a_shard_that_went_too_soon_or_by_another_hand_is_found() {
    let (fixture, _log) = some_years().await;
    let report = verify_store(&without(&fixture, "2026").await, &fixture.trust()).await.unwrap();
    assert_eq!(worst(&report).first(), Some(&(Severity::Tampered, "2027/log.json")));
    // An insider says so before the time is over.
    let (fixture, mut log) = two_years().await.opened().await;
    let checkpoint = fixture.text("2026/checkpoint").await;
    let event = crate::Event::ShardDropped { shard: "2026".parse().unwrap(), checkpoint };
    let id = crate::EntryId::new("log:ledger.example.com/test/2026:dropped").unwrap();
    log.append(&[crate::Draft { id, event, retain_until: None }], at(NEXT_YEAR)).await.unwrap();
    log.publish().await.unwrap();
    let report = verify_store(&without(&fixture, "2026").await, &fixture.trust()).await.unwrap();
    assert_eq!(worst(&report), [(Severity::Tampered, "entry 4 of 2027")], "{:?}", report.findings);
}
