//! What a transfer lacks, field by field. No exemption takes notice, consent and the assessment of impact away (O16
//! Art. 10).

use alloc::{format, string::String, vec::Vec};

use bund_crds::cross_border_transfer::{Document, ImpactAssessment, LegalBasis, NoticeItem};
use jiff::{Timestamp, ToSpan, civil::Date};

use super::{Case, Missing, beijing, contents::Information, deadlines};
use crate::FieldPath;

/// What is missing so far.
struct Wanting {
    today: Date,
    found: Vec<Missing>,
}

impl Wanting {
    fn add(&mut self, field: &str, remedy: impl Into<String>, control: &'static str, citation: &'static str) {
        let field = FieldPath::of(field);
        self.found.push(Missing { field, remedy: remedy.into(), control, citation });
    }

    /// A document that must be there, and not of a day to come.
    fn document(
        &mut self,
        (field, document): (&str, Option<&Document>),
        remedy: &str,
        control: &'static str,
        citation: &'static str,
    ) {
        match document {
            None => self.add(field, remedy, control, citation),
            Some(document) if document.date.0 > self.today => {
                let remedy = "name the document that is there: this day is yet to come";
                self.add(&format!("{field}.date"), remedy, control, citation);
            }
            Some(_) => {}
        }
    }
}

/// Everything that is missing, in order of field.
pub(super) fn of(case: &Case<'_>, ends: Timestamp) -> Vec<Missing> {
    let mut wanting = Wanting { today: case.today, found: Vec::new() };
    words(case, &mut wanting);
    filing(case, &mut wanting);
    if case.contents.personal {
        persons(case, &mut wanting);
        notice(case, &mut wanting);
        consent(case, &mut wanting);
    }
    if case.contents.personal || case.contents.important {
        impact_assessment(case, ends, &mut wanting);
        if case.transfer.spec.retention.is_none() {
            let remedy = "declare where and until when the recipient keeps the data, and what happens then";
            wanting.add("spec.retention", remedy, "XFER-4", "O11 Art. 9; PIPL Art. 55");
        }
    }
    wanting.found.sort();
    wanting.found
}

/// Texts that say something, and a requester who is a person (PIPL Art. 51).
fn words(case: &Case<'_>, wanting: &mut Wanting) {
    let spec = &case.transfer.spec;
    let requester = spec.requested_by.trim();
    if requester.is_empty() || requester.starts_with("system:") {
        let remedy = "name the person who asks for the transfer, by user name";
        wanting.add("spec.requestedBy", remedy, "XFER-1", "PIPL Art. 51");
    }
    let mut texts = Vec::from([
        ("spec.recipient.name", &spec.recipient.name, "PIPL Art. 39"),
        ("spec.recipient.contact", &spec.recipient.contact, "PIPL Art. 39"),
        ("spec.purpose", &spec.purpose, "PIPL Art. 39"),
        ("spec.method", &spec.method, "PIPL Art. 39"),
    ]);
    if let Some(exemption) = &spec.mechanism.exemption {
        texts.push(("spec.mechanism.exemption.evidence", &exemption.evidence, "O16 Arts 4 to 6"));
    }
    for (field, text, citation) in texts {
        if text.trim().is_empty() {
            wanting.add(field, "write it out; spaces say nothing", "XFER-3", citation);
        }
    }
}

/// A standard contract is filed within ten working days of its effect (O13 Art. 7).
fn filing(case: &Case<'_>, wanting: &mut Wanting) {
    let Some(contract) = &case.transfer.spec.mechanism.standard_contract else { return };
    let last = deadlines::filing_day(case, contract.effective_date.0);
    if !deadlines::is_filed(case) && case.today > last {
        let remedy = format!(
            "the contract had to be filed by {last}; file it with the provincial authority, and declare the filing in a transfer that supersedes this one"
        );
        wanting.add("spec.mechanism.standardContract.filing", remedy, "XFER-8", "O13 Art. 7");
    }
}

/// Of how many persons personal information leaves (O16 Arts 7 and 8; PIPL Art. 28).
fn persons(case: &Case<'_>, wanting: &mut Wanting) {
    let (contents, persons) = (case.contents, case.transfer.spec.persons);
    let sensitive = persons.sensitive.max(persons.under_14);
    if contents.classes >= Information::Ordinary && persons.ordinary == 0 && sensitive == 0 {
        let remedy = "declare of how many persons personal information leaves in a calendar year";
        wanting.add("spec.persons", remedy, "XFER-7", "O16 Arts 7 and 8");
    }
    if contents.classes >= Information::Sensitive && sensitive == 0 {
        let remedy = "a class holds sensitive information; declare of how many persons";
        wanting.add("spec.persons.sensitive", remedy, "XFER-7", "PIPL Art. 28; O16 Art. 8");
    }
    if contents.classes == Information::OfMinors && persons.under_14 == 0 {
        let remedy = "a class holds information of persons under 14; declare how many they are";
        wanting.add("spec.persons.under14", remedy, "XFER-7", "PIPL Arts 28 and 31");
    }
}

