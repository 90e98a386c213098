//! A declared flow of data out.

mod ground;
mod law;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, Cidr, ClassName, CountryCode, CreditCode, HostName, Moment, NetworkPort, Problem, ProviderName,
    RegionId,
    condition::conditions_schema,
    egress::destination_ports,
    exporter::MOST_PERSONS,
    problem::{count, ensure, length, set},
};

pub use ground::{
    Certification, Exemption, Filing, Ground, Mechanism, Scale, SecurityAssessment, StandardContract,
};
pub use law::{
    Consent, Document, ForeignAuthority, Harm, ImpactAssessment, LegalBasis, Notice, NoticeItem, Retention,
};

const IMMUTABLE: &str = "a transfer does not change, because people approved its exact text; create another one with spec.supersedes";
const ORDER: &str = "validity.until must be after validity.from";
const ONE_PLACE: &str = "write one place: a region with its provider, a host, or a network with its ports";
const COUNT: &str = "write at most 10000000000 persons";

/// A flow of data out of the mainland: who sends what to whom, why, and on which ground in law.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "CrossBorderTransfer",
    plural = "crossbordertransfers",
    shortname = "cbt",
    category = "bund",
    namespaced,
    status = "CrossBorderTransferStatus",
    derive = "PartialEq",
    doc = "CrossBorderTransfer declares a flow of data out of the mainland. It is in effect when the law's conditions are met, the right people have approved its exact text, and that was recorded. It does not change: a change is a new transfer that supersedes it.",
    validation = ("self.spec == oldSelf.spec", IMMUTABLE),
    printcolumn(name = "Recipient", type_ = "string", json_path = ".spec.recipient.name"),
    printcolumn(name = "Country", type_ = "string", json_path = ".spec.recipient.country"),
    printcolumn(name = "Route", type_ = "string", json_path = ".status.route"),
    printcolumn(name = "Approvals", type_ = "string", json_path = ".status.approvals"),
    printcolumn(name = "Active", type_ = "string", json_path = ".status.conditions[?(@.type=='Active')].status"),
    printcolumn(name = "Until", type_ = "date", json_path = ".spec.validity.until"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CrossBorderTransferSpec {
    /// The exporter, by its unified social credit code.
    pub exporter: CreditCode,
    /// Who asks for it: the user name of a person. They cannot approve it.
    #[schemars(length(min = 1, max = 256))]
    pub requested_by: String,
    /// The transfer of this namespace that this one takes the place of when it becomes active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), with = "String")]
    pub supersedes: Option<String>,
    /// Who receives the data.
    pub recipient: Recipient,
    /// What the data is for at the recipient.
    #[schemars(length(min = 1, max = 1024))]
    pub purpose: String,
    /// How the data gets there and is handled: storage abroad, access from abroad, an interface.
    #[schemars(length(min = 1, max = 1024))]
    pub method: String,
    /// Every class of data that the flow carries. A subject that holds any other class is not covered.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "set"))]
    pub data_classes: Vec<ClassName>,
    /// The kinds of personal information or data, in words that the persons concerned understand.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "set"))]
    pub data_types: Vec<String>,
    /// How many persons it concerns in a calendar year, Beijing time, each counted once, with those of the transfers
    /// that it supersedes.
    pub persons: Persons,
    /// The workloads and volumes of this namespace whose data leaves.
    #[schemars(length(min = 1, max = 32))]
    pub sources: Vec<Source>,
    /// Where the data goes. A flow to any other place is not covered.
    #[schemars(length(min = 1, max = 32))]
    pub destinations: Vec<Destination>,
    /// On what personal information is processed (PIPL Art. 13). Left out: on consent, which is the strict reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LegalBasis")]
    pub legal_basis: Option<LegalBasis>,
    /// The mechanism by which the law lets the data leave.
    pub mechanism: Mechanism,
    /// What the persons concerned are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Notice")]
    pub notice: Option<Notice>,
    /// What the persons concerned agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Consent")]
    pub consent: Option<Consent>,
    /// The assessment of the impact on the protection of personal information (PIPL Arts 55, 56).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ImpactAssessment")]
    pub impact_assessment: Option<ImpactAssessment>,
    /// Where, and until when, the data is kept abroad, and who gets it from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Retention")]
    pub retention: Option<Retention>,
    /// For a request of a foreign court or agency: the approval of the competent authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ForeignAuthority")]
    pub foreign_authority: Option<ForeignAuthority>,
    /// When the data may leave.
    pub validity: Validity,
}

impl Check for CrossBorderTransferSpec {
    fn check(&self, _: &str) -> Result<(), Problem> {
        let Self {
            exporter: _,
            requested_by,
            supersedes,
            recipient,
            purpose,
            method,
            data_classes,
            data_types,
            persons,
            sources,
            destinations,
            legal_basis: _,
            mechanism,
            notice,
            consent,
            impact_assessment,
            retention,
            foreign_authority,
            validity,
        } = self;
        length(requested_by, 1, 256, "spec.requestedBy")?;
        if let Some(name) = supersedes {
            length(name, 1, 253, "spec.supersedes")?;
        }
        recipient.check()?;
        length(purpose, 1, 1024, "spec.purpose")?;
        length(method, 1, 1024, "spec.method")?;
        set(data_classes, 1, 16, "spec.dataClasses")?;
        set(data_types, 1, 64, "spec.dataTypes")?;
        for (index, kind) in data_types.iter().enumerate() {
            length(kind, 1, 128, &format!("spec.dataTypes[{index}]"))?;
        }
        persons.check("spec.persons")?;
        count(sources, 1, 32, "spec.sources")?;
        for (index, Source { kind, name }) in sources.iter().enumerate() {
            length(kind, 1, 63, &format!("spec.sources[{index}].kind"))?;
            length(name, 1, 253, &format!("spec.sources[{index}].name"))?;
        }
        count(destinations, 1, 32, "spec.destinations")?;
        for (index, destination) in destinations.iter().enumerate() {
            let field = format!("spec.destinations[{index}]");
            if destination.network.is_some() {
                destination_ports(&destination.ports, &format!("{field}.ports"))?;
            }
            ensure(destination.place().is_some(), field, ONE_PLACE)?;
        }
        mechanism.check()?;
        if let Some(notice) = notice {
            notice.check()?;
        }
        if let Some(consent) = consent {
            consent.check()?;
        }
        if let Some(assessment) = impact_assessment {
            assessment.check()?;
        }
        if let Some(retention) = retention {
            retention.check()?;
        }
        if let Some(authority) = foreign_authority {
            authority.check()?;
        }
        ensure(validity.from < validity.until, "spec.validity", ORDER)
    }
}

/// Who receives data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Recipient {
    /// The legal name.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// The country or region where it is. Hong Kong is `HK`.
    pub country: CountryCode,
    /// How the persons concerned reach it.
    #[schemars(length(min = 1, max = 512))]
    pub contact: String,
    /// What it is.
    pub kind: RecipientKind,
}

