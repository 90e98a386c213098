//! Lines for people.

use std::fmt::Write;

use bund_crds::Mode;

use super::{lines, visible, word};
use crate::check::{Gate, Outcome, Summary};

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

pub(super) fn report(outcome: &Outcome, gate: Gate, colour: Colour) -> String {
    let mut text = String::new();
    let paint = |code: &'static str| if colour == Colour::Terminal { code } else { "" };
    let reset = paint(RESET);
    let mut put = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    for error in &outcome.unreadable {
        put(format!("{}unreadable{reset} {}", paint(RED), visible(&error.to_string())));
    }
    for checked in &outcome.checked {
        for line in lines(checked) {
            let code = match line.consequence {
                Mode::Deny => paint(RED),
                Mode::Warn => paint(YELLOW),
                Mode::Audit => paint(FAINT),
            };
            let place =
                format!("{}:{}:{}", checked.document.source.name, line.position.line, line.position.column);
            let told = format!("{place}: {}", line.sentence);
            put(format!("{code}{}{reset} {}", word(line.consequence), visible(&told)));
        }
    }
    for assumption in &outcome.assumptions {
        let code = if gate.fails_on_assumptions() { RED } else { FAINT };
        put(format!("{}assumed{reset} {}", paint(code), visible(&assumption.to_string())));
    }
    put(summary(outcome.summary()));
    text
}

/// The last line: how many of what.
fn summary(summary: Summary) -> String {
    let Summary { objects, refused, warned, recorded, clean, unreadable } = summary;
    let mut line = format!("{objects} objects: {refused} refused, {warned} with warnings");
    // Writing to a string cannot fail.
    if recorded > 0 {
        write!(line, ", {recorded} recorded").unwrap_or_default();
    }
    write!(line, ", {clean} clean").unwrap_or_default();
    if unreadable > 0 {
        write!(line, "; {unreadable} unreadable").unwrap_or_default();
    }
    line
}
