//! SARIF 2.1.0. The log is read back into the typed form before it is written, so that it cannot leave the schema.

use bund_crds::Mode;
use bund_engine::Reason;
use serde_json::{Value, json};
use serde_sarif::sarif::Sarif;

use super::{Gate, Line, Outcome, ReportError, lines, relative, visible, visible::visible_json};
use crate::check::{AdviceCode, Checked};

/// The rule of what cannot be read. It is no reason of the engine: nothing was judged.
const UNREADABLE: &str = "Unreadable";

pub(super) fn report(outcome: &Outcome, gate: Gate) -> Result<String, ReportError> {
    let form = |error: serde_json::Error| ReportError::Form(error.into());
    let findings = outcome
        .checked
        .iter()
        .flat_map(|checked| lines(checked).into_iter().map(move |l| result(checked, &l)));
    let unreadable = outcome.unreadable.iter().map(|error| {
        let message = format!("{}; {}", error.problem, error.remedy);
        entry(UNREADABLE, "error", &message, &error.source_name, error.line, error.column)
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "bund", "version": env!("CARGO_PKG_VERSION"), "rules": rules() } },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(outcome, gate)],
            "results": unreadable.chain(findings).collect::<Vec<Value>>()
        }]
    });
    let log: Sarif = serde_json::from_value(log).map_err(form)?;
    let text = serde_json::to_string_pretty(&log).map_err(form)?;
    Ok(visible_json(&text).into_owned() + "\n")
}

/// What was taken for granted has no place in a file; SARIF has a place for it here.
fn invocation(outcome: &Outcome, gate: Gate) -> Value {
    let level = if gate.fails_on_assumptions() { "error" } else { "note" };
    let assumed = outcome
        .assumptions
        .iter()
        .map(|assumption| json!({ "level": level, "message": { "text": message(&assumption.to_string()) } }));
    json!({
        "executionSuccessful": outcome.unreadable.is_empty(),
        "toolExecutionNotifications": assumed.collect::<Vec<Value>>()
    })
}

/// Viewers take `[text](link)` in a message for a link, and `{0}` for an argument.
fn message(text: &str) -> String {
    let text = visible(text).replace('{', "{{").replace('}', "}}");
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text }
}

fn rules() -> Vec<Value> {
    let unreadable = json!({
        "id": UNREADABLE,
        "shortDescription": { "text": "The input cannot be read, or two readers would read it differently." }
    });
    let of_reasons = Reason::ALL.iter().map(|reason| {
        let entry = reason.entry();
        json!({
            "id": reason.code(),
            "shortDescription": { "text": entry.summary },
            "help": { "text": entry.remedy },
            "properties": { "control": entry.control, "law": entry.citation, "aspect": crate::explain::aspect(&entry) }
        })
    });
    let of_advice = AdviceCode::ALL
        .iter()
        .map(|code| json!({ "id": code.as_str(), "shortDescription": { "text": code.summary() } }));
    std::iter::once(unreadable).chain(of_reasons).chain(of_advice).collect()
}

fn result(checked: &Checked, line: &Line<'_>) -> Value {
    let level = match line.consequence {
        Mode::Deny => "error",
        Mode::Warn => "warning",
        Mode::Audit => "note",
    };
    let file = &checked.document.source.name;
    entry(line.code, level, &line.sentence, file, line.position.line, line.position.column)
}

fn entry(rule: &str, level: &str, message: &str, file: &str, line: u32, column: u32) -> Value {
    let mut place = json!({ "artifactLocation": { "uri": uri(relative(file)) } });
    if let (true, Some(place)) = (line > 0, place.as_object_mut()) {
        place.insert("region".to_owned(), json!({ "startLine": line, "startColumn": column.max(1) }));
    }
    json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": self::message(message) },
        "locations": [{ "physicalLocation": place }]
    })
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