impl Recipient {
    fn check(&self) -> Result<(), Problem> {
        let Self { name, country: _, contact, kind: _ } = self;
        length(name, 1, 256, "spec.recipient.name")?;
        length(contact, 1, 512, "spec.recipient.contact")
    }
}

/// What a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum RecipientKind {
    /// An enterprise or any other organisation or person.
    Organisation,
    /// A foreign court, or a foreign agency of law enforcement (PIPL Art. 41, DSL Art. 36).
    ForeignAuthority,
}

/// Persons concerned in a calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Persons {
    /// Persons of whom only ordinary information leaves.
    #[schemars(range(min = 0, max = 10_000_000_000_u64))]
    pub ordinary: u64,
    /// Persons of whom sensitive information leaves.
    #[schemars(range(min = 0, max = 10_000_000_000_u64))]
    pub sensitive: u64,
    /// Minors under 14, whose information is always sensitive (PIPL Art. 28). They count as sensitive whether or not
    /// `sensitive` holds them too: it is the larger of the two that counts.
    #[schemars(range(min = 0, max = 10_000_000_000_u64))]
    pub under_14: u64,
}

impl Persons {
    pub(crate) fn check(self, at: &str) -> Result<(), Problem> {
        let Self { ordinary, sensitive, under_14 } = self;
        for (field, persons) in [("ordinary", ordinary), ("sensitive", sensitive), ("under14", under_14)] {
            ensure(persons <= MOST_PERSONS, format!("{at}.{field}"), COUNT)?;
        }
        Ok(())
    }
}

