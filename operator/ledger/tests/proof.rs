//! Proofs: those of RFC 6962 are read as other libraries read them, and nothing else proves anything.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::sync::Arc;

use bund_ledger::policy::Policy;
use bund_ledger::proof::{Proof, check_consistency, check_inclusion, find, prove, prove_consistency};
use bund_ledger::verify::{Severity, Trust, verify_proof};
use bund_ledger::{
    Draft, EntryId, Event, Hash, Keys, Log, Objects, Opening, SecretKey, SignedCheckpoint, Store, Tree,
};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use object_store::memory::InMemory;
use proptest::prelude::*;
use sha2::Sha256;
use sha2::digest::Output;
use tlog_tiles::record_hash;

/// The leaves of the tree that the implementations of RFC 6962 share as an example.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// Its roots at each size from one.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn tree(leaves: &[&[u8]]) -> Tree {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.push(record_hash(leaf), &mut Vec::new());
    }
    tree
}

#[test]
fn the_roots_are_those_that_everybody_knows() {
    for (size, known) in (1..).zip(ROOTS) {
        let root = tree(LEAVES.get(..size).unwrap()).root();
        assert_eq!(root.0.map(|byte| format!("{byte:02x}")).concat(), known, "{size}");
    }
}

/// A log in memory with so many entries.
async fn log(entries: u32) -> (Arc<dyn Store>, SecretKey) {
    let store: Arc<dyn Store> = Arc::new(Objects::new("memory", Arc::new(InMemory::new())));
    let key = SecretKey::generate("ledger.example.com/test".parse().unwrap());
    let keys = Keys::of(key.clone());
    let opening = Opening { store: store.clone(), keys, by: "test".into(), anchors: Vec::new() };
    let now = "2026-05-01T00:00:00Z".parse().unwrap();
    let mut log = Log::init(opening, now).await.unwrap();
    let drafts: Vec<_> = (1..entries).map(noted).collect();
    log.append(&drafts, now).await.unwrap();
    log.publish().await.unwrap();
    (store, key)
}

fn noted(number: u32) -> Draft {
    let id = EntryId::new(&format!("test:{number}")).unwrap();
    Draft { id, event: Event::Noted { text: format!("number {number}"), about: None }, retain_until: None }
}

/// The tree of the same entries in another library.
async fn other(store: &dyn Store, size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut other = MemoryBackedTree::new();
    for index in 0..size {
        other.push(prove(store, "2026".parse().unwrap(), index).await.unwrap().entry.unwrap().to_vec());
    }
    other
}

fn joined(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| hash.0).collect()
}

#[tokio::test]
async fn proofs_from_tiles_are_those_of_another_library() {
    for size in [1_u32, 2, 7, 256, 257, 300] {
        let (store, _) = log(size).await;
        let shard = "2026".parse().unwrap();
        let other = other(&*store, size.into()).await;
        let root = other.root();
        for index in (0..u64::from(size)).step_by(13) {
            let proof = prove(&*store, shard, index).await.unwrap();
            let theirs = other.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(joined(&proof.path), theirs.as_bytes());
            let entry = proof.entry.unwrap().to_vec();
            let read = InclusionProof::<Sha256>::try_from_bytes(joined(&proof.path)).unwrap();
            root.verify_inclusion(&entry, index, &read).unwrap();
        }
        for old in (1..u64::from(size)).step_by(17) {
            let (path, new) = prove_consistency(&*store, shard, old).await.unwrap();
            let before = other.prove_consistency(usize::try_from(u64::from(size) - old).unwrap());
            assert_eq!(joined(&path), before.as_bytes());
            let mut smaller = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            for index in 0..old {
                smaller.push(other.get(usize::try_from(index).unwrap()).unwrap().clone());
            }
            let read = ConsistencyProof::<Sha256>::try_from_bytes(joined(&path)).unwrap();
            root.verify_consistency(&smaller.root(), &read).unwrap();
            let smaller = smaller.root();
            let digest: &Output<Sha256> = smaller.as_bytes();
            let known = Hash((*digest).into());
            check_consistency(&path, (old, known), (new.size, new.root)).unwrap();
            let mut wrong = path.clone();
            wrong.reverse();
            assert!(path.len() < 2 || check_consistency(&wrong, (old, known), (new.size, new.root)).is_err());
            assert!(check_consistency(&path, (old, new.root), (new.size, known)).is_err(), "swapped");
        }
    }
}

