//! Keys that sign checkpoints: Ed25519, in the encodings of C2SP signed-note.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::SigningKey;
use rand_core::OsRng;
use signed_note::{
    Signer, StandardSigner, StandardVerifier, Verifier as _, key_id, new_ed25519_verifier_key,
};

use crate::name::{LogName, ShardName};

/// The algorithm byte of Ed25519.
const ED25519: u8 = 1;

/// A key that signs. It is one key for all shards of a log; each knows it under its own name.
#[derive(Clone)]
pub struct SecretKey {
    name: LogName,
    key: SigningKey,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the key.
        f.debug_struct("SecretKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The keys of a log: the one that signs, and those that sign beside it for a while.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The key that signs.
    pub current: SecretKey,
    /// Keys that sign too, until everybody who verifies knows the current one.
    pub beside: Vec<SecretKey>,
}

/// Why a key cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// It is not a private key.
    #[error("this is not a key of a ledger: expected `PRIVATE+KEY+<name>+<8 hexadecimal digits>+<base64>`")]
    Secret,
    /// It is not a verifier key.
    #[error("this is not a verifier key: expected `<name>+<8 hexadecimal digits>+<base64>`, an Ed25519 key")]
    Verifier,
    /// It is not the key of a witness.
    #[error(
        "this is not the key of a witness: expected `<name>+<8 hexadecimal digits>+<base64>`, an Ed25519 key"
    )]
    Witness,
}

impl SecretKey {
    /// A new key, from the random numbers of the operating system.
    pub fn generate(name: LogName) -> Self {
        Self { name, key: SigningKey::generate(&mut OsRng) }
    }

    /// Reads the encoding that [`Self::to_text`] writes.
    pub fn read(text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim_end_matches('\n');
        // The library checks that key and id belong together.
        StandardSigner::new(text).map_err(|_| InvalidKey::Secret)?;
        let mut parts = text.splitn(5, '+').skip(2);
        let (name, _, key) = parts
            .next()
            .zip(parts.next())
            .zip(parts.next())
            .map(|((a, b), c)| (a, b, c))
            .ok_or(InvalidKey::Secret)?;
        let name = name.parse().map_err(|_| InvalidKey::Secret)?;
        let key = BASE64_STANDARD.decode(key).map_err(|_| InvalidKey::Secret)?;
        let key = key.get(1..).and_then(|key| SigningKey::try_from(key).ok()).ok_or(InvalidKey::Secret)?;
        let read = Self { name, key };
        // One spelling of each.
        if read.to_text() == text { Ok(read) } else { Err(InvalidKey::Secret) }
    }

    /// The private key as text: keep it secret.
    pub fn to_text(&self) -> String {
        self.text_for(self.name.as_str())
    }

    /// The log that it signs for.
    pub fn name(&self) -> &LogName {
        &self.name
    }

    /// The verifier key of the log, or of one of its shards.
    pub fn verifier(&self, shard: Option<ShardName>) -> VerifierKey {
        let name = shard.map_or_else(|| self.name.to_string(), |shard| self.name.origin(shard));
        VerifierKey { text: new_ed25519_verifier_key(&name, &self.key.verifying_key()) }
    }

    /// What signs the checkpoints of a shard.
    pub(crate) fn signer(&self, origin: &str) -> Result<impl Signer + use<>, InvalidKey> {
        StandardSigner::new(&self.text_for(origin)).map_err(|_| InvalidKey::Secret)
    }

    fn text_for(&self, name: &str) -> String {
        let public = [&[ED25519], self.key.verifying_key().as_bytes().as_slice()].concat();
        let private = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        format!("PRIVATE+KEY+{name}+{:08x}+{}", key_id(name, &public), BASE64_STANDARD.encode(private))
    }
}

impl Keys {
    /// One key alone.
    pub fn of(current: SecretKey) -> Self {
        Self { current, beside: Vec::new() }
    }

    /// All of them, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &SecretKey> {
        std::iter::once(&self.current).chain(&self.beside)
    }

    /// Their verifier keys for a shard.
    pub fn verifiers(&self, shard: ShardName) -> Vec<VerifierKey> {
        self.all().map(|key| key.verifier(Some(shard))).collect()
    }
}

/// A key with which others verify: `<name>+<id>+<base64>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    text: String,
}

impl VerifierKey {
    /// Reads a verifier key of Ed25519.
    pub fn read(text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim_end_matches('\n');
        let verifier = StandardVerifier::new(text).map_err(|_| InvalidKey::Verifier)?;
        // One spelling of each.
        let id = format!("+{:08x}+", verifier.key_id());
        if text.contains(&id) { Ok(Self { text: text.to_owned() }) } else { Err(InvalidKey::Verifier) }
    }

    /// The encoding.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the key is called: the origin of a shard, or the name of a log.
    pub fn name(&self) -> &str {
        self.text.split('+').next().unwrap_or_default()
    }

    /// The same key as a shard of the same log knows it.
    pub fn of_shard(&self, origin: &str) -> Result<Self, InvalidKey> {
        let encoded = self.text.splitn(3, '+').nth(2).ok_or(InvalidKey::Verifier)?;
        let key = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidKey::Verifier)?;
        Self::read(&format!("{origin}+{:08x}+{encoded}", key_id(origin, &key)))
    }

    /// Whether both are one key, whatever it is called.
    pub fn is_same_key(&self, other: &Self) -> bool {
        let encoded = |key: &Self| key.text.splitn(3, '+').nth(2).map(str::to_owned);
        encoded(self) == encoded(other)
    }

    pub(crate) fn verifier(&self) -> Result<StandardVerifier, InvalidKey> {
        StandardVerifier::new(&self.text).map_err(|_| InvalidKey::Verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_is_one_key_in_every_shard() {
        let key = SecretKey::generate("ledger.example.com/test".parse().unwrap());
        let again = SecretKey::read(&(key.to_text() + "\n")).unwrap();
        assert_eq!(key.to_text(), again.to_text());
        let shard = ShardName::of_year(2026);
        let log = key.verifier(None);
        assert_eq!(log.name(), "ledger.example.com/test");
        assert_eq!(VerifierKey::read(log.as_str()), Ok(log.clone()));
        assert_eq!(log.of_shard("ledger.example.com/test/2026"), Ok(key.verifier(Some(shard))));
        assert!(!format!("{key:?}").contains(key.to_text().rsplit('+').next().unwrap()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let text = SecretKey::generate("a".parse().unwrap()).to_text();
        for bad in [
            "",
            "PRIVATE+KEY",
            "PRIVATE+KEY+a+00000000+AAAA",
            &text.replace("+a+", "+b+"),
            text.trim_start_matches('P'),
        ] {
            assert_eq!(SecretKey::read(bad).map(|_| ()), Err(InvalidKey::Secret), "{bad}");
            assert_eq!(VerifierKey::read(bad), Err(InvalidKey::Verifier), "{bad}");
        }
    }
}
