//! Databases that are broken by chance: none makes us fail, none takes more time or room than its size allows, and what is
//! read of one is said by the reader of its makers too.
//!
//! What is broken comes from `fuzz/`: databases, and whatever once found a fault; keep there what finds the next one. `make test`
//! breaks each file some thousand times, `make fuzz` for as long as it is told.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use bund_engine::snapshot::Country;
use ipnet::IpNet;
use maxminddb::Reader;

use crate::Database;
use crate::ranges::{Answer, Whole};
use crate::record::Record;

/// What means something in a database.
const WORDS: [&[u8]; 14] = [
    b"\xab\xcd\xefMaxMind.com",
    b"\x42CN",
    b"\x47country",
    b"\x48iso_code",
    b"\x4ccountry_code",
    b"\x4anode_count",
    b"\x4brecord_size",
    b"\xe0",
    b"\xff\xff\xff\xff",
    b"\x20\x00",
    b"\x38\x00\x00\x00\x00",
    b"\x3f\xff\xff\xff\xff",
    b"\xfe\xff\xff",
    b"\0\0\0\0\0\0",
];

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    /// Breaks `input` in one to four places: mostly the end, where metadata is, and single pointers of the tree.
    fn broken(&mut self, input: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = if self.below(2) == 0 {
                self.below(bytes.len())
            } else {
                bytes.len() - 1 - self.below(bytes.len().min(200))
            };
            let until = (at + self.below(16)).min(bytes.len());
            match self.below(7) {
                0 | 1 => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.drain(at..until)),
                3 => {
                    let piece = bytes[at..until].repeat(1 + self.below(3));
                    bytes.splice(at..at, piece);
                }
                4 => bytes.truncate(at.max(1)),
                5 => {
                    // A node that points somewhere else: a loop, a second way to the same, the data of another.
                    let (from, to) = (self.below(bytes.len() / 6) * 6, self.below(bytes.len() / 6) * 6);
                    let node: Vec<u8> = bytes[from..(from + 6).min(bytes.len())].to_vec();
                    let end = (to + node.len()).min(bytes.len());
                    bytes.splice(to..end, node);
                }
                _ => {
                    let word = WORDS[self.below(WORDS.len())];
                    bytes.splice(at..until, word.iter().copied());
                }
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        bytes
    }
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|found| found.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}

/// Whether the bytes are a database. What it says of single addresses is what a plain look-up says.
fn agrees(bytes: &[u8], dice: &mut Dice) -> bool {
    let Ok(database) = Database::compile(bytes) else { return false };
    let reader = Reader::from_source(bytes).unwrap();
    for _ in 0..50 {
        let number = u32::try_from(dice.below(1 << 31)).unwrap() << 1 | 1;
        let v6 = (u128::from(number) << 96) | u128::from(number);
        for address in [IpAddr::V4(Ipv4Addr::from(number)), IpAddr::V6(Ipv6Addr::from(v6))] {
            let Whole::One(Answer::Country(country)) = database.whole(IpNet::from(address)) else { continue };
            assert_eq!(looked_up(&reader, address), Some(country), "{address}");
        }
    }
    true
}

fn looked_up(reader: &Reader<&[u8]>, address: IpAddr) -> Option<Country> {
    let record = reader.lookup(address).ok()?.decode::<Record<'_>>().ok()??;
    match record.answer() {
        Answer::Country(country) => Some(country),
        Answer::Silent(_) => None,
    }
}

/// Breaks every file until `enough` says so of the number of rounds.
fn fuzz(seed: u64, enough: impl Fn(usize) -> bool) -> (usize, usize) {
    let mut dice = Dice(seed);
    let (mut rounds, mut read) = (0, 0);
    let files = corpus();
    while !enough(rounds) {
        for (name, file) in &files {
            let broken = dice.broken(file);
            let state = dice.0;
            let ended = std::panic::catch_unwind(|| agrees(&broken, &mut Dice(state)));
            let Ok(good) = ended else {
                let kept = std::env::temp_dir().join("bund-geo-fuzz.mmdb");
                std::fs::write(&kept, &broken).unwrap();
                assert!(ended.is_ok(), "fails on {name} as it is in {}: keep it in fuzz", kept.display());
                continue;
            };
            read += usize::from(good);
        }
        rounds += 1;
    }
    (rounds, read)
}

#[test]
fn what_is_kept_is_read_or_refused() {
    let read: BTreeSet<bool> = corpus().iter().map(|(_, bytes)| agrees(bytes, &mut Dice(1))).collect();
    assert_eq!(read, [false, true].into(), "some are databases, and some are not");
}

#[test]
fn no_database_that_is_broken_by_chance_makes_us_fail() {
    let (_, read) = fuzz(8, |rounds| rounds == 10_000);
    assert!(read > 0, "some are only broken in part");
}

#[test]
#[ignore = "as long as BUND_FUZZ_SECONDS says: make fuzz"]
fn no_broken_database_fails_for_long() {
    let seconds = std::env::var("BUND_FUZZ_SECONDS").map_or(600, |seconds| seconds.parse().unwrap());
    let (started, seed) = (Instant::now(), u64::from(std::process::id()));
    let (rounds, read) = fuzz(seed, |_| started.elapsed() >= Duration::from_secs(seconds));
    println!("{rounds} rounds from seed {seed}, {read} still databases");
}
