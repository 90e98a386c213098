//! What forbids a transfer, whatever the consent.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use bund_crds::{
    CountryCode, RecipientKind,
    cross_border_transfer::{ForeignAuthority, Harm},
    data_class::Category,
    jurisdiction::ExcludedRecipient,
};

use super::{Case, Prohibition, route::Handler, spelling::plain};
use crate::FieldPath;

const RECIPIENT: &str = "PIPL Art. 42";

/// Every prohibition, in order of field.
pub(super) fn of(case: &Case<'_>) -> Vec<Prohibition> {
    let mut found = Vec::new();
    harms(case, &mut found);
    classes(case, &mut found);
    recipients(case, &mut found);
    foreign_authority(case, &mut found);
    without_assessment(case, &mut found);
    found.sort();
    found
}

fn prohibition(field: &str, why: String, control: &'static str, citation: &'static str) -> Prohibition {
    Prohibition { field: FieldPath::of(field), why, control, citation }
}

/// What the assessment of impact found that the transfer would harm (D2; PIPL Art. 42; DSL Art. 31).
fn harms(case: &Case<'_>, found: &mut Vec<Prohibition>) {
    let assessment = case.transfer.spec.impact_assessment.as_ref();
    for (index, harm) in assessment.into_iter().flat_map(|assessment| &assessment.harms).enumerate() {
        let what = match harm {
            Harm::PersonsInterest => "the rights and interests of the persons concerned",
            Harm::NationalSecurity => "national security",
            Harm::PublicInterest => "the public interest",
            Harm::CriticalInfrastructure => "critical information infrastructure",
        };
        let field = format!("spec.impactAssessment.harms[{index}]");
        found.push(prohibition(&field, format!("it would harm {what}"), "XFER-5", "D2; PIPL Art. 42"));
    }
}

/// Core data of the state, and classes that the authority lets nobody export (DSL Art. 21; PIPL Art. 42).
fn classes(case: &Case<'_>, found: &mut Vec<Prohibition>) {
    for (index, name) in case.transfer.spec.data_classes.iter().enumerate() {
        let field = format!("spec.dataClasses[{index}]");
        let class = case.snapshot.world().class(name.as_str());
        if class.is_some_and(|class| class.spec.category == Category::CoreData) {
            let why = format!("{name} is core data of the state");
            found.push(prohibition(&field, why, "XFER-5", "DSL Art. 21"));
        }
        if case.jurisdictions.iter().any(|spec| spec.excluded_data_classes.contains(name)) {
            let why = format!("the authority lets nobody export {name}");
            found.push(prohibition(&field, why, "XFER-5", "D2; PIPL Art. 42"));
        }
    }
}

/// The recipient, and those to whom it may pass the data on, are none that the authority excludes (D2; PIPL Art. 42).
fn recipients(case: &Case<'_>, found: &mut Vec<Prohibition>) {
    let spec = &case.transfer.spec;
    let onward = spec.retention.iter().flat_map(|retention| &retention.onward).enumerate();
    // Where a further recipient is, nobody declares: it is excluded wherever it is.
    let onward = onward.map(|(index, name)| (format!("spec.retention.onward[{index}]"), name, None));
    let first = ("spec.recipient.name".to_string(), &spec.recipient.name, Some(spec.recipient.country));
    for (field, name, country) in core::iter::once(first).chain(onward) {
        let mut excluded = case.jurisdictions.iter().flat_map(|spec| &spec.excluded_recipients);
        if let Some(notice) = excluded.find(|excluded| is_excluded(excluded, name, country)) {
            let why = format!("the authority excludes this recipient ({})", notice.reference);
            found.push(prohibition(&field, why, "XFER-5", RECIPIENT));
        }
    }
}

fn is_excluded(excluded: &ExcludedRecipient, name: &str, country: Option<CountryCode>) -> bool {
    let there = match (excluded.country, country) {
        (Some(excluded), Some(country)) => excluded == country,
        (None, _) | (_, None) => true,
    };
    there && plain(&excluded.name) == plain(name)
}

/// What a foreign court or agency asks for leaves only with the approval of the competent authority (PIPL Art. 41; DSL
/// Art. 36).
fn foreign_authority(case: &Case<'_>, found: &mut Vec<Prohibition>) {
    let spec = &case.transfer.spec;
    if spec.recipient.kind != RecipientKind::ForeignAuthority {
        return;
    }
    let approved = |approval: &ForeignAuthority| approval.approval.date.0 <= case.today;
    if !spec.foreign_authority.as_ref().is_some_and(approved) {
        let why = "the recipient is a foreign court or agency, and the competent authority of the mainland has not approved";
        let citation = "PIPL Art. 41; DSL Art. 36";
        found.push(prohibition("spec.foreignAuthority", why.to_string(), "XFER-6", citation));
    }
}

/// Important data is exempt by nothing (O16 Art. 5, last paragraph; NDSR Art. 37), and what a state organ handles leaves
/// only after a security assessment (PIPL Art. 36).
fn without_assessment(case: &Case<'_>, found: &mut Vec<Prohibition>) {
    let mechanism = &case.transfer.spec.mechanism;
    if case.contents.important && mechanism.exemption.is_some() {
        let why = "no exemption covers important data".to_string();
        found.push(prohibition("spec.mechanism.exemption", why, "XFER-2", "O16 Art. 5; NDSR Art. 37"));
    }
    if case.contents.personal
        && Handler::of(case.exporter()) == Handler::StateOrgan
        && mechanism.security_assessment.is_none()
    {
        let why = "a state organ exports personal information only after a security assessment".to_string();
        found.push(prohibition("spec.mechanism", why, "XFER-2", "PIPL Arts 36, 37"));
    }
}
