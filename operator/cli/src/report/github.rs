//! Workflow commands of GitHub Actions: annotations on the lines of a change.

use std::fmt::Write;

use bund_crds::Mode;

use super::{Gate, Outcome, lines, relative, visible};

pub(super) fn report(outcome: &Outcome, gate: Gate) -> String {
    let mut text = String::new();
    for error in &outcome.unreadable {
        let message = format!("{}; {}", error.problem, error.remedy);
        text.push_str(&command(
            "error",
            &error.source_name,
            error.line,
            error.column,
            "Unreadable",
            &message,
        ));
    }
    for checked in &outcome.checked {
        for line in lines(checked) {
            let level = match line.consequence {
                Mode::Deny => "error",
                Mode::Warn => "warning",
                Mode::Audit => "notice",
            };
            text.push_str(&command(
                level,
                &checked.document.source.name,
                line.position.line,
                line.position.column,
                line.code,
                &line.sentence,
            ));
        }
    }
    let level = if gate.fails_on_assumptions() { "error" } else { "notice" };
    for assumption in &outcome.assumptions {
        let message = data(&assumption.to_string());
        // Writing to a string cannot fail.
        writeln!(text, "::{level} title=Assumed::{message}").unwrap_or_default();
    }
    text
}

fn command(level: &str, file: &str, line: u32, column: u32, title: &str, message: &str) -> String {
    let place = if line == 0 { String::new() } else { format!(",line={line},col={column}") };
    format!("::{level} file={}{place},title={title}::{}\n", property(relative(file)), data(message))
}

/// What a workflow command would read as its own is escaped, so that a manifest cannot issue commands: a command ends
/// with its line, and line breaks are written out.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
