//! The page: its head, its beginning, and its sections one after the other.

mod check;
mod events;
mod ledger;
mod transfers;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bund_crds::{ClassName, Moment};
use jiff::tz::Offset;
use sha2::{Digest as _, Sha256};

use super::language::{Words, fill};
use super::markup::Html;
use super::{Place, Report};
use crate::name::LogName;

const STYLE: &str = include_str!("page/style.css");

/// What every section needs.
struct Page<'r> {
    report: &'r Report,
    words: &'static Words,
    html: Html,
}

/// A section: what it is called in links, its heading, and what writes it.
type Section<'r> = (&'static str, &'static str, fn(&mut Page<'r>));

pub(super) fn render(report: &Report) -> String {
    let mut page = Page { report, words: report.language.words(), html: Html::default() };
    page.head();
    page.beginning();
    for (id, heading, write) in page.sections() {
        page.html.markup("<section id=\"").text(id).markup("\">\n");
        page.html.element("<h2>", heading, "</h2>\n");
        write(&mut page);
        page.html.markup("</section>\n");
    }
    page.html.markup("</main>\n</body>\n</html>\n");
    page.html.finish()
}

impl<'r> Page<'r> {
    fn sections(&self) -> [Section<'r>; 8] {
        let words = self.words;
        [
            ("attention", words.attention, Self::attention),
            ("check", words.check, Self::check),
            ("ledger", words.ledger, Self::ledger),
            ("transfers", words.transfers, Self::transfers),
            ("weakened", words.weakened, Self::weakened),
            ("enforcement", words.enforcement, Self::enforcement),
            ("documents", words.documents, Self::documents),
            ("appendix", words.appendix, Self::appendix),
        ]
    }

    /// Nothing runs, nothing is loaded, and no style but the one that is here counts.
    fn head(&mut self) {
        let (words, name) = (self.words, &self.report.name);
        let foot = foot(words.title, name);
        self.html
            .markup(words.begin)
            .markup("<head>\n<meta charset=\"utf-8\">\n")
            .markup("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-")
            .text(&BASE64_STANDARD.encode(Sha256::digest(STYLE)))
            .markup("' 'sha256-")
            .text(&BASE64_STANDARD.encode(Sha256::digest(&foot)))
            .markup("'; base-uri 'none'; form-action 'none'\">\n")
            .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .markup("<meta name=\"referrer\" content=\"no-referrer\">\n")
            .element("<title>", &format!("{}: {name}", words.title), "</title>\n")
            .markup("<style>")
            .markup(STYLE)
            .markup("</style>\n<style>")
            .own_style(&foot)
            .markup("</style>\n</head>\n");
    }

    fn beginning(&mut self) {
        let (words, report) = (self.words, self.report);
        let count = report.entries.to_string();
        let summary = match report.times {
            None => words.empty.to_owned(),
            Some((first, last)) => {
                let transfers = report.transfers.stories.len().to_string();
                fill(words.summary, &[&grouped(&count), &time(first), &time(last), &transfers])
            }
        };
        self.html
            .markup("<body>\n<header>\n")
            .element("<p class=\"kind\">", words.title, "</p>\n")
            .element("<h1>", report.name.as_str(), "</h1>\n")
            .element("<p class=\"lead\">", &summary, "</p>\n")
            .element("<p class=\"aside\">", words.times, "</p>\n</header>\n<nav>\n")
            .element("<h2>", words.contents, "</h2>\n<ol>\n");
        for (id, heading, _) in self.sections() {
            self.html.markup("<li><a href=\"#").text(id).markup("\">").text(heading).markup("</a></li>\n");
        }
        self.html.markup("</ol>\n</nav>\n<main>\n");
    }

    fn none(&mut self) {
        self.html.element("<p class=\"aside\">", self.words.none, "</p>\n");
    }

    fn lead(&mut self, text: &str) {
        self.html.element("<p>", text, "</p>\n");
    }

    /// Says how much of a table is left out.
    fn more(&mut self, more: u64) {
        if more > 0 {
            let text = fill(self.words.more, &[&grouped(&more.to_string())]);
            self.html.element("<p class=\"aside\">", &text, "</p>\n");
        }
    }

    fn table(&mut self, columns: &[&str]) {
        self.html.markup("<div class=\"wide\"><table>\n<thead><tr>");
        for column in columns {
            self.html.element("<th>", column, "</th>");
        }
        self.html.markup("</tr></thead>\n<tbody>\n");
    }

    fn end_table(&mut self) {
        self.html.markup("</tbody>\n</table></div>\n");
    }

    fn cell(&mut self, text: &str) -> &mut Self {
        self.html.element("<td>", text, "</td>");
        self
    }

    /// A cell with a name: wide enough that short ones stay whole.
    fn name(&mut self, text: &str) -> &mut Self {
        self.html.element("<td class=\"name\">", text, "</td>");
        self
    }

    /// A cell that is never broken into lines.
    fn short(&mut self, text: &str) -> &mut Self {
        self.html.element("<td class=\"short\">", text, "</td>");
        self
    }

    /// A cell with names that have no spaces to break lines at.
    fn code(&mut self, text: &str) -> &mut Self {
        self.html.element("<td><code>", text, "</code></td>");
        self
    }

    /// A cell that leads to an entry.
    fn place(&mut self, place: Place) -> &mut Self {
        self.html.markup("<td class=\"short\">");
        self.link(place);
        self.html.markup("</td>");
        self
    }

    fn link(&mut self, Place { shard, index, is_listed }: Place) {
        let text = format!("{shard}/{index}");
        if is_listed {
            self.html.markup("<a href=\"#e-").text(&text).markup("\">").text(&text).markup("</a>");
        } else {
            self.html.text(&text);
        }
    }

    /// A term and what it is.
    fn term(&mut self, term: &str, text: &str) {
        self.html.element("<dt>", term, "</dt>").element("<dd>", text, "</dd>\n");
    }
}

/// What every printed page says at its foot. The name of a log has no character that would end the text.
fn foot(title: &'static str, name: &LogName) -> String {
    format!(
        "@page {{ @bottom-left {{ content: \"{title}: {name}\"; font: 8pt system-ui, sans-serif; color: #52606d; }} }}"
    )
}

/// A moment in Beijing, to the second.
fn time(moment: Moment) -> String {
    Offset::constant(8).to_datetime(moment.0).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn listed<'c>(classes: impl IntoIterator<Item = &'c ClassName>) -> String {
    classes.into_iter().map(ClassName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_for_people() {
        assert_eq!(["1", "123", "1234", "1234567"].map(grouped), ["1", "123", "1,234", "1,234,567"]);
        assert_eq!(time("2026-12-31T16:00:00Z".parse().unwrap()), "2027-01-01 00:00:00");
    }
}
