//! Transfers, one by one.

use bund_crds::LedgerEventSpec;

use super::{Page, grouped, listed, time};
use crate::report::describe::name_of;
use crate::report::language::fill;
use crate::report::transfer::{State, Step, Story};
use crate::report::{MOST, Place};

impl Page<'_> {
    pub(super) fn transfers(&mut self) {
        let stories = &self.report.transfers.stories;
        if stories.is_empty() {
            return self.none();
        }
        let words = self.words;
        self.lead(words.transfers_lead);
        self.table(&[words.transfer, words.exporter, words.classes, words.in_effect, words.state]);
        for (at, story) in stories.iter().enumerate().take(MOST) {
            self.html.markup("<tr><td class=\"name\"><a href=\"#t-").text(&at.to_string()).markup("\">");
            self.html.text(&story.name()).markup("</a></td>");
            self.short(story.transfer.exporter.as_str()).cell(&listed(&story.data_classes));
            let spans = self.spans(story).join("\n");
            self.html.markup("<td class=\"spans\">").lines(&spans).markup("</td>");
            self.state(story.state());
            self.html.markup("</tr>\n");
        }
        self.end_table();
        self.more(stories.len().saturating_sub(MOST) as u64);
        for (at, story) in stories.iter().enumerate().take(MOST) {
            self.story(at, story);
        }
    }

    fn state(&mut self, state: State) {
        let words = self.words;
        match state {
            State::Never => self.html.element("<td><span class=\"mark\">", words.state_never, "</span></td>"),
            State::Open => {
                self.html.element("<td><span class=\"mark open\">", words.state_open, "</span></td>")
            }
            State::Suspended => {
                self.html.element("<td><span class=\"mark held\">", words.state_suspended, "</span></td>")
            }
            State::Ended => self.html.element("<td><span class=\"mark\">", words.state_ended, "</span></td>"),
        };
    }

    /// From when to when it was in effect.
    fn spans(&self, story: &Story) -> Vec<String> {
        let spans = story.in_effect();
        if spans.is_empty() {
            return vec![self.words.never_in_effect.to_owned()];
        }
        let to = |end: Option<_>| end.map_or_else(|| self.words.to_end.to_owned(), time);
        spans.into_iter().map(|(begun, end)| format!("{} – {}", time(begun), to(end))).collect()
    }

    fn story(&mut self, at: usize, story: &Story) {
        let (words, transfer) = (self.words, &story.transfer);
        self.html.markup("<article class=\"story\" id=\"t-").text(&at.to_string()).markup("\">\n");
        self.html.element("<h3>", &story.name(), "</h3>\n<dl>\n");
        self.term(words.exporter, transfer.exporter.as_str());
        let persons = transfer.persons;
        let counts = [persons.ordinary, persons.sensitive, persons.under_14];
        let counts = counts.map(|count| grouped(&count.to_string()));
        self.term(words.persons, &fill(words.persons_of, &counts.each_ref().map(String::as_str)));
        self.term(words.classes, &listed(&story.data_classes));
        self.term(words.in_effect, &self.spans(story).join("; "));
        self.term(words.until, &time(transfer.until));
        if let Some(supersedes) = &transfer.supersedes {
            self.term(words.supersedes, supersedes.as_str());
        }
        self.html.element("<dt>", words.uid, "</dt><dd><code>").text(transfer.uid.as_str());
        self.html.markup("</code></dd>\n").element("<dt>", words.digest, "</dt><dd><code>");
        self.html.text(transfer.digest.as_str()).markup("</code></dd>\n");
        self.elsewhere(transfer.uid.as_str());
        self.html.markup("</dl>\n");
        self.steps(story);
        self.html.markup("</article>\n");
    }

    /// Where documents and notes are about it.
    fn elsewhere(&mut self, uid: &str) {
        let report = self.report;
        let documents = report.documents.kept.iter().map(|(place, kept)| (*place, kept.about.as_deref()));
        let notes = report.notes.kept.iter().map(|note| (note.place, note.about.as_deref()));
        let about = documents.chain(notes).filter(|(_, about)| *about == Some(uid));
        let places: Vec<Place> = about.map(|(place, _)| place).collect();
        if places.is_empty() {
            return;
        }
        self.html.element("<dt>", self.words.elsewhere, "</dt><dd>");
        for (at, place) in places.into_iter().enumerate() {
            if at > 0 {
                self.html.markup(", ");
            }
            self.link(place);
        }
        self.html.markup("</dd>\n");
    }

    fn steps(&mut self, story: &Story) {
        let words = self.words;
        self.table(&[words.when, words.what, words.who, words.why, words.entry]);
        for Step { place, spec } in story.told() {
            let (what, who) = self.what_and_who(spec);
            self.html.markup("<tr>");
            self.short(&time(spec.observed_at)).cell(&what).name(&who).cell(&spec.why).place(*place);
            self.html.markup("</tr>\n");
        }
        self.end_table();
        self.more(story.steps.more);
    }

    fn what_and_who(&self, spec: &LedgerEventSpec) -> (String, String) {
        let language = self.report.language;
        let event = name_of(&spec.event);
        let event = language.of_code(&event);
        let Some(decision) = &spec.decision else { return (event.to_owned(), String::new()) };
        let decided = name_of(&decision.decision);
        let who = Some(decision.username.as_str()).filter(|who| !who.is_empty());
        (format!("{event}: {}", language.of_code(&decided)), who.unwrap_or(self.words.nobody).to_owned())
    }
}
