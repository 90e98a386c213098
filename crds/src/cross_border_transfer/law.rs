//! What the law asks for besides a mechanism.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Date, Problem,
    problem::{length, set},
};

/// On what personal information is processed (PIPL Art. 13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum LegalBasis {
    /// Consent, which for a transfer abroad is a separate one (Arts 13(1), 39).
    #[default]
    Consent,
    /// A contract to which the person is a party, or human resources (Art. 13(2)).
    Contract,
    /// A statutory duty or obligation (Art. 13(3)).
    StatutoryDuty,
    /// A public health incident, or an emergency (Art. 13(4)).
    Emergency,
    /// News reporting in the public interest (Art. 13(5)).
    NewsReporting,
    /// What the person made public, or what is lawfully public (Art. 13(6)).
    PublicInformation,
    /// Other circumstances in laws and regulations (Art. 13(7)).
    OtherLaw,
}

/// A document that others can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Document {
    /// Where it is filed: a number, or an address inside the organisation. It is never fetched.
    #[schemars(length(min = 1, max = 512))]
    pub reference: String,
    /// The day of the document.
    pub date: Date,
}

impl Document {
    fn check(&self, field: &str) -> Result<(), Problem> {
        let Self { reference, date: _ } = self;
        length(reference, 1, 512, &format!("{field}.reference"))
    }
}

/// What the persons concerned are told (PIPL Arts 30, 39).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Notice {
    /// The notice.
    pub document: Document,
    /// What it tells.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub tells: Vec<NoticeItem>,
}

impl Notice {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { document, tells } = self;
        document.check("spec.notice.document")?;
        set(tells, 1, 8, "spec.notice.tells")
    }
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum NoticeItem {
    /// The recipient's name.
    RecipientName,
    /// How to reach the recipient.
    RecipientContact,
    /// The purpose.
    Purpose,
    /// The method.
    Method,
    /// The kinds of personal information.
    DataTypes,
    /// How to exercise one's rights against the recipient.
    Rights,
    /// Why sensitive information is necessary (PIPL Art. 30).
    Necessity,
    /// What it means for the person's rights (PIPL Art. 30).
    Effects,
}

impl std::fmt::Display for NoticeItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

/// What the persons concerned agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Consent {
    /// The separate consent to this export (PIPL Art. 39): its text, and how it is kept. A bundled consent is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Document")]
    pub separate: Option<Document>,
    /// The consent of a parent or guardian, for persons under 14 (PIPL Art. 31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Document")]
    pub guardian: Option<Document>,
    /// The special rules for processing information of persons under 14 (PIPL Art. 31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Document")]
    pub minors_rules: Option<Document>,
}

impl Consent {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { separate, guardian, minors_rules } = self;
        let all = [("separate", separate), ("guardian", guardian), ("minorsRules", minors_rules)];
        for (field, document) in all {
            if let Some(document) = document {
                document.check(&format!("spec.consent.{field}"))?;
            }
        }
        Ok(())
    }
}

/// An assessment of the impact on the protection of personal information.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct ImpactAssessment {
    /// The report.
    pub document: Document,
    /// Until when it is kept: at least three years (PIPL Art. 56).
    pub keep_until: Date,
    /// What it found that the transfer would harm. Anything here forbids the transfer, whatever the consent (PIPL Art. 42).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), extend("x-kubernetes-list-type" = "set"))]
    pub harms: Vec<Harm>,
}

impl ImpactAssessment {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { document, keep_until: _, harms } = self;
        document.check("spec.impactAssessment.document")?;
        set(harms, 0, 4, "spec.impactAssessment.harms")
    }
}

/// What a transfer may harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Harm {
    /// The rights and interests of the persons concerned.
    PersonsInterest,
    /// National security.
    NationalSecurity,
    /// The public interest.
    PublicInterest,
    /// Critical information infrastructure.
    CriticalInfrastructure,
}

impl std::fmt::Display for Harm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

/// What becomes of the data abroad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Retention {
    /// Where it is stored.
    #[schemars(length(min = 1, max = 256))]
    pub place: String,
    /// Until when.
    pub until: Date,
    /// What happens to it then.
    #[schemars(length(min = 1, max = 512))]
    pub afterwards: String,
    /// To whom the recipient may pass it on; empty: to nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub onward: Vec<String>,
}

impl Retention {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { place, until: _, afterwards, onward } = self;
        length(place, 1, 256, "spec.retention.place")?;
        length(afterwards, 1, 512, "spec.retention.afterwards")?;
        set(onward, 0, 32, "spec.retention.onward")?;
        for (index, recipient) in onward.iter().enumerate() {
            length(recipient, 1, 256, &format!("spec.retention.onward[{index}]"))?;
        }
        Ok(())
    }
}

/// The approval of the competent authority for what a foreign court or agency asks for (PIPL Art. 41, DSL Art. 36).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct ForeignAuthority {
    /// The competent authority of the mainland.
    #[schemars(length(min = 1, max = 256))]
    pub competent_authority: String,
    /// Its approval.
    pub approval: Document,
}

impl ForeignAuthority {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { competent_authority, approval } = self;
        length(competent_authority, 1, 256, "spec.foreignAuthority.competentAuthority")?;
        approval.check("spec.foreignAuthority.approval")
    }
}
