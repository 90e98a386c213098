//! Bytes as text.

use alloc::{format, string::String};

/// Two lower-case hexadecimal digits for each byte.
pub(crate) fn hexadecimal<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> String {
    bytes.into_iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}
