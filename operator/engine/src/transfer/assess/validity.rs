//! From when until when the law lets data leave.

use bund_crds::cross_border_transfer::{
    Certification, CrossBorderTransferSpec, Mechanism, SecurityAssessment,
};
use jiff::{Timestamp, ToSpan, civil::Date};

use super::beijing;

/// The days of a mechanism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Days {
    /// The first day.
    pub(super) first: Option<Date>,
    /// The first day that is too late.
    pub(super) over: Option<Date>,
}

/// The days on which a mechanism holds: a security assessment for three years from its result, and for three more at most
/// if it was extended (O16 Art. 9); a certification for three years at most (O20); a standard contract from the day of
/// its effect (O13 Art. 6). The day on which something ends counts as over, which is the earlier reading.
pub(super) fn days(mechanism: &Mechanism) -> Days {
    if let Some(SecurityAssessment { result_date, extended_until, .. }) = &mechanism.security_assessment {
        let latest = result_date.0.saturating_add(6.years());
        let over =
            extended_until.map_or(result_date.0.saturating_add(3.years()), |until| until.0.min(latest));
        return Days { first: Some(result_date.0), over: Some(over) };
    }
    if let Some(Certification { issued_on, expires_on, .. }) = &mechanism.certification {
        let over = expires_on.0.min(issued_on.0.saturating_add(3.years()));
        return Days { first: Some(issued_on.0), over: Some(over) };
    }
    let contract = mechanism.standard_contract.as_ref();
    Days { first: contract.map(|contract| contract.effective_date.0), over: None }
}

/// The first moment at which data may leave, and the end: of the declared validity, within that of the mechanism.
pub(super) fn term(spec: &CrossBorderTransferSpec) -> (Timestamp, Timestamp) {
    let Days { first, over } = days(&spec.mechanism);
    let (from, until) = (spec.validity.from.0, spec.validity.until.0);
    let begins = first.map_or(from, |day| from.max(beijing::start(day)));
    let ends = over.map_or(until, |day| until.min(beijing::start(day)));
    (begins, ends)
}
