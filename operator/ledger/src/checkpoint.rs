//! Signed checkpoints: the size and root of a shard at a time (C2SP tlog-checkpoint in a C2SP signed-note).

use signed_note::{Note, NoteError, Signer, Verifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash};

use crate::key::{InvalidKey, Keys, VerifierKey};

/// A checkpoint whose signature was made here, or was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedCheckpoint {
    /// The origin of the shard.
    pub origin: String,
    /// As many entries as it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// The signed note, as it is stored.
    pub text: String,
}

/// Why a checkpoint cannot be signed or does not count.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A key cannot be used.
    #[error("a key cannot be used")]
    Key(#[from] InvalidKey),
    /// It is not a signed note, or no key that is trusted signed it, or a signature is wrong.
    #[error("the checkpoint is not signed as it should be")]
    Note(#[from] NoteError),
    /// The note does not hold a checkpoint of this log.
    #[error("this is not a checkpoint: expected an origin, a size and a root, and nothing else")]
    Malformed,
    /// It belongs to another log.
    #[error("this is a checkpoint of `{found}`, and one of `{expected}` was expected")]
    Origin {
        /// The origin that was expected.
        expected: String,
        /// The origin that it has.
        found: String,
    },
}

impl SignedCheckpoint {
    /// Signs the state of a shard with every key.
    pub fn sign(origin: &str, size: u64, root: Hash, keys: &Keys) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::new(origin, size, root, "").map_err(|_| CheckpointError::Malformed)?;
        let mut note = Note::new(&checkpoint.to_bytes(), &[])?;
        for key in keys.all() {
            let signer = key.signer(origin)?;
            note.add_sigs(&[&signer as &dyn Signer])?;
        }
        let text = String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::Malformed)?;
        Ok(Self { origin: origin.to_owned(), size, root, text })
    }

    /// Opens a checkpoint of the shard `origin` that at least one of `trusted` signed. Keys count under any name of the
    /// log; signatures of others are not looked at.
    pub fn open(text: &str, origin: &str, trusted: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let mut verifiers: Vec<VerifierKey> = Vec::new();
        for key in trusted {
            let key = key.of_shard(origin)?;
            if !verifiers.contains(&key) {
                verifiers.push(key);
            }
        }
        let known: Result<Vec<Box<dyn Verifier>>, InvalidKey> =
            verifiers.iter().map(|key| Ok(Box::new(key.verifier()?) as Box<dyn Verifier>)).collect();
        let note = Note::from_bytes(text.as_bytes())?;
        let opened = Self::unverified(text)?;
        if opened.origin != origin {
            return Err(CheckpointError::Origin { expected: origin.to_owned(), found: opened.origin });
        }
        note.verify(&VerifierList::new(known?))?;
        Ok(opened)
    }

    /// Reads a checkpoint without looking at its signatures: only to know which log it speaks of.
    pub fn unverified(text: &str) -> Result<Self, CheckpointError> {
        let note = Note::from_bytes(text.as_bytes())?;
        let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|_| CheckpointError::Malformed)?;
        // One spelling of each: the note is written as it was read, and has no extensions.
        if note.to_bytes() != text.as_bytes() || !checkpoint.extension().is_empty() {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: *checkpoint.hash(),
            text: text.to_owned(),
        })
    }
}
