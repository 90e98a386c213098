//! A log in a directory: what is acknowledged stays, once, in order, for one writer and for two.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::sync::Arc;

use bund_ledger::{
    Appended, Created, Directory, Draft, EntryId, Error, Event, KeptShard, Keys, Log, Opening, Pin,
    SecretKey, Sequencer,
};
use jiff::Timestamp;

fn opening(folder: &tempfile::TempDir, key: &SecretKey, by: &str) -> Opening {
    let store = Arc::new(Directory::new(folder.path()).unwrap());
    Opening { store, keys: Keys::of(key.clone()), by: by.to_owned(), anchors: Vec::new() }
}

fn key() -> SecretKey {
    SecretKey::generate("ledger.example.com/test".parse().unwrap())
}

fn draft(number: u32) -> Draft {
    Draft {
        id: EntryId::new(&format!("test:{number}")).unwrap(),
        event: Event::Noted { text: format!("number {number}"), about: None },
        retain_until: None,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_again_and_once() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let now = at("2026-05-01T00:00:00Z");
    let mut log = Log::init(opening(&folder, &key, "a"), now).await.unwrap();
    let drafts: Vec<_> = (0..600).map(draft).collect();
    let appended = log.append(&drafts, now).await.unwrap();
    assert_eq!(appended.iter().map(|it| it.index).collect::<Vec<_>>(), (1..601).collect::<Vec<_>>());
    assert!(appended.iter().all(|it| it.created == Created::Now));
    drop(log);

    let mut log = Log::open(opening(&folder, &key, "b")).await.unwrap();
    assert_eq!(log.published().map(|published| published.size), Some(601));
    let again = log.append(&drafts, now).await.unwrap();
    let before: Vec<_> = appended.iter().map(|it| Appended { created: Created::Before, ..*it }).collect();
    assert_eq!(again, before);
    assert_eq!(log.size(), 601);
}

#[tokio::test]
async fn a_log_begins_once_and_never_by_itself() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let now = at("2026-05-01T00:00:00Z");
    assert!(matches!(Log::open(opening(&folder, &key, "a")).await.err(), Some(Error::Absent(_))));
    Log::init(opening(&folder, &key, "a"), now).await.unwrap();
    assert!(matches!(Log::init(opening(&folder, &key, "a"), now).await.err(), Some(Error::Present(_))));
}

#[tokio::test]
async fn two_writers_write_one_log() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let now = at("2026-05-01T00:00:00Z");
    Log::init(opening(&folder, &key, "a"), now).await.unwrap();
    let mut writers = Vec::new();
    for by in ["a", "b"] {
        let log = Log::open(opening(&folder, &key, by)).await.unwrap();
        let (sequencer, running) = Sequencer::start(log, move || now);
        let running = tokio::spawn(running);
        let asking = (0..100).map(move |number| {
            let sequencer = sequencer.clone();
            // Half of what they write is the same.
            let number = if by == "a" { number } else { number + 50 };
            async move { (number, sequencer.append(draft(number)).await.unwrap().index) }
        });
        writers.push((tokio::spawn(futures::future::join_all(asking)), running));
    }
    let mut found = std::collections::BTreeMap::new();
    for (asked, running) in writers {
        for (number, index) in asked.await.unwrap() {
            assert_eq!(*found.entry(number).or_insert(index), index, "{number} is there once");
        }
        running.await.unwrap();
    }
    let log = Log::open(opening(&folder, &key, "c")).await.unwrap();
    assert_eq!((found.len(), log.size()), (150, 151));
}

#[tokio::test]
async fn a_new_year_is_a_new_shard_and_knows_the_last_one() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let mut log = Log::init(opening(&folder, &key, "a"), at("2026-12-31T23:59:59Z")).await.unwrap();
    log.append(&[draft(1)], at("2026-12-31T23:59:59Z")).await.unwrap();
    log.append(&[draft(2)], at("2027-01-01T00:00:00Z")).await.unwrap();
    drop(log);
    let mut log = Log::open(opening(&folder, &key, "a")).await.unwrap();
    let found = log.append(&[draft(1), draft(2)], at("2027-02-01T00:00:00Z")).await.unwrap();
    let places: Vec<_> = found.iter().map(|it| (it.shard.to_string(), it.index)).collect();
    assert_eq!(places, [("2026".to_owned(), 1), ("2027".to_owned(), 1)]);
}

