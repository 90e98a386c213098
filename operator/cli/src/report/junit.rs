//! JUnit XML: one suite per file, one case per object. What fails the check fails its case.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Gate, Outcome, ReportError, lines, visible};

/// The suite of what was taken for granted. It is no file.
const ASSUMPTIONS: &str = "assumptions";

pub(super) fn report(outcome: &Outcome, gate: Gate) -> Result<String, ReportError> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let mut add = |file, name: &str, failure: Option<(NonSuccessKind, String)>, output: String| {
        let status = failure.map_or_else(TestCaseStatus::success, |(kind, message)| {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(message);
            status
        });
        let mut case = TestCase::new(visible(name).as_ref(), status);
        if !output.is_empty() {
            case.set_system_out(output);
        }
        let suite = suites.entry(file).or_insert_with(|| TestSuite::new(visible(file).as_ref()));
        let _ = suite.add_test_case(case);
    };
    for error in &outcome.unreadable {
        let failure = (NonSuccessKind::Error, visible(&error.to_string()).into_owned());
        add(&error.source_name, &format!("line {}", error.line), Some(failure), String::new());
    }
    for checked in &outcome.checked {
        let (failing, told): (Vec<_>, Vec<_>) =
            lines(checked).into_iter().partition(|line| gate.fails(line.consequence));
        let text = |lines: Vec<super::Line<'_>>| {
            lines.iter().map(|line| visible(&line.sentence).into_owned()).collect::<Vec<_>>().join("\n")
        };
        let failure = (!failing.is_empty()).then(|| (NonSuccessKind::Failure, text(failing)));
        add(&checked.document.source.name, &checked.decision.subject.to_string(), failure, text(told));
    }
    for assumption in &outcome.assumptions {
        let assumption = assumption.to_string();
        let failure = gate
            .fails_on_assumptions()
            .then(|| (NonSuccessKind::Failure, "taken for granted (--strict)".to_owned()));
        add(ASSUMPTIONS, &assumption, failure, String::new());
    }
    let mut report = Report::new("bund check");
    report.add_test_suites(suites.into_values());
    report.to_string().map_err(|error| ReportError::Form(error.into()))
}