/// A workload or volume whose data leaves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Source {
    /// Its kind: `Deployment`, `StatefulSet`, `Pod`, `PersistentVolumeClaim`, or any kind that a DestinationMapping maps.
    /// What such a workload makes is meant with it.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A place that data goes to: a region with its provider, a host, or a network with its ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
#[x_kube(validation = ("has(self.region) == has(self.provider) && has(self.network) == has(self.ports) && [has(self.region), has(self.host), has(self.network)].filter(there, there).size() == 1", ONE_PLACE))]
pub struct Destination {
    /// The provider of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProviderName")]
    pub provider: Option<ProviderName>,
    /// A cloud region, exactly as the provider writes it, such as `eu-central-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RegionId")]
    pub region: Option<RegionId>,
    /// A host, by its whole name in lower case, such as `api.partner.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "HostName")]
    pub host: Option<HostName>,
    /// A network, such as `203.0.113.7/32`. While the transfer is in effect, its sources can open connections to it, at
    /// its ports and nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cidr")]
    pub network: Option<Cidr>,
    /// The ports of the network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 8))]
    pub ports: Vec<NetworkPort>,
}

/// What a [`Destination`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'d> {
    /// A region of a provider.
    Region(&'d ProviderName, &'d RegionId),
    /// A host.
    Host(&'d HostName),
    /// A network, at these ports.
    Network(&'d Cidr, &'d [NetworkPort]),
}

impl Destination {
    /// What it names; `None` where it names nothing, or two places.
    pub fn place(&self) -> Option<Place<'_>> {
        match (&self.provider, &self.region, &self.host, &self.network, self.ports.as_slice()) {
            (Some(provider), Some(region), None, None, []) => Some(Place::Region(provider, region)),
            (None, None, Some(host), None, []) => Some(Place::Host(host)),
            (None, None, None, Some(network), ports @ [_, ..]) => Some(Place::Network(network, ports)),
            _ => None,
        }
    }
}

/// From when until when data may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
#[x_kube(validation = ("timestamp(self.from) < timestamp(self.until)", ORDER))]
pub struct Validity {
    /// The first moment.
    pub from: Moment,
    /// The end. It is never later than the mechanism lasts.
    pub until: Moment,
}

/// What the operator makes of a transfer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrossBorderTransferStatus {
    /// Conditions: `Complete`, `RouteSatisfied`, `Approved`, `Active`, `ExpiringSoon`, `Expired`, `Revoked`, `Superseded`,
    /// and `Ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The SHA-256 of the exact text that is approved, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), with = "String")]
    pub digest: Option<String>,
    /// The route that the law asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), with = "String")]
    pub route: Option<String>,
    /// How many of the approvals that are needed are there: `1/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), with = "String")]
    pub approvals: Option<String>,
    /// What is missing, field by field, with what to write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub missing: Vec<MissingItem>,
}

/// Something that a transfer lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct MissingItem {
    /// The field.
    #[schemars(length(max = 256))]
    pub field: String,
    /// What to write there, and who asks for it.
    #[schemars(length(max = 1024))]
    pub remedy: String,
}
