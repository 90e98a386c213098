//! Parsers of what auditors read: proofs, policies, witnesses' keys, bundles and exports.

use bytes::Bytes;

use crate::export::contents::Contents;
use crate::policy::{Policy, WitnessKey};
use crate::proof::Proof;
use crate::read::Bundle;
use crate::{Keys, SecretKey, SignedCheckpoint};

pub(super) fn proof(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(proof) = Proof::read(text) else { return false };
    assert_eq!(proof.text(), text);
    // Whatever it leads to, it does not fail on the way.
    let entry = proof.entry.clone().unwrap_or_default();
    if let Ok(checkpoint) = proof.check(&entry) {
        assert!(proof.index < checkpoint.size);
    }
    true
}

pub(super) fn policy(bytes: &[u8]) -> bool {
    let Ok(policy) = Policy::read(bytes) else { return false };
    // Nobody of it signed this.
    let key = SecretKey::read(include_str!("../../fuzz/secret-key/log")).unwrap();
    let signed =
        SignedCheckpoint::sign("other.example.com/2026", 1, crate::Hash([7; 32]), &Keys::of(key)).unwrap();
    let note = signed_note::Note::from_bytes(signed.text.as_bytes()).unwrap();
    assert!(!policy.asks_for_witnesses() || !policy.is_witnessed(&note));
    true
}

pub(super) fn witness_key(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| WitnessKey::read(text).is_ok())
}

pub(super) fn bundle(bytes: &[u8]) -> bool {
    let read = Bundle::read(&Bytes::copy_from_slice(bytes));
    if let Ok(bundle) = &read {
        assert_eq!(Bundle::bytes(&bundle.lines), bytes);
    }
    read.is_ok()
}

pub(super) fn contents(bytes: &[u8]) -> bool {
    let read = Contents::read(bytes);
    if let Ok(contents) = &read {
        assert_eq!(contents.bytes().unwrap(), bytes);
        assert!(contents.shards.iter().all(|part| part.entries() <= part.size));
    }
    read.is_ok()
}
