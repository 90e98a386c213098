//! JUnit XML: one suite per file, one case per object.

use std::collections::BTreeMap;

use bund_crds::Mode;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Outcome, ReportError, lines};

pub(super) fn report(outcome: &Outcome) -> Result<String, ReportError> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let mut add = |file, case| {
        let _ = suites.entry(file).or_insert_with(|| TestSuite::new(file)).add_test_case(case);
    };
    for checked in &outcome.checked {
        let lines = lines(checked);
        let of = |mode: Mode| -> Vec<&str> {
            lines.iter().filter(|l| l.finding.consequence() == mode).map(|l| l.sentence.as_str()).collect()
        };
        let refusals = of(Mode::Deny);
        let status = if refusals.is_empty() {
            TestCaseStatus::success()
        } else {
            failure(NonSuccessKind::Failure, &refusals.join("\n"))
        };
        let mut case = TestCase::new(checked.decision.subject.to_string(), status);
        let told = [of(Mode::Warn), of(Mode::Audit)].concat();
        if !told.is_empty() {
            case.set_system_out(told.join("\n"));
        }
        add(&checked.document.source.name, case);
    }
    for error in &outcome.unreadable {
        let status = failure(NonSuccessKind::Error, &error.to_string());
        add(&error.source_name, TestCase::new(format!("line {}", error.line), status));
    }
    let mut report = Report::new("bund check");
    report.add_test_suites(suites.into_values());
    report.to_string().map_err(|error| ReportError::Form(error.into()))
}

fn failure(kind: NonSuccessKind, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}
