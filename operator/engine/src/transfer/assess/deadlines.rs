//! What must be done by when.

use alloc::{borrow::ToOwned, format, vec::Vec};

use jiff::{Timestamp, ToSpan, civil::Date};

use super::{
    Case, Deadline, beijing,
    count::ELSEWHERE_DAYS,
    validity::{self, Days},
};

/// Within how many working days of its effect a standard contract is filed (O13 Art. 7).
const FILING: usize = 10;
/// How many working days before a deadline of filing to warn: a make-up Saturday that no calendar lists moves it.
const FILING_WARNING: usize = 2;
/// How many working days before its end a security assessment is to be renewed at the latest (O16 Art. 9; O11 Art. 14).
const RENEWAL: usize = 60;

/// The last day on which a standard contract can be filed.
pub(super) fn filing_day(case: &Case<'_>, effective: Date) -> Date {
    case.calendars.after(effective, FILING)
}

/// Whether the filing of a standard contract is on record. One of a day to come is not.
pub(super) fn is_filed(case: &Case<'_>) -> bool {
    let contract = case.transfer.spec.mechanism.standard_contract.as_ref();
    let filing = contract.and_then(|contract| contract.filing.as_ref());
    filing.is_some_and(|filing| filing.filed_on.0 <= case.today)
}

/// Every deadline of a transfer, in order of time.
pub(super) fn of(case: &Case<'_>, ends: Timestamp) -> Vec<Deadline> {
    let mut deadlines = Vec::new();
    filing(case, &mut deadlines);
    renewal(case, &mut deadlines);
    certification(case, &mut deadlines);
    elsewhere(case, &mut deadlines);
    let last_month = beijing::start(beijing::day(ends).saturating_sub(30.days()));
    deadlines.push(Deadline {
        at: ends,
        warn_from: last_month,
        what: "create a transfer that supersedes this one, if data is still to leave".to_owned(),
        citation: "O16 Art. 9; NDSR Art. 38",
    });
    deadlines.sort();
    deadlines
}

fn filing(case: &Case<'_>, deadlines: &mut Vec<Deadline>) {
    let Some(contract) = &case.transfer.spec.mechanism.standard_contract else { return };
    if is_filed(case) {
        return;
    }
    let last = filing_day(case, contract.effective_date.0);
    deadlines.push(Deadline {
        at: beijing::end(last),
        warn_from: beijing::start(case.calendars.before(last, FILING_WARNING)),
        what: format!(
            "file the standard contract with the provincial authority by {last}, and supersede this transfer by one with the filing"
        ),
        citation: "O13 Art. 7",
    });
}

fn renewal(case: &Case<'_>, deadlines: &mut Vec<Deadline>) {
    let mechanism = &case.transfer.spec.mechanism;
    let Days { over: Some(over), .. } = validity::days(mechanism) else { return };
    let Some(assessment) = &mechanism.security_assessment else { return };
    let last = case.calendars.before(over, RENEWAL);
    let extended = assessment.extended_until.is_some();
    let what = if extended { "declare the transfer anew for assessment" } else { "apply for an extension" };
    deadlines.push(Deadline {
        at: beijing::end(last),
        warn_from: beijing::start(over.saturating_sub(120.days())),
        what: format!("{what} by {last}: security assessment {} ends on {over}", assessment.reference),
        citation: "O16 Art. 9",
    });
}

fn certification(case: &Case<'_>, deadlines: &mut Vec<Deadline>) {
    let mechanism = &case.transfer.spec.mechanism;
    let Days { over: Some(over), .. } = validity::days(mechanism) else { return };
    let Some(certification) = &mechanism.certification else { return };
    let last = over.saturating_sub(6.months());
    deadlines.push(Deadline {
        at: beijing::end(last),
        warn_from: beijing::start(last.saturating_sub(30.days())),
        what: format!("apply for a new certificate by {last}: {} ends on {over}", certification.number),
        citation: "O20",
    });
}

fn elsewhere(case: &Case<'_>, deadlines: &mut Vec<Deadline>) {
    let Some(exporter) = case.exporter() else { return };
    let as_of = exporter.spec.elsewhere.as_of.0;
    deadlines.push(Deadline {
        at: beijing::end(as_of.saturating_add(ELSEWHERE_DAYS.days())),
        warn_from: beijing::start(as_of.saturating_add((ELSEWHERE_DAYS - 7).days())),
        what: format!(
            "bring spec.elsewhere of Exporter {} up to date",
            exporter.spec.credit_code.object_name()
        ),
        citation: "O16 Arts 7 and 8",
    });
}
