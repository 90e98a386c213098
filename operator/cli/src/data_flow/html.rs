//! The map as one page that stands alone: the figure, every row, and what the map does not know. It loads nothing and runs
//! nothing, and says so to the browser.

use std::fmt::Write;

use super::{
    DataFlow, MadeFrom, describe,
    markup::escape,
    svg::{Stands, draw},
    word::{Language, Word},
};

mod tables;

/// The looks of the page. It is a constant, and nothing of any object gets into it.
const STYLE: &str = include_str!("html/page.css");

/// The page of a map.
pub fn html(map: &DataFlow, language: Language) -> String {
    let mut page = Page { text: String::new(), language };
    page.head();
    page.introduction(map);
    page.section(Word::Uncovered, |page| tables::uncovered(page, map));
    page.section(Word::Classes, |page| tables::classes(page, map));
    page.section(Word::Holders, |page| tables::holders(page, map));
    page.section(Word::Transfers, |page| tables::transfers(page, map));
    page.section(Word::Limits, |page| page.limits(map));
    page.put("</body>\n</html>\n");
    page.text
}

/// Markup that is ready to stand in a page.
struct Page {
    text: String,
    language: Language,
}

impl Page {
    fn put(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    fn head(&mut self) {
        let title = escape(self.language.say(Word::Title));
        let tag = self.language.tag();
        // Writing to a string cannot fail.
        write!(
            self.text,
            "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        )
        .unwrap_or_default();
    }

    fn introduction(&mut self, map: &DataFlow) {
        let language = self.language;
        self.put("<header>\n");
        self.element("h1", language.say(Word::Title));
        let made = format!("{} {}", language.say(Word::MadeAt), describe::moment(map.made_at));
        let from = describe::made_from(&map.made_from, language);
        self.element("p", &format!("{made}{}{from}", language.pick(", ", "，")));
        self.put("<ul class=\"numbers\">");
        for told in describe::summary(map, language) {
            self.element("li", &told);
        }
        self.put("</ul>\n<figure>\n");
        let figure = draw(map, language, Stands::InPage);
        self.put(&figure);
        self.put("<figcaption>");
        let caption = escape(language.say(Word::Description));
        self.put(&caption);
        self.put("</figcaption>\n</figure>\n</header>\n");
    }

    fn section(&mut self, word: Word, content: impl FnOnce(&mut Self)) {
        self.put("<section>\n");
        let head = self.language.say(word);
        self.element("h2", head);
        content(self);
        self.put("</section>\n");
    }

    /// An element that holds a text.
    fn element(&mut self, name: &str, text: &str) {
        let text = escape(text);
        writeln!(self.text, "<{name}>{text}</{name}>").unwrap_or_default();
    }

    fn limits(&mut self, map: &DataFlow) {
        if matches!(map.made_from, MadeFrom::Ledger { .. }) {
            self.element("p", self.language.say(Word::LedgerOnly));
        }
        self.element("p", self.language.say(Word::LimitsText));
        for (word, lines) in [
            (Word::NotKnown, describe::not_known(map, self.language)),
            (Word::Unreadable, map.unreadable.clone()),
        ] {
            if lines.is_empty() {
                continue;
            }
            self.element("h3", self.language.say(word));
            self.put("<ul>\n");
            for line in &lines {
                self.element("li", line);
            }
            self.put("</ul>\n");
        }
    }
}
