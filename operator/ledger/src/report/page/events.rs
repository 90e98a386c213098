//! What happened besides transfers, what is kept, and every entry.

use super::{Page, grouped, listed, time};
use crate::report::language::fill;
use crate::report::{MOST, Note, Row, Weakened, object};

impl Page<'_> {
    pub(super) fn weakened(&mut self) {
        let (words, weakened) = (self.words, &self.report.weakened);
        if weakened.is_empty() {
            return self.none();
        }
        self.lead(words.weakened_lead);
        self.table(&[words.when, words.what, words.object, words.classes, words.who, words.why, words.entry]);
        for Weakened { place, event, spec } in &weakened.kept {
            let (of, by) = spec.object.as_ref().map_or_else(Default::default, |it| {
                (object(it), it.by.clone().unwrap_or_else(|| words.nobody.to_owned()))
            });
            let what = self.report.language.of_code(event);
            self.html.markup("<tr>");
            self.short(&time(spec.observed_at)).cell(what).name(&of).cell(&listed(&spec.data_classes));
            self.cell(&by).cell(&spec.why).place(*place);
            self.html.markup("</tr>\n");
        }
        self.end_table();
        self.more(weakened.more);
    }

    pub(super) fn enforcement(&mut self) {
        let (words, measures) = (self.words, &self.report.enforcements.0);
        if measures.is_empty() {
            return self.none();
        }
        self.lead(words.enforcement_lead);
        self.table(&[
            words.policy,
            words.reason,
            words.object,
            words.what,
            words.classes,
            words.count,
            words.when,
        ]);
        for (measure, tally) in measures.iter().take(MOST) {
            let what = self.report.language.of_code(&measure.action);
            self.html.markup("<tr>");
            self.name(&measure.policy).name(&measure.reason).name(&measure.place).cell(what);
            self.cell(&listed(&tally.data_classes)).short(&grouped(&tally.count.to_string()));
            self.name(&format!("{} – {}", time(tally.first), time(tally.last)));
            self.html.markup("</tr>\n");
        }
        self.end_table();
        self.more(measures.len().saturating_sub(MOST) as u64);
    }

    pub(super) fn documents(&mut self) {
        let words = self.words;
        let (documents, notes) = (&self.report.documents, &self.report.notes);
        if documents.is_empty() {
            self.none();
        } else {
            self.lead(words.documents_lead);
            self.table(&[words.document, words.about, words.size, "SHA-256", words.entry]);
            for (place, kept) in &documents.kept {
                let size = fill(words.size_of, &[&grouped(&kept.size.to_string())]);
                self.html.markup("<tr>");
                self.cell(&format!("{} ({})", kept.title, kept.media_type));
                self.cell(kept.about.as_deref().unwrap_or_default());
                self.short(&size).code(kept.sha256.as_str()).place(*place);
                self.html.markup("</tr>\n");
            }
            self.end_table();
            self.more(documents.more);
        }
        self.html.element("<h3>", words.notes, "</h3>\n");
        if notes.is_empty() {
            return self.none();
        }
        self.table(&[words.when, words.note, words.about, words.by, words.entry]);
        for Note { place, at, by, text, about } in &notes.kept {
            self.html.markup("<tr>");
            self.short(&time(*at));
            self.html.markup("<td class=\"lines\">").lines(text).markup("</td>");
            self.cell(about.as_deref().unwrap_or_default()).name(by).place(*place);
            self.html.markup("</tr>\n");
        }
        self.end_table();
        self.more(notes.more);
    }

    pub(super) fn appendix(&mut self) {
        let (words, rows) = (self.words, &self.report.rows);
        if rows.is_empty() {
            return self.none();
        }
        self.lead(words.appendix_lead);
        if rows.more > 0 {
            let counts = [rows.kept.len().to_string(), rows.more.to_string()].map(|count| grouped(&count));
            let text = fill(words.appendix_rest, &counts.each_ref().map(String::as_str));
            self.html.element("<p class=\"aside\">", &text, "</p>\n");
        }
        self.table(&[words.entry, words.when, words.what, "", words.by]);
        for Row { place, at, event, text, by } in &rows.kept {
            let name = format!("{}/{}", place.shard, place.index);
            let what = self.report.language.of_code(event);
            self.html.markup("<tr id=\"e-").text(&name).markup("\">");
            self.short(&name).short(&time(*at)).cell(what);
            self.cell(text).name(by);
            self.html.markup("</tr>\n");
        }
        self.end_table();
    }
}