#[tokio::test]
async fn only_the_whole_proof_of_this_entry_proves_it() {
    let (store, key) = log(300).await;
    let shard = "2026".parse().unwrap();
    let (_, index) = find(&*store, &EntryId::new("test:77").unwrap()).await.unwrap().unwrap();
    assert_eq!(index, 77);
    assert_eq!(find(&*store, &EntryId::new("test:300").unwrap()).await.unwrap(), None);
    assert!(prove(&*store, shard, 300).await.is_err());
    let proof = prove(&*store, shard, index).await.unwrap();
    let text = proof.text();
    assert_eq!(Proof::read(&text).unwrap(), proof);
    let trust = Trust { policy: Some(Policy::of_logs(vec![key.verifier(None)])), checkpoints: Vec::new() };
    let severity = |text: &str| verify_proof("proof", text, &trust).worst();
    assert_eq!(severity(&text), None);
    for at in 0..text.len() {
        let mut flipped = text.clone().into_bytes();
        *flipped.get_mut(at).unwrap() ^= 1;
        let found = severity(&String::from_utf8_lossy(&flipped));
        assert!(found > Some(Severity::Warning), "at {at}");
        assert!(severity(text.get(..at).unwrap_or_default()) > Some(Severity::Warning), "cut at {at}");
    }
    let checkpoint = SignedCheckpoint::unverified(&proof.checkpoint).unwrap();
    let leaf = record_hash(proof.entry.as_ref().unwrap());
    let check =
        |path: &[Hash], size, index| check_inclusion(path, size, checkpoint.root, index, leaf).is_ok();
    assert!(check(&proof.path, 300, 77));
    let (less, more) = (proof.path.split_last().unwrap().1, [proof.path.clone(), vec![leaf]].concat());
    for (path, size, index) in [
        (&proof.path[..], 300, 76),
        (&proof.path[..], 300, 300),
        (&proof.path[..], 77, 77),
        (&proof.path[..], u64::MAX, 77),
        (less, 300, 77),
        (&more[..], 300, 77),
        (&[], 300, 77),
    ] {
        assert!(!check(path, size, index), "{size} {index} {}", path.len());
    }
    // Somebody else's trust, and nobody's.
    let other = SecretKey::generate("ledger.example.com/test".parse().unwrap());
    let trust = Trust { policy: Some(Policy::of_logs(vec![other.verifier(None)])), checkpoints: Vec::new() };
    assert_eq!(verify_proof("proof", &text, &trust).exit_code(), 3);
    assert_eq!(verify_proof("proof", &text, &Trust::default()).exit_code(), 3);
}

#[tokio::test]
async fn tiles_that_lie_give_no_proof() {
    let (store, _) = log(300).await;
    let shard = "2026".parse().unwrap();
    for path in store.list("2026/tile").await.unwrap() {
        let bytes = store.get(&path).await.unwrap().unwrap();
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            store.put(&path, bytes.slice(..length)).await.unwrap();
            for index in [0, 77, 255, 256, 299] {
                // An error or a proof of what the checkpoint covers, and never a panic.
                if let Ok(proof) = prove(&*store, shard, index).await {
                    proof.check(proof.entry.as_ref().unwrap()).unwrap();
                }
            }
        }
        store.put(&path, bytes).await.unwrap();
    }
}

proptest! {
    #[test]
    fn nothing_that_is_read_makes_it_panic(text: String, bytes: Vec<u8>, path in prop::collection::vec(any::<[u8; 32]>(), 0..50), size: u64, index: u64) {
        let _ = (Proof::read(&text), Policy::read(&bytes));
        let _ = Proof::read(&format!("c2sp.org/tlog-proof@v1\n{text}"));
        let path: Vec<_> = path.into_iter().map(Hash).collect();
        let _ = check_inclusion(&path, size, Hash([0; 32]), index, Hash([1; 32]));
        let _ = check_consistency(&path, (index, Hash([0; 32])), (size, Hash([1; 32])));
    }
}
