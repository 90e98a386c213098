//! The documents on which a transfer rests, as it declares them.

use bund_crds::{
    CrossBorderTransferSpec, Date,
    cross_border_transfer::{Certification, Consent, Document, Exemption, Mechanism},
};
use serde::Serialize;

/// The mechanism that a transfer declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum MechanismKind {
    /// A security assessment of the authority.
    SecurityAssessment,
    /// A standard contract with the recipient.
    StandardContract,
    /// A certification of the protection of personal information.
    Certification,
    /// An exemption from these.
    Exemption,
}

/// A document on which a transfer rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// Its number, or where it is filed; of an exemption what shows that its ground is there.
    pub reference: String,
    /// Its day; absent where it has none.
    pub date: Option<Date>,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum EvidenceKind {
    /// The result of the security assessment.
    SecurityAssessment,
    /// The filing of the standard contract.
    StandardContractFiling,
    /// The certificate.
    Certification,
    /// What shows the ground of an exemption.
    Exemption,
    /// The notice to the persons concerned.
    Notice,
    /// Their separate consent.
    SeparateConsent,
    /// The consent of parents or guardians.
    GuardianConsent,
    /// The rules for persons under 14.
    MinorsRules,
    /// The assessment of the impact on the protection of personal information.
    ImpactAssessment,
    /// The approval of the competent authority for what a foreign court or agency asks for.
    AuthorityApproval,
}

/// The mechanism that a transfer declares: it declares one.
pub(super) fn mechanism(declared: &Mechanism) -> MechanismKind {
    let Mechanism { security_assessment, standard_contract, certification, exemption: _ } = declared;
    match (security_assessment, standard_contract, certification) {
        (Some(_), _, _) => MechanismKind::SecurityAssessment,
        (None, Some(_), _) => MechanismKind::StandardContract,
        (None, None, Some(_)) => MechanismKind::Certification,
        (None, None, None) => MechanismKind::Exemption,
    }
}

/// The documents that a transfer names, those of its mechanism first.
pub(super) fn evidence(spec: &CrossBorderTransferSpec) -> Vec<Evidence> {
    let mut named: Vec<_> = of_mechanism(&spec.mechanism).into_iter().collect();
    let mut add = |kind, document: Option<&Document>| {
        named.extend(document.map(|Document { reference, date }| Evidence {
            kind,
            reference: reference.clone(),
            date: Some(*date),
        }));
    };
    add(EvidenceKind::Notice, spec.notice.as_ref().map(|notice| &notice.document));
    if let Some(Consent { separate, guardian, minors_rules }) = &spec.consent {
        add(EvidenceKind::SeparateConsent, separate.as_ref());
        add(EvidenceKind::GuardianConsent, guardian.as_ref());
        add(EvidenceKind::MinorsRules, minors_rules.as_ref());
    }
    add(EvidenceKind::ImpactAssessment, spec.impact_assessment.as_ref().map(|one| &one.document));
    add(EvidenceKind::AuthorityApproval, spec.foreign_authority.as_ref().map(|one| &one.approval));
    named
}

fn of_mechanism(declared: &Mechanism) -> Option<Evidence> {
    let of = |kind, reference: &str, date| Evidence { kind, reference: reference.to_owned(), date };
    let Mechanism { security_assessment, standard_contract, certification, exemption } = declared;
    let assessment = security_assessment
        .as_ref()
        .map(|one| of(EvidenceKind::SecurityAssessment, &one.reference, Some(one.result_date)));
    let filing = standard_contract.as_ref().and_then(|contract| contract.filing.as_ref());
    let filing =
        filing.map(|one| of(EvidenceKind::StandardContractFiling, &one.reference, Some(one.filed_on)));
    let certificate = certification.as_ref().map(|Certification { number, body, issued_on, .. }| {
        of(EvidenceKind::Certification, &format!("{number}, {body}"), Some(*issued_on))
    });
    let exemption = exemption.as_ref().map(|Exemption { ground, evidence }| {
        of(EvidenceKind::Exemption, &format!("{ground:?}: {evidence}"), None)
    });
    assessment.or(filing).or(certificate).or(exemption)
}
