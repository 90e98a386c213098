//! Damage to a log where it is written.

use std::sync::Arc;

use bytes::Bytes;

use super::fixture::{Fixture, assert_whole, copy, draft, noted, now};
use crate::verify::{Report, Severity, verify_store};
use crate::{Log, Store, paths};

async fn verify(store: &Arc<dyn Store>, fixture: &Fixture) -> Report {
    verify_store(store, &fixture.trust()).await.unwrap()
}

async fn changed(fixture: &Fixture, path: &str, bytes: impl Into<Bytes>) -> Report {
    let store = copy(&fixture.store).await;
    store.put(path, bytes.into()).await.unwrap();
    verify(&store, fixture).await
}

async fn paths_of(fixture: &Fixture) -> Vec<String> {
    let mut paths = fixture.store.list("").await.unwrap();
    paths.sort_unstable();
    paths
}

#[tokio::test]
async fn a_log_of_any_size_is_whole() {
    for entries in [3, 8, 255, 256, 257, 300, 513] {
        assert_whole(&Fixture::with(entries).await.verify().await);
    }
}

#[tokio::test]
async fn no_byte_of_any_object_can_be_flipped() {
    let fixture = Fixture::with(8).await;
    let store = copy(&fixture.store).await;
    for path in paths_of(&fixture).await {
        let bytes = fixture.store.get(&path).await.unwrap().unwrap();
        // Some of each: every byte of an export is tried elsewhere.
        for at in (0..bytes.len()).step_by(bytes.len().div_ceil(60)) {
            let mut flipped = bytes.to_vec();
            *flipped.get_mut(at).unwrap() ^= 1 << (at % 8);
            store.put(&path, flipped.into()).await.unwrap();
            let report = verify(&store, &fixture).await;
            assert_eq!(report.exit_code(), 2, "{path} at {at}: {:?}", report.findings);
        }
        store.put(&path, bytes).await.unwrap();
    }
}

#[tokio::test]
async fn objects_can_neither_be_cut_nor_emptied_nor_swapped() {
    let fixture = Fixture::with(300).await;
    let paths = paths_of(&fixture).await;
    for path in &paths {
        let bytes = fixture.store.get(path).await.unwrap().unwrap();
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            let report = changed(&fixture, path, bytes.slice(..length)).await;
            assert_eq!(report.exit_code(), 2, "{path} of {length} bytes: {:?}", report.findings);
        }
        let longer = [&*bytes, b"\n"].concat();
        assert_eq!(changed(&fixture, path, longer).await.exit_code(), 2, "{path}, longer");
    }
    for (one, other) in paths.iter().zip(paths.iter().skip(1)) {
        let bytes = fixture.store.get(one).await.unwrap().unwrap();
        if fixture.store.get(other).await.unwrap() == Some(bytes.clone()) {
            continue;
        }
        assert_eq!(changed(&fixture, other, bytes).await.exit_code(), 2, "{one} in the place of {other}");
    }
}

#[tokio::test]
async fn objects_can_neither_be_missing_nor_added() {
    let fixture = Fixture::with(300).await;
    let newest = paths::checkpoint_at(super::fixture::shard(), 300);
    for path in paths_of(&fixture).await {
        let store = copy(&fixture.store).await;
        store.delete(std::slice::from_ref(&path)).await.unwrap();
        let report = verify(&store, &fixture).await;
        let is_older = path.starts_with("2026/checkpoints/") && path != newest;
        // Nobody knows that an older checkpoint was published, but who kept it: it proves nothing that later ones do not.
        // Partial tiles of smaller trees are only left over.
        let is_left_over = path.contains(".p/") && !path.ends_with(".p/44") && !path.contains("/1/");
        let expected = if is_older || is_left_over || path.starts_with("blob/") { 0 } else { 2 };
        assert_eq!(report.exit_code(), expected, "{path}: {:?}", report.findings);
    }
    for path in [
        "2026/tile/0/002",
        "2026/tile/entries/000.p/7",
        "2026/notes",
        "hello",
        "2026/commit/1",
        "2026/tile/0/01",
    ] {
        assert_eq!(changed(&fixture, path, "x").await.exit_code(), 2, "{path}");
    }
    assert_eq!(changed(&fixture, ".probe/0123", "x").await.worst(), Some(Severity::Warning));
}

#[tokio::test]
async fn what_is_left_of_partial_tiles_is_the_beginning_of_the_full_ones() {
    let fixture = Fixture::with(300).await;
    let full = fixture.store.get("2026/tile/0/000").await.unwrap().unwrap();
    assert_whole(&changed(&fixture, "2026/tile/0/000.p/5", full.slice(..5 * 32)).await);
    assert_eq!(changed(&fixture, "2026/tile/0/000.p/5", full.slice(32..6 * 32)).await.exit_code(), 2);
    assert_eq!(changed(&fixture, "2026/tile/0/000.p/6", full.slice(..5 * 32)).await.exit_code(), 2);
}

#[tokio::test]
async fn an_older_copy_is_found_by_what_was_kept() {
    let (fixture, mut log) = Fixture::empty().await;
    log.append(&(0..5).map(draft).collect::<Vec<_>>(), now()).await.unwrap();
    log.publish().await.unwrap();
    let older = copy(&fixture.store).await;
    let first = fixture.text("2026/checkpoint").await;
    log.append(&[noted(7)], now()).await.unwrap();
    log.publish().await.unwrap();
    let trust = fixture.trust_and(&fixture.text("2026/checkpoint").await);
    let report = verify_store(&older, &trust).await.unwrap();
    let found = report.findings.first().unwrap();
    assert_eq!((found.severity, found.place.as_str()), (Severity::Tampered, "kept"));
    assert!(found.what.contains("had 7 entries, and 6 are there"), "{}", found.what);
    assert_whole(&verify_store(&fixture.store, &trust).await.unwrap());
    // A checkpoint that is put back alone hides nothing: its newer copies are there.
    assert_eq!(changed(&fixture, "2026/checkpoint", first).await.worst(), Some(Severity::Warning));
}

#[tokio::test]
async fn what_is_committed_and_not_published_is_said() {
    let (fixture, mut log) = Fixture::empty().await;
    log.append(&(0..300).map(noted).collect::<Vec<_>>(), now()).await.unwrap();
    let report = fixture.verify().await;
    assert_eq!(
        (report.worst(), report.findings.len()),
        (Some(Severity::Warning), 1),
        "{:?}",
        report.findings
    );
    Log::open(fixture.opening()).await.unwrap();
    assert_whole(&fixture.verify().await);
}

#[tokio::test]
async fn somebody_may_write_meanwhile() {
    let (fixture, mut log) = Fixture::empty().await;
    let writing = tokio::spawn(async move {
        for number in 0..60 {
            log.append(&(number * 10..(number + 1) * 10).map(noted).collect::<Vec<_>>(), now())
                .await
                .unwrap();
            log.publish().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    while !writing.is_finished() {
        let report = fixture.verify().await;
        assert_eq!(report.exit_code(), 0, "{:?}", report.findings);
    }
    writing.await.unwrap();
    assert_whole(&fixture.verify().await);
}
