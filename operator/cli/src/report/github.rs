//! Workflow commands of GitHub Actions: annotations on the lines of a change.

use bund_crds::Mode;

use super::{Outcome, lines};

pub(super) fn report(outcome: &Outcome) -> String {
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
            let level = match line.finding.consequence() {
                Mode::Deny => "error",
                Mode::Warn => "warning",
                Mode::Audit => "notice",
            };
            text.push_str(&command(
                level,
                &checked.document.source.name,
                line.position.line,
                line.position.column,
                line.finding.reason.code(),
                &line.sentence,
            ));
        }
    }
    text
}

fn command(level: &str, file: &str, line: u32, column: u32, title: &str, message: &str) -> String {
    format!("::{level} file={},line={line},col={column},title={title}::{}\n", property(file), data(message))
}

/// What a workflow command would read as its own is escaped, so that a manifest cannot issue commands.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
