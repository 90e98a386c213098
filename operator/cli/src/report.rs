//! Telling what a check found, in the form that the reader needs.

use std::io::{self, Write};

use bund_crds::Mode;
use bund_engine::{Finding, finding::sentences};

use crate::{
    check::{Checked, Outcome},
    manifest::{Position, position},
};

mod github;
mod json;
mod junit;
mod sarif;
mod text;

pub use text::Colour;

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
    format: Format,
    colour: Colour,
    output: &mut dyn Write,
) -> Result<(), ReportError> {
    let report = match format {
        Format::Text => text::report(outcome, colour),
        Format::Json => json::report(outcome)?,
        Format::Sarif => sarif::report(outcome)?,
        Format::Junit => junit::report(outcome)?,
        Format::Github => github::report(outcome),
    };
    output.write_all(report.as_bytes()).and_then(|()| output.flush()).map_err(ReportError::Output)
}

/// One line of a report: findings alike in all but their class.
struct Line<'o> {
    finding: &'o Finding,
    sentence: String,
    position: Position,
}

/// The lines of one judged object, the worst first.
fn lines(checked: &Checked) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
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
            let sentence = sentences(&checked.decision.subject, &group).pop().unwrap_or_default();
            lines.push(Line {
                finding,
                sentence,
                position: position(&checked.document, &finding.field.steps()),
            });
        }
    }
    lines
}

/// The word for what happens because of a finding.
fn word(consequence: Mode) -> &'static str {
    match consequence {
        Mode::Deny => "refused",
        Mode::Warn => "warning",
        Mode::Audit => "recorded",
    }
}
