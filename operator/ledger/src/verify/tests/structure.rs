//! Exports from which something was taken, to which something was added, or whose parts come from elsewhere.

use bytes::Bytes;

use super::bytes::sums;
use super::fixture::{Fixture, assert_whole, draft, is_found, name, noted, now};
use crate::commit::hex;
use crate::export::Range;
use crate::read::InMemory;
use crate::verify::{Report, Severity, Trust, verify_export};
use crate::{Keys, Log, SecretKey, SignedCheckpoint};

fn verify(files: &InMemory, trust: &Trust) -> Report {
    verify_export(files, trust).unwrap()
}

/// The export with other files, and checksums that fit.
fn with(files: &InMemory, changed: impl IntoIterator<Item = (&'static str, Bytes)>) -> InMemory {
    let mut files = files.clone();
    files.files.extend(changed.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)));
    files.files.insert("SHA256SUMS".into(), sums(&files));
    files
}

fn lines(files: &InMemory) -> Vec<Vec<u8>> {
    let bytes = files.files.get("entries.jsonl").unwrap();
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[tokio::test]
async fn entries_cannot_be_dropped_added_moved_or_said_twice() {
    let fixture = Fixture::with(9).await;
    let (files, trust) = (fixture.export(Range::default()).await, fixture.trust());
    let lines = lines(&files);
    let entries = |lines: &[Vec<u8>]| with(&files, [("entries.jsonl", lines.concat().into())]);
    for at in 0..lines.len() {
        let mut dropped = lines.clone();
        let line = dropped.remove(at);
        assert!(is_found(&entries(&dropped), &trust), "dropped {at}");
        let mut twice = lines.clone();
        twice.insert(at, line.clone());
        assert!(is_found(&entries(&twice), &trust), "twice {at}");
        let mut added = lines.clone();
        added.insert(at, b"{\"a\":1}\n".to_vec());
        assert!(is_found(&entries(&added), &trust), "added {at}");
        for other in 0..at {
            let mut moved = lines.clone();
            moved.swap(at, other);
            let report = verify(&entries(&moved), &trust);
            let found = report.findings.first().unwrap();
            assert_eq!(
                (found.severity, found.index),
                (Severity::Tampered, Some(other as u64)),
                "{at} and {other}"
            );
        }
    }
}

#[tokio::test]
async fn no_file_can_be_cut_off_at_any_length() {
    let fixture = Fixture::with(8).await;
    let (files, trust) = (fixture.export(Range::default()).await, fixture.trust());
    for (path, bytes) in &files.files {
        let is_source = ["entries.jsonl", "export.json", "2026/checkpoint"].contains(&path.as_str())
            || path.starts_with("2026/checkpoints/");
        for length in 0..bytes.len() {
            let cut = bytes.slice(..length);
            if (is_source && (length < 400 || length % 7 == 0)) || length % 397 == 0 {
                let mut files = files.clone();
                files.files.insert(path.clone(), cut);
                files.files.insert(
                    "SHA256SUMS".into(),
                    if path == "SHA256SUMS" { bytes.slice(..length) } else { sums(&files) },
                );
                assert!(is_found(&files, &trust), "{path} of {length} bytes");
            } else {
                // Elsewhere a file is whole only where its SHA-256 is the one that follows.
                assert_ne!(hex(&cut), hex(bytes));
            }
        }
    }
}

#[tokio::test]
async fn no_file_can_be_missing_and_none_can_be_added() {
    let fixture = Fixture::with(8).await;
    let (files, trust) = (fixture.export(Range::default()).await, fixture.trust());
    for path in files.files.keys() {
        let mut less = files.clone();
        less.files.remove(path);
        if path != "SHA256SUMS" && !path.starts_with("blob/") {
            less.files.insert("SHA256SUMS".into(), sums(&less));
        }
        assert!(is_found(&less, &trust), "{path}");
    }
    for path in
        ["readme.txt", "2026/tile/0/001", "2026/tile/0/000.p/7", "2025/log.json", "proofs/2026/8.tlog-proof"]
    {
        assert!(is_found(&with(&files, [(path, Bytes::from_static(b"x"))]), &trust), "{path}");
    }
    // An older checkpoint of the same keys is true, and does not belong here.
    let older = fixture.text("2026/checkpoints/00000000000000000001").await;
    let files = with(&files, [("2026/checkpoints/00000000000000000001", older.into())]);
    assert!(is_found(&files, &trust));
}

/// The bytes of a document may be deleted: its hash stays, and the report says so.
#[tokio::test]
async fn a_document_may_be_left_out() {
    let fixture = Fixture::with(8).await;
    let path = crate::paths::blob(&hex(b"a contract"));
    assert!(fixture.export(Range::default()).await.files.contains_key(&path));
    fixture.store.delete(&[path]).await.unwrap();
    let report = verify(&fixture.export(Range::default()).await, &fixture.trust());
    let said: Vec<_> = report.findings.iter().map(|found| (found.severity, found.place.as_str())).collect();
    assert_eq!(said, [(Severity::Warning, "entry 7 of 2026")]);
}

#[tokio::test]
async fn equal_logs_give_equal_exports() {
    let fixture = Fixture::with(300).await;
    assert_eq!(fixture.export(Range::default()).await, fixture.export(Range::default()).await);
}

#[tokio::test]
async fn a_checkpoint_of_another_log_or_key_is_none() {
    let fixture = Fixture::with(8).await;
    let (files, trust) = (fixture.export(Range::default()).await, fixture.trust());
    let known = fixture.text("2026/checkpoint").await;
    let known = SignedCheckpoint::unverified(&known).unwrap();
    let other_key = Keys::of(SecretKey::generate(name()));
    let own = Keys::of(fixture.key.clone());
    let forged = [
        ("another key", SignedCheckpoint::sign(&known.origin, known.size, known.root, &other_key)),
        (
            "another log",
            SignedCheckpoint::sign("ledger.example.com/other/2026", known.size, known.root, &own),
        ),
        ("another size", SignedCheckpoint::sign(&known.origin, known.size - 1, known.root, &own)),
    ];
    for (what, forged) in forged {
        let text = Bytes::from(forged.unwrap().text);
        let files = with(
            &files,
            [("2026/checkpoint", text.clone()), ("2026/checkpoints/00000000000000000008", text)],
        );
        assert_eq!(verify(&files, &trust).exit_code(), 2, "{what}");
    }
}

/// A log that somebody else made contradicts nothing; only who knows the key sees that it is another.
#[tokio::test]
async fn a_log_that_is_signed_with_another_key_is_not_ours() {
    let (ours, theirs) = (Fixture::with(8).await, Fixture::with(8).await);
    let files = theirs.export(Range::default()).await;
    assert_eq!(verify(&files, &ours.trust()).exit_code(), 3);
    let report = verify(&files, &Trust::default());
    assert_eq!((report.worst(), report.exit_code()), (Some(Severity::Warning), 0));
}

#[tokio::test]
async fn a_fork_of_equal_size_and_an_older_copy_are_found_by_what_was_kept() {
    let (fixture, mut log) = Fixture::empty().await;
    let forked = Fixture { store: super::fixture::copy(&fixture.store).await, key: fixture.key.clone() };
    log.append(&(0..5).map(draft).collect::<Vec<_>>(), now()).await.unwrap();
    log.publish().await.unwrap();
    let older = fixture.export(Range::default()).await;
    log.append(&[noted(77)], now()).await.unwrap();
    log.publish().await.unwrap();
    let mut fork = Log::open(forked.opening()).await.unwrap();
    fork.append(&(100..106).map(noted).collect::<Vec<_>>(), now()).await.unwrap();
    fork.publish().await.unwrap();
    let kept = fixture.trust_and(&fixture.text("2026/checkpoint").await);
    for (what, files) in [("fork", forked.export(Range::default()).await), ("older", older)] {
        assert_whole(&verify(&files, &fixture.trust()));
        let report = verify(&files, &kept);
        let places: Vec<_> = report.findings.iter().map(|found| found.place.as_str()).collect();
        assert_eq!((report.exit_code(), places), (2, vec!["kept"]), "{what}");
    }
    assert_whole(&verify(&fixture.export(Range::default()).await, &kept));
}
