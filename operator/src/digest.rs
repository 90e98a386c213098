//! Short names for long things. (pure)

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// As many bytes as tell a few dozen things apart, such as the findings of one report.
pub(crate) const SHORT: usize = 8;

/// The first `bytes` of the SHA-256 of a text, each as two hexadecimal digits.
pub(crate) fn digest(text: &str, bytes: usize) -> String {
    Sha256::digest(text.as_bytes()).iter().take(bytes).fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_start_of_what_sha256sum_prints() {
        assert_eq!(digest("bund", SHORT), "54668b6dfe2aaa1f");
    }
}
