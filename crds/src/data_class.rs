//! What kind of data there is.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, ClassName, LabelSelector, Problem,
    condition::conditions_schema,
    problem::{count, ensure},
};

const LABEL_NAME: &str = "the name becomes the label data-class.bund.dev/<name>; use at most 63 lower-case letters, digits and dashes";
const MINORS_ARE_SENSITIVE: &str =
    "information of minors under 14 is sensitive (PIPL Art. 28); write sensitivity: Sensitive";

/// A kind of data, such as personal information, with what the law asks for it.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "DataClass",
    plural = "dataclasses",
    shortname = "dc",
    category = "bund",
    status = "DataClassStatus",
    derive = "PartialEq",
    doc = "DataClass is a kind of data, such as personal-information. It reaches objects through the label data-class.bund.dev/<name>, through its selectors, and through what objects mount and reference.",
    validation = ("self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
        LABEL_NAME),
    printcolumn(name = "Category", type_ = "string", json_path = ".spec.category"),
    printcolumn(name = "Sensitivity", type_ = "string", json_path = ".spec.sensitivity"),
    printcolumn(name = "Sector", type_ = "string", json_path = ".spec.sector", priority = 1),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = ("!(self.subjects == 'MinorsUnder14') || self.sensitivity == 'Sensitive'",
    MINORS_ARE_SENSITIVE))]
pub struct DataClassSpec {
    /// What the data is in law.
    pub category: Category,
    /// Whether personal information is sensitive (PIPL Art. 28). Sensitive has no lower threshold when data
    /// leaves the country.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// Whose data it is.
    #[serde(default)]
    pub subjects: Subjects,
    /// The sector whose rules apply on top of the general ones.
    #[serde(default)]
    pub sector: Sector,
    /// What must protect the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Safeguards")]
    pub safeguards: Option<Safeguards>,
    /// How long the data must be kept at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Retention")]
    pub retention: Option<Retention>,
    /// Attaches the class to objects in guarded namespaces without touching them. Entries are ORed. For a
    /// workload the labels of its pod template count, because those are what its pods will carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub selectors: Vec<ClassSelector>,
}

impl Check for DataClassSpec {
    fn check(&self, name: &str) -> Result<(), Problem> {
        let Self { category: _, sensitivity, subjects, sector: _, safeguards: _, retention, selectors } =
            self;
        ensure(name.parse::<ClassName>().is_ok(), "metadata.name", LABEL_NAME)?;
        let ordinary_minors = *subjects == Subjects::MinorsUnder14 && *sensitivity != Sensitivity::Sensitive;
        ensure(!ordinary_minors, "spec.sensitivity", MINORS_ARE_SENSITIVE)?;
        if let Some(Retention { minimum_days }) = retention {
            let bounded = RETENTION_DAYS.contains(minimum_days);
            ensure(bounded, "spec.retention.minimumDays", "write 1 to 36500 days")?;
        }
        count(selectors, 0, 32, "spec.selectors")?;
        for (index, ClassSelector { namespace_selector, object_selector }) in selectors.iter().enumerate() {
            let field = format!("spec.selectors[{index}]");
            if let Some(selector) = namespace_selector {
                selector.check(&format!("{field}.namespaceSelector"))?;
            }
            object_selector.check(&format!("{field}.objectSelector"))?;
        }
        Ok(())
    }
}

/// One way a class reaches objects without touching them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct ClassSelector {
    /// The guarded namespaces in which the entry applies, by their labels. Left out: every guarded namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub namespace_selector: Option<LabelSelector>,
    /// The objects that hold the class, by their labels: pods, pod templates, Secrets, ConfigMaps,
    /// ServiceAccounts, volume claims and volumes. To put a class on everything in a namespace, label the
    /// Namespace instead.
    pub object_selector: LabelSelector,
}

/// What the data is in law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Category {
    /// Information about an identified or identifiable natural person (PIPL Art. 4).
    PersonalInformation,
    /// Important data (DSL Art. 21; NDSR Art. 62(4)).
    ImportantData,
    /// Core data of the state (DSL Art. 21).
    CoreData,
    /// Records of financial transactions.
    FinancialTransactions,
    /// Records of what users and administrators did.
    ActivityLogs,
    /// Anything else that must stay.
    Other,
}

/// Whether personal information is sensitive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Sensitivity {
    /// Not sensitive.
    #[default]
    Ordinary,
    /// Sensitive in the sense of PIPL Art. 28.
    Sensitive,
}

/// Whose data it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Subjects {
    /// Persons of any age, or no persons at all.
    #[default]
    Anyone,
    /// Minors under 14, whose information is always sensitive (PIPL Arts 28 and 31).
    MinorsUnder14,
}

/// The sector whose rules apply on top of the general ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Sector {
    /// No sector rules.
    #[default]
    General,
    /// Finance and health: accredited penetration tests and source reviews.
    FinanceAndHealth,
    /// Social networks and education.
    SocialAndEducation,
}

/// What must protect the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Safeguards {
    /// Encryption where the data is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AtRest")]
    pub at_rest: Option<AtRest>,
    /// Encryption where the data travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InTransit")]
    pub in_transit: Option<InTransit>,
}

/// Encryption at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum AtRest {
    /// AES with keys of 256 bits.
    #[serde(rename = "AES-256")]
    Aes256,
}

/// Encryption in transit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum InTransit {
    /// TLS 1.3 or newer.
    #[serde(rename = "TLS-1.3")]
    Tls13,
}

/// The schema's `range` below says the same.
const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=36_500;

/// How long data must be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Retention {
    /// Days to keep at least. Six calendar months are 184 days.
    #[schemars(range(min = 1, max = 36_500))]
    pub minimum_days: u32,
}

/// What the operator makes of a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataClassStatus {
    /// Conditions; `Ready` when the class is in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
}
