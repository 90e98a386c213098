//! Text of users, within bounds. (pure)

/// `text` in at most `limit` bytes, without characters that take six of them in JSON.
pub(super) fn within(text: &str, limit: usize) -> String {
    let mut kept = String::new();
    for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if kept.len() + character.len_utf8() > limit {
            break;
        }
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(within("境内", 5), "境");
        assert_eq!(within("a\u{1b}[2J\nb", 99), "a [2J b");
    }
}
