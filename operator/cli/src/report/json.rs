//! One JSON document, described in `docs/reference/cli.md`.

use bund_engine::{Classification, Finding, ObjectId, Verdict};
use serde::Serialize;

use super::{Gate, Outcome, ReportError, lines, visible::visible_json};
use crate::check::{Ending, Summary};

/// The version of the form. It changes when a reader of the old one could misunderstand the new one.
const VERSION: &str = "bund.dev/check/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'o> {
    version: &'static str,
    ending: Ending,
    summary: Summary,
    objects: Vec<Object<'o>>,
    unreadable: Vec<Unread<'o>>,
    assumptions: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'o> {
    file: &'o str,
    line: u32,
    subject: &'o ObjectId,
    verdict: Verdict,
    allowed: bool,
    classes: &'o Classification,
    findings: &'o [Finding],
    messages: Vec<Message<'o>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'o> {
    consequence: bund_crds::Mode,
    reason: &'static str,
    field: &'o str,
    line: u32,
    column: u32,
    text: String,
}

#[derive(Serialize)]
struct Unread<'o> {
    file: &'o str,
    line: u32,
    column: u32,
    problem: &'o str,
    remedy: &'o str,
}

pub(super) fn report(outcome: &Outcome, gate: Gate) -> Result<String, ReportError> {
    let mut objects = Vec::with_capacity(outcome.checked.len());
    for checked in &outcome.checked {
        let decision = &checked.decision;
        let messages = lines(checked)
            .into_iter()
            .map(|line| Message {
                consequence: line.consequence,
                reason: line.code,
                field: line.field.as_str(),
                line: line.position.line,
                column: line.position.column,
                text: line.sentence,
            })
            .collect();
        objects.push(Object {
            file: &checked.document.source.name,
            line: checked.document.line,
            subject: &decision.subject,
            verdict: decision.verdict,
            allowed: decision.response().allowed,
            classes: &decision.classes,
            findings: &decision.findings,
            messages,
        });
    }
    let unreadable = outcome
        .unreadable
        .iter()
        .map(|error| Unread {
            file: &error.source_name,
            line: error.line,
            column: error.column,
            problem: &error.problem,
            remedy: &error.remedy,
        })
        .collect();
    let assumptions = outcome.assumptions.iter().map(ToString::to_string).collect();
    let report = Report {
        version: VERSION,
        ending: outcome.ending(gate),
        summary: outcome.summary(),
        objects,
        unreadable,
        assumptions,
    };
    let text = serde_json::to_string_pretty(&report).map_err(|error| ReportError::Form(error.into()))?;
    Ok(visible_json(&text).into_owned() + "\n")
}
