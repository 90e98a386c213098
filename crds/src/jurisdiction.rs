//! A place in law, and everything that names places in it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, Cidr, ClassName, CountryCode, Date, HostPattern, HostSuffix, JurisdictionName, LabelKey, Problem,
    ProviderName, RegionId,
    condition::conditions_schema,
    labels::NODE_RESTRICTION_PREFIX,
    problem::{count, ensure, length, set, shape, unique},
};

const SHORT_NAME: &str = "name the jurisdiction with at most 63 lower-case letters, digits and dashes";
const KUBELETS_MAY_WRITE: &str = "kubelets may write this label on their own node; use a key that starts with node-restriction.kubernetes.io/";

/// A place in law, such as `cn-mainland`: the countries, cloud regions, networks and hosts that lie in it.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "Jurisdiction",
    plural = "jurisdictions",
    shortname = "jur",
    category = "bund",
    status = "JurisdictionStatus",
    derive = "PartialEq",
    doc = "Jurisdiction is a place in law, such as cn-mainland, and everything that names places in it: country codes, cloud regions, networks, hosts. What no list names is outside.",
    validation = ("self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')", SHORT_NAME),
    printcolumn(name = "Display name", type_ = "string", json_path = ".spec.displayName"),
    printcolumn(name = "Countries", type_ = "string", json_path = ".spec.countryCodes"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JurisdictionSpec {
    /// A name for people.
    #[schemars(length(min = 1, max = 128))]
    pub display_name: String,
    /// Country codes of ISO 3166-1 whose addresses count as inside. Hong Kong (HK), Macao (MO) and
    /// Taiwan (TW) have codes of their own.
    #[schemars(length(min = 1, max = 32), extend("x-kubernetes-list-type" = "set"))]
    pub country_codes: Vec<CountryCode>,
    /// Per provider, exactly the regions that lie inside. A provider that is listed without regions has
    /// none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub providers: Vec<Provider>,
    /// Public networks known to be inside. Private ones belong to one cluster: `ClusterLocation` declares them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "set"))]
    pub networks: Vec<Cidr>,
    /// Host suffixes under which every host is inside, such as a sovereign cloud's own domain. A country's
    /// top-level domain is not one: names under it lead anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128), extend("x-kubernetes-list-type" = "set"))]
    pub host_suffixes: Vec<HostSuffix>,
    /// The node label with which an administrator declares that a node is in a jurisdiction; its value is
    /// the jurisdiction's name. Kubelets cannot write labels under `node-restriction.kubernetes.io/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self.startsWith('node-restriction.kubernetes.io/')",
        KUBELETS_MAY_WRITE))]
    pub trusted_node_label: Option<LabelKey>,
    /// Holidays and working weekends by year, as the authority publishes them. In a year that is not listed every day from
    /// Monday to Friday is a working day, which gives the earlier deadline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["year"]))]
    pub calendars: Vec<WorkingCalendar>,
    /// Recipients that the authority excludes, whatever consent there is (PIPL Art. 42).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512))]
    pub excluded_recipients: Vec<ExcludedRecipient>,
    /// Classes of data that the authority lets nobody export.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub excluded_data_classes: Vec<ClassName>,
}

impl JurisdictionSpec {
    /// The trusted node label, where it is one that kubelets cannot write.
    pub fn trusted_node_label(&self) -> Option<&LabelKey> {
        self.trusted_node_label.as_ref().filter(|key| key.as_str().starts_with(NODE_RESTRICTION_PREFIX))
    }
}

impl Check for JurisdictionSpec {
    fn check(&self, name: &str) -> Result<(), Problem> {
        let Self {
            display_name,
            country_codes,
            providers,
            networks,
            host_suffixes,
            trusted_node_label,
            calendars,
            excluded_recipients,
            excluded_data_classes,
        } = self;
        ensure(name.parse::<JurisdictionName>().is_ok(), "metadata.name", SHORT_NAME)?;
        length(display_name, 1, 128, "spec.displayName")?;
        set(country_codes, 1, 32, "spec.countryCodes")?;
        count(providers, 0, 64, "spec.providers")?;
        unique(providers, |provider| &provider.name, "spec.providers")?;
        for (index, provider) in providers.iter().enumerate() {
            provider.check(&format!("spec.providers[{index}]"))?;
        }
        set(networks, 0, 256, "spec.networks")?;
        set(host_suffixes, 0, 128, "spec.hostSuffixes")?;
        let trusted = trusted_node_label.is_none() || self.trusted_node_label().is_some();
        ensure(trusted, "spec.trustedNodeLabel", KUBELETS_MAY_WRITE)?;
        count(calendars, 0, 32, "spec.calendars")?;
        unique(calendars, |calendar| &calendar.year, "spec.calendars")?;
        for (index, calendar) in calendars.iter().enumerate() {
            calendar.check(&format!("spec.calendars[{index}]"))?;
        }
        count(excluded_recipients, 0, 512, "spec.excludedRecipients")?;
        for (index, excluded) in excluded_recipients.iter().enumerate() {
            let ExcludedRecipient { name, country: _, reference } = excluded;
            length(name, 1, 256, &format!("spec.excludedRecipients[{index}].name"))?;
            length(reference, 1, 256, &format!("spec.excludedRecipients[{index}].reference"))?;
        }
        set(excluded_data_classes, 0, 64, "spec.excludedDataClasses")
    }
}

