//! By which mechanism the law lets data leave.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Date, Problem,
    exporter::MOST_PERSONS,
    problem::{ensure, length},
};

const ONE: &str = "write exactly one of securityAssessment, standardContract, certification and exemption";

/// The mechanism: one of the three routes of PIPL Art. 38, or an exemption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
#[x_kube(validation = ("[has(self.securityAssessment), has(self.standardContract), has(self.certification), has(self.exemption)].filter(there, there).size() == 1", ONE))]
pub struct Mechanism {
    /// The security assessment of the authority (O11; O16 Art. 7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecurityAssessment")]
    pub security_assessment: Option<SecurityAssessment>,
    /// The standard contract with the recipient, filed with the authority (O13; O16 Art. 8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StandardContract")]
    pub standard_contract: Option<StandardContract>,
    /// The certification of the protection of personal information (O20; O16 Art. 8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Certification")]
    pub certification: Option<Certification>,
    /// No mechanism is needed (O16 Arts 3 to 6; NDSR Art. 35).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Exemption")]
    pub exemption: Option<Exemption>,
}

impl Mechanism {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { security_assessment, standard_contract, certification, exemption } = self;
        let there = [
            security_assessment.is_some(),
            standard_contract.is_some(),
            certification.is_some(),
            exemption.is_some(),
        ];
        ensure(there.into_iter().filter(|there| *there).count() == 1, "spec.mechanism", ONE)?;
        if let Some(assessment) = security_assessment {
            let SecurityAssessment { reference, result_date: _, extended_until: _, scale } = assessment;
            length(reference, 1, 128, "spec.mechanism.securityAssessment.reference")?;
            scale.check()?;
        }
        if let Some(StandardContract { effective_date: _, filing }) = standard_contract
            && let Some(Filing { reference, filed_on: _ }) = filing
        {
            length(reference, 1, 128, "spec.mechanism.standardContract.filing.reference")?;
        }
        if let Some(Certification { number, body, issued_on: _, expires_on: _ }) = certification {
            length(number, 1, 128, "spec.mechanism.certification.number")?;
            length(body, 1, 256, "spec.mechanism.certification.body")?;
        }
        if let Some(Exemption { ground: _, evidence }) = exemption {
            length(evidence, 1, 1024, "spec.mechanism.exemption.evidence")?;
        }
        Ok(())
    }
}

/// The result of a security assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct SecurityAssessment {
    /// The number of the authority's notice.
    #[schemars(length(min = 1, max = 128))]
    pub reference: String,
    /// The day of the result. It is valid for three years from then on (O16 Art. 9).
    pub result_date: Date,
    /// The end of an extension that the authority granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Date")]
    pub extended_until: Option<Date>,
    /// How many persons it approved in a year (NDSR Art. 38).
    pub scale: Scale,
}

/// How many persons an authority approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Scale {
    /// Persons of whom only ordinary information leaves.
    #[schemars(range(min = 0, max = 10_000_000_000_u64))]
    pub ordinary: u64,
    /// Persons of whom sensitive information leaves.
    #[schemars(range(min = 0, max = 10_000_000_000_u64))]
    pub sensitive: u64,
}

impl Scale {
    fn check(self) -> Result<(), Problem> {
        let Self { ordinary, sensitive } = self;
        let at = "spec.mechanism.securityAssessment.scale";
        for (field, persons) in [("ordinary", ordinary), ("sensitive", sensitive)] {
            let message = "write at most 10000000000 persons";
            ensure(persons <= MOST_PERSONS, format!("{at}.{field}"), message)?;
        }
        Ok(())
    }
}

/// A standard contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct StandardContract {
    /// The day from which it is in effect. Nothing leaves before it (O13 Art. 6).
    pub effective_date: Date,
    /// Its filing with the provincial authority, within ten working days of that day (O13 Art. 7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Filing")]
    pub filing: Option<Filing>,
}

/// A filing with an authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Filing {
    /// The number that the authority gave it.
    #[schemars(length(min = 1, max = 128))]
    pub reference: String,
    /// The day on which it was filed.
    pub filed_on: Date,
}

/// A certification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Certification {
    /// The number of the certificate.
    #[schemars(length(min = 1, max = 128))]
    pub number: String,
    /// The body that certified.
    #[schemars(length(min = 1, max = 256))]
    pub body: String,
    /// The day from which it is valid.
    pub issued_on: Date,
    /// The day on which it expires, at most three years later.
    pub expires_on: Date,
}

/// An exemption from the three routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Exemption {
    /// The ground.
    pub ground: Ground,
    /// What shows that the ground is there: contracts, collective agreement and labour rules, the list of the free trade
    /// zone and its version.
    #[schemars(length(min = 1, max = 1024))]
    pub evidence: String,
}

/// The grounds of exemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Ground {
    /// Neither personal information nor important data (O16 Art. 3).
    NoPersonalNorImportantData,
    /// Collected abroad, processed in the mainland, sent out again, and no domestic data was added (O16 Art. 4).
    ForeignOrigin,
    /// To conclude or perform a contract to which the person is a party, and really necessary (O16 Art. 5(1)).
    ContractNecessity,
    /// Human resources, under lawful labour rules *and* a lawful collective contract (O16 Art. 5(2)).
    HumanResources,
    /// An emergency, to protect life, health or property (O16 Art. 5(3)).
    Emergency,
    /// A statutory duty or obligation (NDSR Art. 35(6)).
    StatutoryDuty,
    /// Fewer than 100,000 persons since 1 January, none of them with sensitive information, and no operator of critical
    /// infrastructure (O16 Art. 5(4)).
    BelowThreshold,
    /// A processor of a free trade zone, and data that its negative list does not name (O16 Art. 6).
    FreeTradeZone,
    /// A treaty or agreement with conditions of its own (PIPL Art. 38; NDSR Art. 36).
    Treaty,
}
