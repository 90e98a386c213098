//! Every byte of an export is protected by a signature: none can be flipped unseen.

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::sync::Mutex;

use bytes::Bytes;

use super::fixture::{Fixture, assert_whole, is_found};
use crate::export::Range;
use crate::read::{Files, InMemory};
use crate::verify::folder::expect;
use crate::verify::{Severity, Trust, verify_export};

/// Files of which is known which were opened.
struct Watched<'f> {
    files: &'f InMemory,
    opened: Mutex<BTreeSet<String>>,
}

impl Files for Watched<'_> {
    fn place(&self) -> String {
        self.files.place()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.files.list()
    }

    fn open(&self, path: &str) -> io::Result<Option<Box<dyn BufRead + '_>>> {
        self.opened.lock().unwrap().insert(path.to_owned());
        self.files.open(path)
    }
}

/// A position in an export: a file and a place in it.
type Position = (String, usize);

fn positions(files: &InMemory) -> Vec<Position> {
    let each = files.files.iter().map(|(path, bytes)| (0..bytes.len()).map(move |at| (path.clone(), at)));
    each.flatten().collect()
}

/// Flips one bit at each position, the bit that `which` says, and returns the positions at which nobody noticed.
///
/// What an export must be follows from a few of its files. What follows from the whole ones is computed once, and only used
/// where the flipped file is not one of them.
fn unnoticed(
    files: &InMemory,
    trust: &Trust,
    positions: &[Position],
    which: impl Fn(usize) -> u8 + Sync,
) -> Vec<Position> {
    let watched = Watched { files, opened: Mutex::default() };
    let expectation = expect(&watched, trust).unwrap();
    let sources = watched.opened.into_inner().unwrap();
    let expected = expectation.files().unwrap().clone();
    let noticed = |position: &Position, bit: u8| {
        let (path, at) = position;
        let mut bytes = files.files.get(path).unwrap().to_vec();
        *bytes.get_mut(*at).unwrap() ^= 1 << bit;
        if sources.contains(path) {
            let mut flipped = files.clone();
            flipped.files.insert(path.clone(), bytes.into());
            return is_found(&flipped, trust);
        }
        let flipped = InMemory { files: [(path.clone(), Bytes::from(bytes))].into() };
        !crate::verify::folder::differing(&flipped, [(path, expected.get(path).unwrap())]).unwrap().is_empty()
    };
    std::thread::scope(|scope| {
        let halves = positions.chunks(positions.len().div_ceil(2).max(1)).map(|half| {
            let (noticed, which) = (&noticed, &which);
            scope.spawn(move || {
                let missed = half.iter().filter(|position| !noticed(position, which(position.1)));
                missed.cloned().collect::<Vec<_>>()
            })
        });
        let halves: Vec<_> = halves.collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    })
}

#[tokio::test]
async fn every_byte_of_a_small_export_is_protected() {
    let fixture = Fixture::with(8).await;
    let (files, trust) = (fixture.export(Range::default()).await, fixture.trust());
    assert_whole(&verify_export(&files, &trust).unwrap());
    let positions = positions(&files);
    assert!(positions.len() > 20_000, "{}", positions.len());
    assert_eq!(unnoticed(&files, &trust, &positions, |at| u8::try_from(at % 8).unwrap()), []);
}

#[tokio::test]
async fn twenty_thousand_bytes_of_a_larger_export_are_protected() {
    let fixture = Fixture::with(300).await;
    let (files, trust) = (fixture.export(Range::default()).await, fixture.trust());
    assert_whole(&verify_export(&files, &trust).unwrap());
    let all = positions(&files);
    let mut seed = 0x5eed_u64;
    let mut next = move || {
        // xorshift64: the same positions in every run.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % (1 << 32)).unwrap()
    };
    let some: Vec<_> = (0..20_000).map(|_| all.get(next() % all.len()).unwrap().clone()).collect();
    assert_eq!(unnoticed(&files, &trust, &some, |at| u8::try_from(at / 7 % 8).unwrap()), []);
}

/// Whoever changes a file can write the checksums anew; so none of this may rest on them.
#[tokio::test]
async fn checksums_protect_nothing_by_themselves() {
    let fixture = Fixture::with(8).await;
    let (files, trust) = (fixture.export(Range::default()).await, fixture.trust());
    for path in files.files.keys().filter(|path| *path != "SHA256SUMS") {
        let mut changed = files.clone();
        let mut bytes = changed.files.remove(path).unwrap().to_vec();
        let middle = bytes.len() / 2;
        *bytes.get_mut(middle).unwrap() ^= 1;
        changed.files.insert(path.clone(), bytes.into());
        changed.files.insert("SHA256SUMS".into(), sums(&changed));
        assert!(is_found(&changed, &trust), "{path}");
    }
}

pub(super) fn sums(files: &InMemory) -> Bytes {
    let others = files.files.iter().filter(|(path, _)| *path != "SHA256SUMS");
    let lines =
        others.flat_map(|(path, bytes)| [crate::commit::hex(bytes), "  ".into(), path.clone(), "\n".into()]);
    let lines: String = lines.collect();
    lines.into()
}

#[tokio::test]
async fn the_export_of_a_range_is_protected_too() {
    let fixture = Fixture::with(300).await;
    let trust = fixture.trust();
    // All entries have one time, so the range is cut by hand: the last shard, from nothing to everything, is a part.
    let files = fixture.export(Range { shard: Some(super::fixture::shard()), ..Range::default() }).await;
    let report = verify_export(&files, &trust).unwrap();
    assert_eq!((report.worst(), report.exit_code()), (Some(Severity::Warning), 0), "{:?}", report.findings);
}
