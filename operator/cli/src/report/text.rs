//! Lines for people.

use std::fmt::Write;

use bund_crds::Mode;

use super::{lines, word};
use crate::check::Outcome;

/// Whether a report is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// It goes to a terminal that takes colours.
    Terminal,
    /// It goes anywhere else.
    Plain,
}

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const FAINT: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

pub(super) fn report(outcome: &Outcome, colour: Colour) -> String {
    let mut text = String::new();
    let paint = |code: &'static str| if colour == Colour::Terminal { code } else { "" };
    let reset = paint(RESET);
    let mut put = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    for error in &outcome.unreadable {
        put(format!("{}unreadable{reset} {error}", paint(RED)));
    }
    for checked in &outcome.checked {
        for line in lines(checked) {
            let consequence = line.finding.consequence();
            let code = match consequence {
                Mode::Deny => paint(RED),
                Mode::Warn => paint(YELLOW),
                Mode::Audit => paint(FAINT),
            };
            let place =
                format!("{}:{}:{}", checked.document.source.name, line.position.line, line.position.column);
            put(format!("{code}{}{reset} {place}: {}", word(consequence), line.sentence));
        }
    }
    for assumption in &outcome.assumptions {
        put(format!("{}assumed{reset} {assumption}", paint(FAINT)));
    }
    put(summary(outcome));
    text
}

/// The last line: how many of what.
fn summary(outcome: &Outcome) -> String {
    let worst = |mode| {
        outcome
            .checked
            .iter()
            .filter(|checked| {
                checked.decision.findings.iter().map(bund_engine::Finding::consequence).max() == Some(mode)
            })
            .count()
    };
    let (refused, warned, recorded) = (worst(Mode::Deny), worst(Mode::Warn), worst(Mode::Audit));
    let clean = outcome.checked.len() - refused - warned - recorded;
    let mut line = format!("{} objects: {refused} refused, {warned} with warnings", outcome.checked.len());
    // Writing to a string cannot fail.
    if recorded > 0 {
        write!(line, ", {recorded} recorded").unwrap_or_default();
    }
    write!(line, ", {clean} clean").unwrap_or_default();
    if !outcome.unreadable.is_empty() {
        write!(line, "; {} unreadable", outcome.unreadable.len()).unwrap_or_default();
    }
    line
}
