//! A log that is open while its store changes behind it, and what it shows of itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::Path;
use std::sync::Arc;

use bund_ledger::{
    Created, Directory, Draft, Entry, EntryId, Error, Event, Keys, Log, Opening, SecretKey, Sequencer,
    Unrecorded,
};
use jiff::Timestamp;

fn opening(folder: &tempfile::TempDir, key: &SecretKey) -> Opening {
    let store = Arc::new(Directory::new(folder.path()).unwrap());
    Opening { store, keys: Keys::of(key.clone()), by: "a".to_owned(), anchors: Vec::new() }
}

fn key() -> SecretKey {
    SecretKey::generate("ledger.example.com/test".parse().unwrap())
}

fn noted(number: usize, text: String) -> Draft {
    let id = EntryId::new(&format!("test:{number}")).unwrap();
    Draft { id, event: Event::Noted { text, about: None }, retain_until: None }
}

fn draft(number: usize) -> Draft {
    noted(number, format!("number {number}"))
}

fn now() -> Timestamp {
    "2026-05-01T00:00:00Z".parse().unwrap()
}

/// As many files as there are below a folder.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn a_store_that_was_emptied_or_put_back_takes_nothing_and_nothing_is_signed_for_it() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let mut log = Log::init(opening(&folder, &key), now()).await.unwrap();
    log.append(&[draft(1)], now()).await.unwrap();
    log.append(&[draft(2)], now()).await.unwrap();
    let shard = folder.path().join("2026");

    std::fs::remove_file(shard.join("commit/00000000000000000002")).unwrap();
    let before = files(folder.path());
    for outcome in
        [log.append(&[draft(3)], now()).await.map(drop), log.publish().await, log.check_store().await]
    {
        assert!(matches!(outcome, Err(Error::Rollback { size: 3, .. })), "{outcome:?}");
    }
    assert_eq!(files(folder.path()), before, "nothing is written");

    std::fs::remove_dir_all(&shard).unwrap();
    let outcome = log.append(&[draft(3)], now()).await;
    assert!(matches!(outcome, Err(Error::Rollback { .. })), "{outcome:?}");
    assert_eq!(files(folder.path()), 0, "nothing begins anew");
}

#[tokio::test]
async fn whoever_opens_a_log_is_shown_every_entry_in_order() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let mut log = Log::init(opening(&folder, &key), now()).await.unwrap();
    let drafts: Vec<_> = (0..300).map(draft).collect();
    log.append(&drafts, now()).await.unwrap();
    let mut seen = Vec::new();
    Log::open_seeing(opening(&folder, &key), &mut |line| seen.push(Entry::read(line).unwrap()))
        .await
        .unwrap();
    let events: Vec<_> = seen.iter().skip(1).map(|entry| entry.event.clone()).collect();
    assert_eq!(events, drafts.into_iter().map(|draft| draft.event).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_that_can_be_no_entry_keeps_no_other_out() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let log = Log::init(opening(&folder, &key), now()).await.unwrap();
    let (sequencer, running) = Sequencer::start(log, now);
    let standing = sequencer.standing();
    let too_large = noted(1, "x".repeat(bund_ledger::LARGEST));
    let asking = async {
        // All three wait before anything is taken, so they come in one batch.
        let answers = futures::future::join3(
            sequencer.append(draft(0)),
            sequencer.append(too_large),
            sequencer.append(draft(2)),
        );
        let answers = answers.await;
        drop(sequencer);
        answers
    };
    let ((first, refused, last), log) = futures::future::join(asking, running).await;
    assert_eq!((first.unwrap().created, last.unwrap().created), (Created::Now, Created::Now));
    let is_invalid = |error: &Unrecorded| matches!(error, Unrecorded::Refused(error) if matches!(**error, Error::Invalid(_)));
    assert!(refused.as_ref().is_err_and(is_invalid), "{refused:?}");
    assert_eq!(log.size(), 3);
    assert!(standing.borrow().failure.is_none(), "it is no fault of the log");
}