/// The days of one year that are worked, or not, against the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct WorkingCalendar {
    /// The year.
    #[schemars(range(min = 2000, max = 2999))]
    pub year: u16,
    /// Days from Monday to Friday that are not worked.
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub holidays: Vec<Date>,
    /// Saturdays and Sundays that are worked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "set"))]
    pub workdays: Vec<Date>,
}

impl WorkingCalendar {
    fn check(&self, field: &str) -> Result<(), Problem> {
        let Self { year, holidays, workdays } = self;
        ensure((2000..=2999).contains(year), format!("{field}.year"), "write a year from 2000 to 2999")?;
        set(holidays, 0, 64, &format!("{field}.holidays"))?;
        set(workdays, 0, 32, &format!("{field}.workdays"))
    }
}

/// A recipient that the authority excludes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct ExcludedRecipient {
    /// The name, as the authority writes it. Only letters and digits are compared, whatever their case.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// The country or region; left out: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CountryCode")]
    pub country: Option<CountryCode>,
    /// The notice that excludes it.
    #[schemars(length(min = 1, max = 256))]
    pub reference: String,
}

/// What one provider calls the places inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Provider {
    /// The provider.
    pub name: ProviderName,
    /// The provider's region ids that lie inside, exactly as it writes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128), extend("x-kubernetes-list-type" = "set"))]
    pub regions: Vec<RegionId>,
    /// Short codes that the provider writes into the region label of nodes instead of the region id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["code"]))]
    pub node_label_codes: Vec<NodeLabelCode>,
    /// How the provider builds a zone from its region.
    pub zone_form: ZoneForm,
    /// Schemes of `spec.providerID` that tell this provider, such as `aws` in `aws:///cn-north-1a/i-1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 63), regex(pattern = "^[a-z][a-z0-9+.-]*$")), extend("x-kubernetes-list-type" = "set"))]
    pub provider_id_schemes: Vec<String>,
    /// What the provider writes into `spec.providerID` besides the machine.
    #[serde(default)]
    pub provider_id_form: ProviderIdForm,
    /// Names of the provider's hosts that lie inside, such as those of its stores. `{region}` stands for one of `regions`, `*`
    /// for any text in one label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub host_patterns: Vec<HostPattern>,
}

impl Provider {
    fn check(&self, field: &str) -> Result<(), Problem> {
        let Self {
            name: _,
            regions,
            node_label_codes,
            zone_form: _,
            provider_id_schemes,
            provider_id_form: _,
            host_patterns,
        } = self;
        set(regions, 0, 128, &format!("{field}.regions"))?;
        set(host_patterns, 0, 64, &format!("{field}.hostPatterns"))?;
        let codes = format!("{field}.nodeLabelCodes");
        count(node_label_codes, 0, 128, &codes)?;
        unique(node_label_codes, |code| &code.code, &codes)?;
        let schemes = format!("{field}.providerIdSchemes");
        set(provider_id_schemes, 0, 8, &schemes)?;
        let further = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '.' | '-');
        for (index, scheme) in provider_id_schemes.iter().enumerate() {
            let field = format!("{schemes}[{index}]");
            length(scheme, 1, 63, &field)?;
            let named = shape(scheme, |c| c.is_ascii_lowercase(), further, further);
            ensure(named, field, "write the scheme of a provider id, such as `aws`")?;
        }
        Ok(())
    }
}

/// A short code for a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct NodeLabelCode {
    /// What the node label says, such as `gz`.
    pub code: RegionId,
    /// The region it stands for, such as `ap-guangzhou`.
    pub region: RegionId,
}

/// How a zone is built from its region. A zone of digits alone says nothing about a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ZoneForm {
    /// `cn-hangzhou-h`: region, dash, letter; the dash may be missing after a digit (`ap-southeast-1a`).
    RegionDashLetter,
    /// `cn-north-4c`: region, letter.
    RegionLetter,
    /// `ap-guangzhou-3`, `cn-bj2-02`: region, dash, number.
    RegionDashNumber,
    /// The zone does not name its region, such as the zones of one's own data centre.
    Opaque,
}

/// What `spec.providerID` says about a node's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ProviderIdForm {
    /// Nothing about the region.
    #[default]
    NoRegion,
    /// `scheme:///<zone>/<machine>`.
    Zone,
    /// `<region>.<machine>`, with or without a scheme.
    RegionDotMachine,
}

/// What the operator makes of a jurisdiction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JurisdictionStatus {
    /// Conditions; `Ready` when the tables are in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
}
