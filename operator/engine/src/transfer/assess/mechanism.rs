//! Whether the declared mechanism is what the law asks for, or more, and holds.

use alloc::{borrow::ToOwned, format, string::String};

use bund_crds::cross_border_transfer::{Exemption, Ground, Mechanism, SecurityAssessment};
use jiff::Timestamp;

use super::{Case, Route, beijing, contents::Share, count, route::Ruling, validity};

/// A declared mechanism: the heaviest route that it serves, and what it is called.
struct Declared {
    serves: Route,
    called: &'static str,
}

/// What the declared mechanism is, and whose route it serves (PIPL Art. 38; O16 Arts 7 and 8; O20 Art. 5).
fn declared(mechanism: &Mechanism) -> Declared {
    let Mechanism { security_assessment, standard_contract, certification, exemption: _ } = mechanism;
    if security_assessment.is_some() {
        return Declared { serves: Route::SecurityAssessment, called: "the security assessment" };
    }
    let serves = Route::StandardContractOrCertification;
    if standard_contract.is_some() {
        return Declared { serves, called: "the standard contract" };
    }
    if certification.is_some() {
        return Declared { serves, called: "the certification" };
    }
    Declared { serves: Route::Exempt, called: "the exemption" }
}

/// What is satisfied, with the transfer's own share; or what to do. Totals of the exporter are not told here: who may
/// read a transfer need not know them.
pub(super) fn satisfies(
    case: &Case<'_>,
    ruling: Ruling,
    term: (Timestamp, Timestamp),
) -> Result<String, String> {
    let mechanism = &case.transfer.spec.mechanism;
    let Ruling { route, citation } = ruling;
    let Declared { serves, called } = declared(mechanism);
    let asked = route.asked();
    if serves < route {
        return Err(format!(
            "{citation} asks for {asked}, and {called} is less; obtain it, and declare it in spec.mechanism"
        ));
    }
    if let Some(exemption) = &mechanism.exemption {
        ground_holds(case, exemption)?;
    }
    if let Some(assessment) = &mechanism.security_assessment {
        within_scale(case, assessment)?;
    }
    holds(case, called, term)?;
    let Share { ordinary, sensitive } = case.share;
    Ok(format!(
        "{citation} asks for {asked}; {called} serves. The share of this transfer: {ordinary} persons with ordinary information alone, {sensitive} with sensitive information"
    ))
}

/// The ground that nothing of the kind leaves holds only if it is so (O16 Art. 3). The one of few persons serves no route
/// above the exemption, which was asked before (O16 Art. 5(4)); what shows the others is for people to judge.
fn ground_holds(case: &Case<'_>, exemption: &Exemption) -> Result<(), String> {
    if exemption.ground == Ground::NoPersonalNorImportantData && case.contents.personal {
        return Err(
            "personal information leaves, so that the ground NoPersonalNorImportantData does not hold (O16 Art. 3); declare what holds in spec.mechanism"
                .to_owned(),
        );
    }
    Ok(())
}

/// What leaves stays within the scale that the authority approved, over all transfers under it (NDSR Art. 38).
fn within_scale(case: &Case<'_>, assessment: &SecurityAssessment) -> Result<(), String> {
    let SecurityAssessment { reference, scale, .. } = assessment;
    let scale = Share { ordinary: scale.ordinary, sensitive: scale.sensitive };
    if !case.share.is_within(scale) {
        return Err(format!(
            "security assessment {reference} approved fewer persons than spec.persons declares (NDSR Art. 38); have the larger scale assessed"
        ));
    }
    if !count::under_assessment(case, reference).is_within(scale) {
        return Err(format!(
            "the transfers of this year under security assessment {reference} declare more persons together than it approved (NDSR Art. 38); have the larger scale assessed"
        ));
    }
    Ok(())
}

/// The mechanism holds for a part of the declared validity, and is not over.
fn holds(case: &Case<'_>, called: &str, (begins, ends): (Timestamp, Timestamp)) -> Result<(), String> {
    let over = validity::days(&case.transfer.spec.mechanism).over;
    if let Some(over) = over.filter(|over| beijing::start(*over) <= case.now) {
        return Err(format!("{called} ended on {over}; declare its successor in a new transfer"));
    }
    if begins >= ends {
        return Err(format!(
            "{called} does not hold within spec.validity; create a transfer whose days meet"
        ));
    }
    Ok(())
}
