//! Lines for people: one screen in the normal case, with what comes first first.

use std::fmt::Write;

use bund_engine::cover::Cover;

use super::{Holding, Place, State, Why};
use crate::{
    inventory::{Origin, PolicyOrigin, told_not_known},
    report::visible,
};

mod kept;

/// How wide the column of words on the left is.
const COLUMN: usize = 11;
/// Lines that a list shows before it refers to the JSON.
const SHOWN: usize = 10;

/// What Bund says of an object, as text.
pub fn text(why: &Why) -> String {
    let mut page = Page { text: String::new() };
    page.line(&head(why));
    page.section("namespace", &[enrolment(why)]);
    page.section("class", &kept::classes(why));
    page.section("policy", &kept::policies(why));
    page.section("transfer", &why.covered_by.iter().map(covered_by).collect::<Vec<_>>());
    page.section("location", &why.location.iter().map(place).collect::<Vec<_>>());
    page.section("verdict", &verdict(why));
    page.list(
        "used by",
        why.users.iter().map(|user| {
            let writes = if user.writes { ", and may write to it" } else { "" };
            format!("{} {}{writes}", user.id, user.how)
        }),
    );
    page.list("holds", why.holding.iter().map(holding));
    page.section("assumed", &why.assumptions);
    if !why.not_known.is_empty() {
        page.section("not known", &[told_not_known(&why.origin, &why.not_known)]);
    }
    page.section("unreadable", &why.unreadable);
    page.text
}

/// Lines with a word before the first.
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        writeln!(self.text, "{}", visible(line)).unwrap_or_default();
    }

    fn section(&mut self, word: &str, lines: &[String]) {
        for (index, line) in lines.iter().enumerate() {
            let word = if index == 0 { word } else { "" };
            self.line(&format!("{word:<COLUMN$}{line}"));
        }
    }

    /// The first lines of many, and how many there are besides.
    fn list(&mut self, word: &str, lines: impl Iterator<Item = String>) {
        let all: Vec<_> = lines.collect();
        let more = all.len().saturating_sub(SHOWN);
        let mut shown: Vec<_> = all.into_iter().take(SHOWN).collect();
        if more > 0 {
            shown.push(format!("… and {more} more; `-o json` lists all"));
        }
        self.section(word, &shown);
    }
}

fn head(why: &Why) -> String {
    let made_by = why.made_by.as_ref().map(|owner| format!(", made by {owner}")).unwrap_or_default();
    match &why.origin {
        Origin::Cluster { context } => format!("{}{made_by}, in cluster {context}", why.subject),
        Origin::Files { .. } => format!("{}{made_by}", why.subject),
    }
}

fn enrolment(why: &Why) -> String {
    let enrolment = &why.enrolment;
    let state = match enrolment.state {
        State::Guarded => "is guarded",
        State::NotGuarded => "is not guarded",
        State::Exempt => "is exempt",
        State::NotKnown => "is taken to be guarded",
        State::NoNamespace => "has none",
    };
    let Some(name) = &enrolment.namespace else { return format!("none: {}", enrolment.because) };
    let is_kept = why.subject.namespace.is_none() && why.subject.kind.as_ref() != "Namespace";
    let kept = if is_kept { format!("kept for {name}, which") } else { name.clone() };
    format!("{kept} {state}: {}", enrolment.because)
}

fn place(place: &Place) -> String {
    let told =
        if place.told_by.is_empty() { String::new() } else { format!(" [{}]", place.told_by.join("; ")) };
    format!("{} {}{told}", place.of, place.how)
}

fn covered_by(cover: &Cover) -> String {
    let Cover { namespace, name, until } = cover;
    format!(
        "{namespace}/{name} covers what it sends out, until {until}; `bund transfer status {name} -n {namespace}` tells more"
    )
}

fn holding(holding: &Holding) -> String {
    let classes: Vec<_> = holding.classes.iter().map(bund_engine::HeldClass::as_str).collect();
    let worst = match holding.consequence {
        Some(bund_crds::Mode::Deny) => "; made now, it would be refused",
        Some(bund_crds::Mode::Warn) => "; made now, it would be warned about",
        Some(bund_crds::Mode::Audit) => "; made now, it would be recorded",
        None => "",
    };
    format!("{}: {}{worst}", holding.id, classes.join(", "))
}

/// The verdict, what would happen, and the lines that the webhook would answer.
fn verdict(why: &Why) -> Vec<String> {
    let what = if !why.allowed {
        "made now, it would be refused"
    } else if !why.warnings.is_empty() {
        "made now, it would be admitted with a warning"
    } else if !why.recorded.is_empty() {
        "made now, it would be admitted, and what is wrong recorded"
    } else {
        match why.verdict {
            bund_engine::Verdict::NotApplicable => "nothing that a policy keeps is at stake",
            bund_engine::Verdict::Allow
            | bund_engine::Verdict::Deny
            | bund_engine::Verdict::Indeterminate => "made now, it would be admitted",
        }
    };
    let mut lines = vec![format!("{}: {what}", why.verdict)];
    if why.incomplete {
        lines.push("it may be another one: see below what is assumed and not known".to_owned());
    }
    if why.policies_from == PolicyOrigin::BuiltIn {
        lines.push("judged by the starter policy that ships, because none is there".to_owned());
    }
    for (word, told) in [("refused", &why.refusals), ("warning", &why.warnings), ("recorded", &why.recorded)]
    {
        lines.extend(told.iter().map(|line| format!("{word} {line}")));
    }
    lines
}
