//! Checkpoints: each is that of the tree, and signed with the keys that were to sign it.

use signed_note::{Note, Verifier, VerifierList};
use tlog_tiles::Hash;

use super::entries::{Told, chain};
use super::report::Severity;
use crate::checkpoint::SignedCheckpoint;
use crate::key::VerifierKey;
use crate::policy::{Policy, WitnessKey};

/// What a checkpoint must be.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) origin: String,
    pub(super) size: u64,
    /// The root of the tree; `None` where it never had this size.
    pub(super) root: Option<Hash>,
    /// The keys that must have signed.
    pub(super) keys: Vec<VerifierKey>,
    pub(super) policy: Option<Policy>,
}

impl Expected {
    pub(super) fn of(told: &Told, size: u64, root: Option<Hash>, policy: Option<&Policy>) -> Self {
        let keys = told.keys_at(size).to_vec();
        Self { origin: told.origin.clone(), size, root, keys, policy: policy.cloned() }
    }

    /// Reads a checkpoint, and says what is wrong with it.
    pub(super) fn check(&self, text: &[u8]) -> Result<SignedCheckpoint, (Severity, String)> {
        let tampered = |what: String| (Severity::Tampered, what);
        let text = std::str::from_utf8(text).map_err(|error| tampered(error.to_string()))?;
        let found = SignedCheckpoint::unverified(text).map_err(|error| tampered(chain(&error)))?;
        if found.origin != self.origin {
            return Err(tampered(format!("it is of `{}`, not of `{}`", found.origin, self.origin)));
        }
        if found.size != self.size {
            return Err(tampered(format!("it is of {} entries, not of {}", found.size, self.size)));
        }
        match self.root {
            Some(root) if root == found.root => {}
            Some(root) => {
                let what = format!("its root is {}, and that of the entries is {root}", found.root);
                return Err(tampered(what));
            }
            None => return Err(tampered(format!("the log has no state of {} entries", found.size))),
        }
        self.signatures(text)?;
        Ok(found)
    }

    /// Every key that was to sign did, and nobody else whom we cannot check: no byte of it is free.
    fn signatures(&self, text: &str) -> Result<(), (Severity, String)> {
        let tampered = |what: &str| (Severity::Tampered, what.to_owned());
        let note = Note::from_bytes(text.as_bytes()).map_err(|error| tampered(&error.to_string()))?;
        let mut verifiers: Vec<Box<dyn Verifier>> = Vec::new();
        for key in &self.keys {
            let verifier = key.verifier().map_err(|error| tampered(&error.to_string()))?;
            verifiers.push(Box::new(verifier));
        }
        let keys: Vec<_> = verifiers.iter().map(|key| (key.name().to_owned(), key.key_id())).collect();
        for witness in self.policy.iter().flat_map(Policy::witnesses).filter_map(WitnessKey::verifier) {
            verifiers.push(Box::new(witness));
        }
        let checked = note.verify(&VerifierList::new(verifiers));
        let (signed, others) = checked.map_err(|error| tampered(&format!("its signature: {error}")))?;
        for (name, id) in keys {
            if !signed.iter().any(|signature| signature.name() == name && signature.id() == id) {
                return Err(tampered(&format!(
                    "it is not signed with the key {name}+{id:08x}, which was to sign"
                )));
            }
        }
        if let Some(other) = others.first() {
            let what = format!("it is also signed by {}, whose key is not known", other.name());
            return Err((Severity::Unverifiable, what));
        }
        let lines = text.lines().rev().take_while(|line| !line.is_empty()).count();
        if lines == signed.len() { Ok(()) } else { Err(tampered("a key signed it twice")) }
    }
}
