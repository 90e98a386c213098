//! Cosignatures of witnesses: Ed25519 over the checkpoint and the time (C2SP tlog-cosignature, `cosignature/v1`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use signed_note::{Verifier, is_key_name_valid, key_id};

use crate::key::InvalidKey;

/// The byte of Ed25519 cosignatures with a time.
const ED25519: u8 = 4;
/// The byte of ML-DSA-44 cosignatures, which this version does not check.
const ML_DSA_44: u8 = 6;

/// The key of a witness: `<name>+<id>+<base64>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    id: u32,
    /// The algorithm and the public key.
    encoded: Vec<u8>,
}

/// Checks the cosignatures of one witness.
#[derive(Clone, Debug)]
pub(crate) struct WitnessVerifier {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl WitnessKey {
    /// Reads the key of a witness. One of an algorithm that is not known here is read, and counts as a witness that never signs.
    pub fn read(text: &str) -> Result<Self, InvalidKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidKey::Witness);
        };
        let encoded = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidKey::Witness)?;
        let is_known = match encoded.split_first() {
            Some((&ED25519, key)) => VerifyingKey::try_from(key).is_ok(),
            Some((&ML_DSA_44, _)) => true,
            _ => false,
        };
        let number = u32::from_str_radix(id, 16).map_err(|_| InvalidKey::Witness)?;
        if is_key_name_valid(name) && is_known && id.len() == 8 && number == key_id(name, &encoded) {
            Ok(Self { name: name.to_owned(), id: number, encoded })
        } else {
            Err(InvalidKey::Witness)
        }
    }

    /// Whether both are one key, whatever it is called.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.encoded == other.encoded
    }

    /// What checks its cosignatures, if that can be done here.
    pub(crate) fn verifier(&self) -> Option<WitnessVerifier> {
        let (&algorithm, key) = self.encoded.split_first()?;
        let key = VerifyingKey::try_from(key).ok().filter(|_| algorithm == ED25519)?;
        Some(WitnessVerifier { name: self.name.clone(), id: self.id, key })
    }
}

impl Verifier for WitnessVerifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, note: &[u8], signature: &[u8]) -> bool {
        let Some((time, signature)) = signature.split_first_chunk() else { return false };
        let time = u64::from_be_bytes(*time);
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        let message = [format!("cosignature/v1\ntime {time}\n").as_bytes(), note].concat();
        i64::try_from(time).is_ok() && self.key.verify_strict(&message, &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    #[test]
    fn a_cosignature_is_over_the_time_too() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let encoded = [&[ED25519], key.verifying_key().as_bytes().as_slice()].concat();
        let name = "witness.example.com";
        let text = format!("{name}+{:08x}+{}", key_id(name, &encoded), BASE64_STANDARD.encode(&encoded));
        let verifier = WitnessKey::read(&text).unwrap().verifier().unwrap();
        let note = b"example.com/log\n1\nAAAA\n";
        let message = [b"cosignature/v1\ntime 1679315147\n".as_slice(), note].concat();
        let signed = |time: u64| [time.to_be_bytes().as_slice(), &key.sign(&message).to_bytes()].concat();
        assert!(verifier.verify(note, &signed(1_679_315_147)));
        assert!(!verifier.verify(note, &signed(1_679_315_148)));
        assert!(!verifier.verify(b"example.com/log\n2\nAAAA\n", &signed(1_679_315_147)));
        assert!(!verifier.verify(note, &[]));
    }
}