#[tokio::test]
async fn a_store_that_was_put_back_is_refused_until_somebody_accepts_the_loss() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let memory = tempfile::tempdir().unwrap();
    let now = at("2026-05-01T00:00:00Z");
    let pinned = || {
        let pin = Arc::new(Pin::new(&memory.path().join("pin")));
        Opening { anchors: vec![pin], ..opening(&folder, &key, "a") }
    };
    let mut log = Log::init(pinned(), now).await.unwrap();
    log.append(&[draft(1), draft(2)], now).await.unwrap();
    log.publish().await.unwrap();
    log.append(&[draft(3)], now).await.unwrap();
    log.publish().await.unwrap();
    drop(log);
    let shard = folder.path().join("2026");
    std::fs::remove_file(shard.join("commit/00000000000000000002")).unwrap();
    std::fs::remove_file(shard.join("checkpoints/00000000000000000004")).unwrap();
    std::fs::copy(shard.join("checkpoints/00000000000000000003"), shard.join("checkpoint")).unwrap();
    assert!(matches!(Log::open(pinned()).await.err(), Some(Error::Rollback { size: 4, .. })));

    let mut log = Log::accept_loss(pinned(), "the disk of last night", now).await.unwrap();
    assert_eq!((log.shard().to_string(), log.size()), ("2026-2".to_owned(), 2));
    let found = log.append(&[draft(2), draft(3)], now).await.unwrap();
    let places: Vec<_> = found.iter().map(|it| (it.shard.to_string(), it.index, it.created)).collect();
    let expected = [("2026".to_owned(), 2, Created::Before), ("2026-2".to_owned(), 2, Created::Now)];
    assert_eq!(places, expected);
    log.publish().await.unwrap();
    drop(log);
    assert_eq!(Log::open(pinned()).await.unwrap().size(), 3);
    assert!(matches!(Log::accept_loss(pinned(), "again", now).await.err(), Some(Error::Present(_))));
}

/// A log with an entry in each of four years, the shard of the first among them.
async fn four_years(folder: &tempfile::TempDir, key: &SecretKey) -> Log {
    let mut log = Log::init(opening(folder, key, "a"), at("2020-05-01T00:00:00Z")).await.unwrap();
    for year in 2020..2024 {
        log.append(&[draft(year)], at(&format!("{year}-06-01T00:00:00Z"))).await.unwrap();
    }
    log.publish().await.unwrap();
    log
}

#[tokio::test]
async fn a_shard_is_dropped_after_the_time_of_its_last_entry_and_not_before() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let log = four_years(&folder, &key).await;
    let shard = "2020".parse().unwrap();
    // Its last entry is of June 2021, when the next shard began.
    let until = "2024-06-02T00:00:00Z".parse().unwrap();
    let early = log.droppable(shard, at("2024-06-02T00:00:00Z")).await;
    assert!(matches!(early, Err(KeptShard::Due { until: of, .. }) if of == until));
    for needed in ["2019", "2022", "2023"] {
        let kept = log.droppable(needed.parse().unwrap(), at("2099-01-01T00:00:00Z")).await;
        assert!(matches!(kept, Err(KeptShard::Needed(_))), "{needed}");
    }
    assert_eq!(log.droppable(shard, at("2024-06-02T00:00:01Z")).await.unwrap(), Some(until));
}

#[tokio::test]
async fn a_shard_that_is_damaged_does_not_say_how_long_it_must_be_kept() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let log = four_years(&folder, &key).await;
    let (shard, now) = ("2020".parse().unwrap(), at("2099-01-01T00:00:00Z"));
    for commit in ["00000000000000000001", "00000000000000000002"] {
        let path = folder.path().join("2020/commit").join(commit);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let missing = log.droppable(shard, now).await;
        assert!(matches!(missing, Err(KeptShard::Log(Error::Damaged { .. }))), "{commit}");
        std::fs::write(&path, whole.replace("\"retainUntil\":\"202", "\"retainUntil\":\"201")).unwrap();
        let changed = log.droppable(shard, now).await;
        assert!(matches!(changed, Err(KeptShard::Log(Error::Damaged { .. }))), "{commit}");
        std::fs::write(&path, whole).unwrap();
    }
    assert!(log.droppable(shard, now).await.unwrap().is_some());
}

#[tokio::test]
async fn a_shard_that_was_dropped_halfway_is_dropped_to_the_end() {
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let mut log = four_years(&folder, &key).await;
    let (shard, now) = ("2020".parse().unwrap(), at("2030-01-01T00:00:00Z"));
    let commit = folder.path().join("2020/commit/00000000000000000001");
    let saved = std::fs::read(&commit).unwrap();
    log.drop_shard(shard, now).await.unwrap();
    std::fs::write(&commit, saved).unwrap();
    assert_eq!(log.droppable(shard, now).await.unwrap(), None);
    log.drop_shard(shard, now).await.unwrap();
    assert!(!commit.exists());
    drop(log);
    let log = Log::open(opening(&folder, &key, "b")).await.unwrap();
    assert_eq!((log.shard().to_string(), log.size()), ("2030".to_owned(), 2));
}
