//! Entry bundles of C2SP tlog-tiles: each entry after its length in two bytes.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// As many entries as a full bundle has, and hashes as a full tile has.
pub(crate) const WIDTH: u64 = 256;

/// The entries of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Their lines.
    pub lines: Vec<Bytes>,
}

/// A bundle ends within an entry, or has more than 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a bundle of entries")]
pub struct InvalidBundle;

impl Bundle {
    /// Reads a bundle.
    pub fn read(bytes: &Bytes) -> Result<Self, InvalidBundle> {
        let (mut rest, mut lines) = (bytes.clone(), Vec::new());
        while rest.has_remaining() {
            let length = usize::from(rest.try_get_u16().map_err(|_| InvalidBundle)?);
            if rest.len() < length || lines.len() as u64 == WIDTH {
                return Err(InvalidBundle);
            }
            lines.push(rest.split_to(length));
        }
        Ok(Self { lines })
    }

    /// The bytes of the bundle of these lines.
    pub fn bytes(lines: &[Bytes]) -> Bytes {
        let mut bytes = BytesMut::new();
        for line in lines {
            // An entry is at most LARGEST bytes long.
            bytes.put_u16(u16::try_from(line.len()).unwrap_or(u16::MAX));
            bytes.put_slice(line);
        }
        bytes.freeze()
    }
}
