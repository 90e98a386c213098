//! Who exports data.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, CreditCode, Date, Problem,
    condition::conditions_schema,
    problem::{ensure, length},
};

const NAMED_BY_CODE: &str =
    "name the Exporter by its credit code in lower case, so that there is one for each exporter";
/// More than there are people, and few enough that sums stay exact.
pub const MOST_PERSONS: u64 = 10_000_000_000;
const COUNT: &str = "write at most 10000000000 persons";

/// Who exports data, in the sense of the law on personal information: the handler whose exports are counted together.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "Exporter",
    plural = "exporters",
    shortname = "exp",
    category = "bund",
    status = "ExporterStatus",
    derive = "PartialEq",
    doc = "Exporter is who exports data: the organisation whose exports are counted together, over all its cross-border transfers and what it declares from elsewhere. Its name is its unified social credit code in lower case.",
    validation = ("self.metadata.name == self.spec.creditCode.lowerAscii()", NAMED_BY_CODE),
    printcolumn(name = "Legal name", type_ = "string", json_path = ".spec.legalName"),
    printcolumn(name = "Infrastructure", type_ = "string", json_path = ".spec.infrastructure"),
    printcolumn(name = "As of", type_ = "string", json_path = ".spec.elsewhere.asOf"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExporterSpec {
    /// Its unified social credit code (GB 32100-2015).
    pub credit_code: CreditCode,
    /// Its legal name, as the business licence has it.
    #[schemars(length(min = 1, max = 256))]
    pub legal_name: String,
    /// Whether a protection department has notified it as an operator of critical information infrastructure (CIIR Art. 10).
    pub infrastructure: Infrastructure,
    /// Whether it is a state organ, or an organisation with powers of public affairs (PIPL Arts 36, 37).
    #[serde(default)]
    pub body: Body,
    /// The persons whose information it has exported since 1 January, Beijing time, by other means than the transfers
    /// of this cluster. Not older than 31 days, or what follows from the count is not known.
    pub elsewhere: PersonsElsewhere,
}

impl Check for ExporterSpec {
    fn check(&self, name: &str) -> Result<(), Problem> {
        let Self { credit_code, legal_name, infrastructure: _, body: _, elsewhere } = self;
        ensure(name == credit_code.object_name(), "metadata.name", NAMED_BY_CODE)?;
        length(legal_name, 1, 256, "spec.legalName")?;
        let PersonsElsewhere { as_of: _, ordinary, sensitive } = elsewhere;
        ensure(*ordinary <= MOST_PERSONS, "spec.elsewhere.ordinary", COUNT)?;
        ensure(*sensitive <= MOST_PERSONS, "spec.elsewhere.sensitive", COUNT)
    }
}

/// Whether somebody operates critical information infrastructure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Infrastructure {
    /// No notice of a protection department says so.
    NotCritical,
    /// A protection department has notified it.
    Critical,
}

/// What kind of organisation exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Body {
    /// An enterprise, or any other organisation without public powers.
    #[default]
    Enterprise,
    /// A state organ, or an organisation that laws give powers of public affairs: what it handles is stored in the
    /// mainland, and leaves only after a security assessment (PIPL Arts 36, 37).
    StateOrgan,
}

/// Persons whose information was exported by other means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct PersonsElsewhere {
    /// The day up to which they were counted.
    pub as_of: Date,
    /// Persons of whom only ordinary information was exported since 1 January of that day's year, each counted once.
    #[schemars(range(min = 0, max = 10_000_000_000_u64))]
    pub ordinary: u64,
    /// Persons of whom sensitive information was exported since then, each counted once. All minors under 14 are among them.
    #[schemars(range(min = 0, max = 10_000_000_000_u64))]
    pub sensitive: u64,
}

/// What the operator makes of an exporter. Totals are not here: who may read exporters need not know them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExporterStatus {
    /// Conditions; `Ready` when it is understood, and what it declares is young enough to count with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
}
