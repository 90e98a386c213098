//! Text from manifests, made safe to show.
//!
//! Names, labels and values come from whoever wrote the manifest. A terminal obeys control characters among them, and
//! whoever reads may be shown another order of letters than the one that is there.

use std::{borrow::Cow, fmt::Write};

use bund_crds::is_unseen;

/// The text with every character written out that is not seen, or that changes how others are seen.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unseen(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// JSON text with the same characters written as JSON escapes: what is read from it stays the same.
pub(crate) fn visible_json(json: &str) -> Cow<'_, str> {
    // Line breaks and indentation stand between values; within strings JSON escapes them itself.
    let unseen = |character: char| character != '\n' && is_unseen(character);
    if !json.contains(unseen) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if unseen(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                write!(shown, "\\u{unit:04x}").unwrap_or_default();
            }
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(visible("a\x1b[31m\nb\u{202e}c\u{9b}"), "a\\u{1b}[31m\\nb\\u{202e}c\\u{9b}");
    }

    #[test]
    fn letters_of_every_script_stay() {
        assert_eq!(visible("数据 données — «»"), "数据 données — «»");
    }

    #[test]
    fn json_reads_back_as_the_same_text() {
        for text in ["a\u{7f}\u{9b}b", "\u{202e}\u{e0041}", "\x1b\n\t\"", "数据"] {
            let json = serde_json::to_string_pretty(&[text]).unwrap();
            let shown = visible_json(&json);
            assert!(!shown.contains(|c: char| c != '\n' && is_unseen(c)), "{shown:?}");
            assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [text]);
        }
    }
}