/// What everybody concerned is told (D2; PIPL Art. 39), and what is told besides of sensitive information (PIPL Art. 30).
fn notice(case: &Case<'_>, wanting: &mut Wanting) {
    let notice = case.transfer.spec.notice.as_ref();
    let document = ("spec.notice.document", notice.map(|notice| &notice.document));
    let remedy = "name the notice to the persons concerned";
    wanting.document(document, remedy, "XFER-3", "D2; PIPL Art. 39");
    let always = [
        (NoticeItem::RecipientName, "who the recipient is"),
        (NoticeItem::RecipientContact, "how to reach the recipient"),
        (NoticeItem::Purpose, "what the data is for"),
        (NoticeItem::Method, "how it gets there and is handled"),
        (NoticeItem::DataTypes, "which kinds of information leave"),
        (NoticeItem::Rights, "how to exercise one's rights against the recipient"),
    ];
    let sensitive = [
        (NoticeItem::Necessity, "why the sensitive information is necessary"),
        (NoticeItem::Effects, "what that means for one's rights and interests"),
    ];
    let sensitive = sensitive.into_iter().filter(|_| case.share.sensitive > 0);
    let items = always.map(|item| (item, "D2; PIPL Art. 39")).into_iter();
    for ((item, what), citation) in items.chain(sensitive.map(|item| (item, "PIPL Art. 30"))) {
        if !notice.is_some_and(|notice| notice.tells.contains(&item)) {
            wanting.add("spec.notice.tells", format!("tell {what}: {item}"), "XFER-3", citation);
        }
    }
}

/// Separate consent, where consent is the basis or none is declared (PIPL Arts 29 and 39), and that of guardians with the
/// rules for persons under 14, whatever the basis (PIPL Art. 31).
fn consent(case: &Case<'_>, wanting: &mut Wanting) {
    let spec = &case.transfer.spec;
    let consent = spec.consent.as_ref();
    if spec.legal_basis.unwrap_or_default() == LegalBasis::Consent {
        let document = consent.and_then(|consent| consent.separate.as_ref());
        let remedy = "name the separate consent to this export, or declare another basis in spec.legalBasis";
        wanting.document(
            ("spec.consent.separate", document),
            remedy,
            "XFER-3",
            "D0; PIPL Arts 29 and 39; NDSR Art. 62(7)",
        );
    }
    if case.contents.minors {
        let guardian = consent.and_then(|consent| consent.guardian.as_ref());
        let remedy = "name the consent of a parent or guardian of those under 14";
        wanting.document(("spec.consent.guardian", guardian), remedy, "XFER-3", "D2; PIPL Art. 31");
        let rules = consent.and_then(|consent| consent.minors_rules.as_ref());
        let remedy = "name the special rules for information of persons under 14";
        wanting.document(("spec.consent.minorsRules", rules), remedy, "XFER-3", "PIPL Art. 31");
    }
}

/// An assessment of impact that was finished before the transfer, not too long before a filing, and is kept long enough
/// (D0; PIPL Arts 55 and 56; NDSR Art. 12).
fn impact_assessment(case: &Case<'_>, ends: Timestamp, wanting: &mut Wanting) {
    let assessment = case.transfer.spec.impact_assessment.as_ref();
    let document = ("spec.impactAssessment.document", assessment.map(|assessment| &assessment.document));
    let remedy = "assess the impact before anything leaves, and name the report";
    wanting.document(document, remedy, "XFER-4", "D0; PIPL Arts 55 and 56");
    let Some(ImpactAssessment { document, keep_until, harms: _ }) = assessment else { return };
    // The law counts from the report, the founding document from the end of the transfer.
    let least = document.date.0.max(beijing::day(ends)).saturating_add(3.years());
    if keep_until.0 < least {
        let remedy = format!("keep the report until {least} at least: three years after the transfer ends");
        wanting.add("spec.impactAssessment.keepUntil", remedy, "XFER-4", "D0; PIPL Art. 56; NDSR Art. 12");
    }
    if let Some((filed, citation)) = handed_in(case) {
        let fresh = filed.saturating_sub(3.months());
        if document.date.0 < fresh || document.date.0 > filed {
            let remedy = format!("name a report that was finished from {fresh} to {filed}");
            wanting.add("spec.impactAssessment.document.date", remedy, "XFER-4", citation);
        }
    }
}

/// The day on which the report was handed in with a standard contract, as far as the transfer tells: it was finished
/// within three months before (O13 Arts 5 and 7, and the guide to filing). Until it is filed, the day of its effect.
fn handed_in(case: &Case<'_>) -> Option<(Date, &'static str)> {
    let contract = case.transfer.spec.mechanism.standard_contract.as_ref()?;
    let filed = contract.filing.as_ref().map_or(contract.effective_date.0, |filing| filing.filed_on.0);
    Some((filed, "O13 Arts 5 and 7"))
}
