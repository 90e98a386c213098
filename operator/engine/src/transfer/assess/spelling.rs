//! Names and numbers, without what two spellings of one differ in.

use alloc::string::String;

/// The letters and digits, in lower case: neither case, spaces, punctuation nor what cannot be seen makes another name.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
