//! Telling what a check found, in the form that the reader needs.

use std::io::{self, Write};

use bund_crds::Mode;
use bund_engine::{
    FieldPath, Finding,
    finding::{Standing, sentences},
};

use crate::{
    check::{Advice, Checked, Gate, Outcome},
    manifest::{Position, position},
};

mod github;
mod json;
mod junit;
mod sarif;
mod text;
mod visible;

pub use text::Colour;
pub use visible::visible;
pub(crate) use visible::visible_json;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON document, version `bund.dev/check/v1`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The output refused it.
    #[error("the report could not be written")]
    Output(#[source] io::Error),
    /// It could not be put into its form.
    #[error("the report could not be put into its form")]
    Form(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes the report of a check.
pub fn write(
    outcome: &Outcome,
    gate: Gate,
    format: Format,
    colour: Colour,
    output: &mut dyn Write,
) -> Result<(), ReportError> {
    let report = match format {
        Format::Text => text::report(outcome, gate, colour),
        Format::Json => json::report(outcome, gate)?,
        Format::Sarif => sarif::report(outcome, gate)?,
        Format::Junit => junit::report(outcome, gate)?,
        Format::Github => github::report(outcome, gate),
    };
    put(&report, output).map_err(ReportError::Output)
}

/// Writes text to whoever reads it. One who reads no further (`bund check … | head`) has read enough.
pub fn put(text: &str, output: &mut dyn Write) -> io::Result<()> {
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// One line of a report: findings alike in all but their class, or what is told of a transfer.
struct Line<'o> {
    consequence: Mode,
    code: &'static str,
    field: &'o FieldPath,
    sentence: String,
    position: Position,
}

/// The lines of one judged object, the worst first.
fn lines(checked: &Checked) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let place = |field: &FieldPath| position(&checked.document, &field.steps());
    for consequence in [Mode::Deny, Mode::Warn, Mode::Audit] {
        let of: Vec<_> =
            checked.decision.findings.iter().filter(|f| f.consequence() == consequence).collect();
        let mut told: Vec<&Finding> = Vec::new();
        for finding in &of {
            let alike = |f: &&Finding| {
                (f.reason, &f.field, &f.offending) == (finding.reason, &finding.field, &finding.offending)
            };
            if told.iter().any(alike) {
                continue;
            }
            told.push(finding);
            let group: Vec<_> = of.iter().copied().filter(alike).collect();
            let mut sentence = sentences(&checked.decision.subject, &group).pop().unwrap_or_default();
            if finding.standing == Standing::Existed && consequence == Mode::Warn {
                sentence.push_str("; its next pods will be refused");
            }
            let (code, field) = (finding.reason.code(), &finding.field);
            lines.push(Line { consequence, code, field, sentence, position: place(field) });
        }
        for Advice { code, field, text, .. } in
            checked.advice.iter().filter(|advice| advice.consequence == consequence)
        {
            let (code, sentence) = (code.as_str(), text.clone());
            lines.push(Line { consequence, code, field, sentence, position: place(field) });
        }
    }
    lines
}

/// A path as code hosts compare it with those of the repository.
fn relative(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

/// The word for what happens because of a finding.
fn word(consequence: Mode) -> &'static str {
    match consequence {
        Mode::Deny => "refused",
        Mode::Warn => "warning",
        Mode::Audit => "recorded",
    }
}
