//! The map for a terminal: what goes out without a transfer first.

use std::fmt::Write;

use super::{
    DataFlow, Holder, MadeFrom, Transfer, describe,
    word::{Language, Word},
};
use crate::report::visible;

/// The map, as text.
pub fn text(map: &DataFlow, language: Language) -> String {
    let mut page = Page { text: String::new(), language };
    let made = format!("{} {}", language.say(Word::MadeAt), describe::moment(map.made_at));
    let from = describe::made_from(&map.made_from, language);
    page.line(0, &[language.say(Word::Title), &made, &from].join(language.pick(", ", "，")));
    page.line(0, &language.list(describe::summary(map, language)));
    page.head(Word::Classes);
    for class in &map.classes {
        page.line(
            1,
            &[&[class.name.to_string()][..], &describe::class(class, language)]
                .concat()
                .join(language.pick("; ", "；")),
        );
    }
    page.head(Word::Holders);
    match &map.holders {
        None => page.line(1, language.say(Word::NotOnRecord)),
        Some(holders) => {
            let (alarming, others): (Vec<_>, Vec<_>) =
                holders.iter().partition(|holder| !holder.uncovered.is_empty());
            alarming.into_iter().chain(others).for_each(|holder| page.holder(holder));
        }
    }
    page.head(Word::Transfers);
    for transfer in &map.transfers {
        page.transfer(transfer);
    }
    page.end(map);
    page.text
}

struct Page {
    text: String,
    language: Language,
}

impl Page {
    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a string cannot fail.
        writeln!(self.text, "{:width$}{}", "", visible(line), width = depth * 2).unwrap_or_default();
    }

    fn head(&mut self, word: Word) {
        self.text.push('\n');
        self.line(0, self.language.say(word));
    }

    fn holder(&mut self, holder: &Holder) {
        let language = self.language;
        let namespace = holder.namespace.as_deref().unwrap_or(language.say(Word::NoNamespace));
        let owner = describe::owner(holder);
        let owner = if owner.is_empty() { owner } else { format!(" {owner}{}", language.pick(":", "：")) };
        let classes = language.list(holder.classes.iter().map(ToString::to_string));
        let objects = describe::objects(holder, language);
        let holds = language.pick("holding", "持有");
        self.line(1, &format!("{namespace}{owner} {objects} {holds} {classes}"));
        for place in &holder.places {
            self.line(2, &describe::place(place, language));
        }
        for flow in describe::flows(holder, language) {
            self.line(2, &flow);
        }
    }

    fn transfer(&mut self, transfer: &Transfer) {
        let language = self.language;
        let (colon, semicolon) = (language.pick(": ", "："), language.pick("; ", "；"));
        let standing = describe::standing(transfer, language).join(semicolon);
        self.line(1, &format!("{}{colon}{standing}", describe::id(&transfer.id)));
        let rows = [
            (Word::Classes, vec![describe::carried(transfer, language)]),
            (Word::Exporter, vec![describe::exporter(transfer)]),
            (Word::Sources, describe::sources(transfer, language)),
            (Word::Recipient, vec![describe::recipient(transfer, language)]),
            (Word::Destinations, describe::destinations(transfer, language)),
            (Word::Ground, describe::ground(transfer, language)),
            (Word::Evidence, describe::evidence(transfer, language)),
            (Word::Approvals, describe::approvals(transfer, language)),
            (Word::Validity, vec![describe::validity(transfer, language)]),
            (Word::Persons, describe::persons(transfer.persons, language)),
        ];
        for (word, lines) in rows {
            self.line(2, &format!("{}{colon}{}", language.say(word), lines.join(semicolon)));
        }
    }

    fn end(&mut self, map: &DataFlow) {
        let not_known = describe::not_known(map, self.language);
        for (word, lines) in [(Word::NotKnown, not_known), (Word::Unreadable, map.unreadable.clone())] {
            if !lines.is_empty() {
                self.head(word);
                for line in &lines {
                    self.line(1, line);
                }
            }
        }
        self.head(Word::Limits);
        if matches!(map.made_from, MadeFrom::Ledger { .. }) {
            self.line(1, self.language.say(Word::LedgerOnly));
        }
        self.line(1, self.language.say(Word::LimitsText));
    }
}
