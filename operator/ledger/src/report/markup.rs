//! HTML of which only what stands in our own source is markup.

use bund_crds::is_unseen;

/// A page in the making. Markup is text that is known when this program is built; everything else is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// Markup as it is written.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text that may say anything, as character data or as the value of an attribute in double quotes. What is not seen, or
    /// changes how other characters are seen, is written out.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other if is_unseen(other) => self.0.extend(other.escape_default()),
                other => self.0.push(other),
            }
        }
        self
    }

    /// The lines of a text, each escaped: line ends stay.
    pub(super) fn lines(&mut self, text: &str) -> &mut Self {
        for line in text.lines() {
            self.text(line).markup("\n");
        }
        self
    }

    /// A style that is made here. It is not escaped, because nothing in a style can be.
    pub(super) fn own_style(&mut self, style: &str) -> &mut Self {
        self.0.push_str(style);
        self
    }

    /// One element around a text.
    pub(super) fn element(&mut self, open: &'static str, text: &str, close: &'static str) -> &mut Self {
        self.markup(open).text(text).markup(close)
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_markup_or_is_not_seen_is_written_out() {
        let mut html = Html::default();
        html.element("<p>", "<b>\"a\" & 'b'\u{202e}\0\u{200b}数据", "</p>");
        assert_eq!(
            html.finish(),
            "<p>&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;\\u{202e}\\u{0}\\u{200b}数据</p>"
        );
    }

    proptest! {
        #[test]
        fn no_text_is_markup(text in any::<String>()) {
            let mut html = Html::default();
            html.text(&text);
            let acts = |c: char| matches!(c, '<' | '>' | '"' | '\'') || is_unseen(c);
            prop_assert!(!html.finish().contains(acts));
        }
    }
}
