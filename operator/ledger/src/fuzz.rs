//! Every parser, with input that is broken by chance: none panics, and what one accepts is written again as it was read.
//!
//! What is broken comes from `fuzz/<parser>`: real input, and whatever once found a fault; keep there what finds the next
//! one. `make test` breaks each file some thousand times, `make fuzz` for as long as it is told.

mod readers;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::commit::Chain;
use crate::{
    Entry, Header, LogName, Manifest, Moments, SecretKey, ShardName, SignedCheckpoint, Tiles, VerifierKey,
};

/// A parser, and what must hold of what it accepts; whether it accepted.
type Target = fn(&[u8]) -> bool;

const TARGETS: [(&str, Target); 12] = [
    ("bundle", readers::bundle),
    ("checkpoint", checkpoint),
    ("commit", commit),
    ("entry", entry),
    ("export", readers::contents),
    ("manifest", manifest),
    ("name", name),
    ("policy", readers::policy),
    ("proof", readers::proof),
    ("secret-key", secret_key),
    ("verifier-key", verifier_key),
    ("witness-key", readers::witness_key),
];

/// What means something to one of the parsers.
const WORDS: [&[u8]; 24] = [
    b"\n",
    b"\n\n",
    b"\r\n",
    b"+",
    b"-",
    b" ",
    b"/",
    b"=",
    b"\0",
    b"\"",
    b"{",
    b"}",
    b"[",
    b":",
    b",",
    b"null",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"1e999",
    b"\\u0000",
    b"\xff\xfe",
    "\u{2014} ".as_bytes(),
    "\u{2014} a b\n".as_bytes(),
];

/// As long as an entry may be, and more.
const LONGEST: usize = 128 * 1024;

fn checkpoint(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let key = VerifierKey::read(include_str!("../fuzz/verifier-key/2026")).unwrap();
    // A signature that counts is one over these very bytes.
    if let Ok(signed) = SignedCheckpoint::open(text, key.name(), std::slice::from_ref(&key)) {
        assert_eq!(signed.text, text);
    }
    let read = SignedCheckpoint::unverified(text);
    if let Ok(read) = &read {
        assert_eq!(
            (read.text.as_str(), SignedCheckpoint::unverified(&read.text).ok().as_ref()),
            (text, Some(read))
        );
    }
    read.is_ok()
}

fn commit(bytes: &[u8]) -> bool {
    let manifest = include_bytes!("../fuzz/manifest/2026");
    let read = Chain::of_manifest(manifest).with(&Bytes::copy_from_slice(bytes), &mut Tiles::new());
    if let Ok((_, commit)) = &read {
        let again = Chain::of_manifest(manifest).next(commit.lines.clone(), &mut Tiles::new());
        assert_eq!(again.unwrap().1.bytes, bytes);
    }
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    read.is_ok() || serde_json::from_slice::<Header>(header).is_ok()
}

fn entry(bytes: &[u8]) -> bool {
    let moments = Moments::read(bytes);
    let Ok(entry) = Entry::read(bytes) else { return false };
    let moments = moments.unwrap();
    assert_eq!((moments.at, &moments.id, moments.retain_until), (entry.at, &entry.id, entry.retain_until));
    // What is written of it is read as the same, or is refused for its length.
    if let Ok(line) = entry.line() {
        assert_eq!(Entry::read(&line).unwrap(), entry);
    }
    true
}

fn manifest(bytes: &[u8]) -> bool {
    let read = Manifest::read("log.json", bytes, ShardName::of_year(2026));
    if let Ok(manifest) = &read {
        assert_eq!(manifest.bytes().unwrap(), bytes);
    }
    read.is_ok()
}

fn name(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let (log, shard) = (text.parse::<LogName>(), text.parse::<ShardName>());
    if let Ok(shard) = shard {
        assert_eq!(shard.to_string(), text);
    }
    if let Ok(log) = &log {
        assert_eq!(log.shard_of(&log.origin(ShardName::of_year(2026))), Some(ShardName::of_year(2026)));
    }
    log.is_ok() || shard.is_ok()
}

fn secret_key(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let read = SecretKey::read(text);
    if let Ok(key) = &read {
        assert_eq!(key.to_text(), text.trim_end_matches('\n'));
    }
    read.is_ok()
}

fn verifier_key(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let read = VerifierKey::read(text);
    if let Ok(key) = &read {
        assert_eq!(key.as_str(), text.trim_end_matches('\n'));
        assert_eq!(key.of_shard(key.name()).as_ref(), Ok(key));
    }
    read.is_ok()
}

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let length = self.below((length - start).min(64) + 1);
        start..start + length
    }

    /// Breaks `input` in one to four places; `other` is what a piece may come from.
    fn broken(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(4) {
            let part = self.part(bytes.len());
            match self.below(7) {
                0 if !bytes.is_empty() => {
                    let at = self.below(bytes.len());
                    bytes[at] ^= 1 << self.below(8);
                }
                1 => drop(bytes.drain(part)),
                2 => {
                    let again = bytes[part.clone()].repeat(1 + self.below(3));
                    bytes.splice(part.start..part.start, again);
                }
                3 => bytes.truncate(part.start),
                4 => {
                    let piece = self.part(other.len());
                    bytes.splice(part, other[piece].iter().copied());
                }
                5 => {
                    let deep = b"[{\"a\":"[..=self.below(6)].repeat(1 + self.below(2000));
                    bytes.splice(part, deep);
                }
                _ => {
                    let word = WORDS[self.below(WORDS.len())];
                    bytes.splice(part, word.iter().copied());
                }
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|found| found.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Breaks every file of every parser, until `enough` says so of the number of rounds.
fn fuzz(seed: u64, enough: impl Fn(usize) -> bool) -> usize {
    let mut dice = Dice(seed);
    let all: Vec<_> = TARGETS.map(|(name, target)| (name, target, corpus(name))).into();
    let mut rounds = 0;
    while !enough(rounds) {
        for (name, target, files) in &all {
            for file in files {
                let (_, _, others) = &all[dice.below(all.len())];
                let other = &others[dice.below(others.len())];
                let broken = dice.broken(file, other);
                let ended = std::panic::catch_unwind(|| target(&broken));
                assert!(ended.is_ok(), "{name} fails on {}: keep it in fuzz/{name}", broken.escape_ascii());
            }
        }
        rounds += 1;
    }
    rounds
}

#[test]
fn what_is_kept_is_read_or_refused() {
    for (name, target) in TARGETS {
        let accepted: Vec<bool> = corpus(name).iter().map(|file| target(file)).collect();
        assert!(accepted.contains(&true), "nothing in fuzz/{name} is accepted");
    }
}

#[test]
fn no_parser_fails_on_what_is_broken_by_chance() {
    fuzz(8, |rounds| rounds == 1_500);
}

#[test]
#[ignore = "as long as BUND_FUZZ_SECONDS says: make fuzz"]
fn no_parser_fails_for_long() {
    let seconds = std::env::var("BUND_FUZZ_SECONDS").map_or(600, |seconds| seconds.parse().unwrap());
    let (started, seed) = (Instant::now(), u64::from(std::process::id()));
    let rounds = fuzz(seed, |_| started.elapsed() >= Duration::from_secs(seconds));
    println!("{rounds} rounds from seed {seed}");
}
