//! Random bytes from the system: ports that two test runs do not both pick, tokens that nobody guesses.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;

use anyhow::Context;

pub(super) fn bytes<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut source = File::open("/dev/urandom").context("no source of randomness")?;
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// 128 bits in hexadecimal.
pub(super) fn token() -> anyhow::Result<String> {
    let mut token = String::new();
    for byte in bytes::<16>()? {
        write!(token, "{byte:02x}")?;
    }
    Ok(token)
}
