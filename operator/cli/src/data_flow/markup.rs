//! Text from objects, made safe to stand in SVG and HTML, and cut to the room that there is.

use crate::report::visible;

/// The text as character data or an attribute value: nothing in it opens a tag, ends a quotation or turns letters around.
pub(super) fn escape(text: &str) -> String {
    let shown = visible(text);
    let mut escaped = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No document of XML may hold them.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// As much of the text as fits into `room`, in hundredths of the size of its letters, with `…` where something is left out.
/// What is not seen is written out first, because that is what takes the room.
pub(super) fn cut(text: &str, room: u32) -> String {
    let shown = visible(text);
    if wide(&shown) <= room {
        return shown.into_owned();
    }
    let mut left = room.saturating_sub(width('…'));
    let mut kept = String::new();
    for character in shown.chars() {
        let Some(rest) = left.checked_sub(width(character)) else { break };
        left = rest;
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// About how wide a text is, in hundredths of the size of its letters.
pub(super) fn wide(text: &str) -> u32 {
    text.chars().map(width).sum()
}

/// About how wide a letter is, in hundredths of its size: rather too wide than too narrow.
fn width(character: char) -> u32 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 32,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 95,
        'A'..='Z' => 72,
        '\0'..='\u{7f}' => 58,
        '\u{80}'..='\u{10ff}' => 66,
        // Scripts of China and Japan, and everything else that may be wide.
        _ => 104,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_markup_or_turn_letters_around_is_written_out() {
        assert_eq!(
            escape("<script>alert('1')</script> & \"\u{202e}\0\u{ffff}数据"),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;\\u{202e}\\u{0}\u{fffd}数据"
        );
    }

    #[test]
    fn a_text_is_cut_where_the_room_ends() {
        assert_eq!(cut("orders", 348), "orders");
        assert_eq!(cut("orders", 347), "orde…");
        assert_eq!(cut("个人信息数据", 500), "个人信…");
        assert_eq!(cut("orders", 0), "…");
    }

    proptest! {
        #[test]
        fn no_text_escapes(text in any::<String>()) {
            let escaped = escape(&text);
            let free = |c: char| matches!(c, '<' | '>' | '"' | '\'' | '\u{202a}'..='\u{202e}') || c.is_control();
            prop_assert!(!escaped.contains(free));
        }

        #[test]
        fn nothing_is_wider_than_its_room(text in any::<String>(), room in 95_u32..4000) {
            prop_assert!(wide(&cut(&text, room)) <= room);
        }
    }
}
