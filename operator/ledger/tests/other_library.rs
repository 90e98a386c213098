//! Another library of RFC 6962, `ct-merkle`, builds the tree from the stored entries and proves them by the roots that
//! we signed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::Path;
use std::sync::Arc;

use bund_ledger::{
    Directory, Draft, EntryId, Event, Keys, Log, Opening, SecretKey, SignedCheckpoint, tile_path,
};
use ct_merkle::RootHash;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use jiff::Timestamp;
use sha2::Sha256;

/// Where tiles begin and end, and a level above them.
const SIZES: [u64; 5] = [1, 255, 256, 257, 65_536];

#[tokio::test]
async fn it_accepts_entries_and_growth_at_every_size() {
    let folder = tempfile::tempdir().unwrap();
    let key = SecretKey::generate("ledger.example.com/test".parse().unwrap());
    let now: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let store = Arc::new(Directory::new(folder.path()).unwrap());
    let keys = Keys::of(key.clone());
    let opening = Opening { store, keys, by: "a".to_owned(), anchors: Vec::new() };
    let mut log = Log::init(opening, now).await.unwrap();
    let shard = folder.path().join("2026");
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut older: Vec<RootHash<Sha256>> = Vec::new();
    for size in SIZES {
        while log.size() < size {
            let drafts: Vec<_> = (log.size()..size.min(log.size() + 256)).map(draft).collect();
            log.append(&drafts, now).await.unwrap();
        }
        log.publish().await.unwrap();
        let signed = std::fs::read_to_string(shard.join("checkpoint")).unwrap();
        let origin = "ledger.example.com/test/2026";
        let signed = SignedCheckpoint::open(&signed, origin, &[key.verifier(None)]).unwrap();
        let root = RootHash::new(signed.root.0.into(), signed.size);
        for entry in stored(&shard, tree.len(), size) {
            tree.push(entry);
        }
        assert_eq!(root, tree.root());
        for index in (0..size).step_by(101).chain([size - 1]) {
            let at = usize::try_from(index).unwrap();
            let proof = tree.prove_inclusion(at);
            root.verify_inclusion(tree.get(at).unwrap(), index, &proof).unwrap();
            let other = (index + 1) % size;
            assert!(size == 1 || root.verify_inclusion(tree.get(at).unwrap(), other, &proof).is_err());
        }
        for old in &older {
            let added = usize::try_from(size - old.num_leaves()).unwrap();
            root.verify_consistency(old, &tree.prove_consistency(added)).unwrap();
        }
        older.push(root);
    }
}

fn draft(number: u64) -> Draft {
    Draft {
        id: EntryId::new(&format!("test:{number}")).unwrap(),
        event: Event::Noted { text: format!("number {number}"), about: None },
        retain_until: None,
    }
}

/// The entries from `from` on that a shard of this size stores, from its bundles.
fn stored(shard: &Path, from: u64, size: u64) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for number in from / 256..size.div_ceil(256) {
        let width = usize::try_from(size - number * 256).unwrap().min(256);
        let bundle = std::fs::read(shard.join(tile_path("entries", number, width))).unwrap();
        let mut rest = bundle.as_slice();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            entries.push(entry.to_vec());
            rest = after;
        }
    }
    entries.split_off(usize::try_from(from % 256).unwrap())
}
