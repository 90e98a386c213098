//! What other kinds of objects say about places.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, FieldQuery, GROUP, Problem, ProviderName,
    condition::conditions_schema,
    problem::{count, ensure, length, shape},
};

const SAYS_NOTHING: &str = "a mapping says nothing without destinations or templates; list at least one";
const OWN_GROUP: &str = "kinds of bund.dev are judged by their own rules; map another group";

/// For any other kind of object: which fields name a destination, and where a pod template sits.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "DestinationMapping",
    plural = "destinationmappings",
    shortname = "dmap",
    category = "bund",
    status = "DestinationMappingStatus",
    derive = "PartialEq",
    doc = "DestinationMapping says of another kind of object which of its fields name a host, URL, region, bucket, network or registry, and where pod templates sit in it.",
    printcolumn(name = "Group", type_ = "string", json_path = ".spec.target.group"),
    printcolumn(name = "Kind", type_ = "string", json_path = ".spec.target.kind"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = ("(has(self.destinations) && size(self.destinations) > 0) || (has(self.templates) && size(self.templates) > 0)",
    SAYS_NOTHING))]
pub struct DestinationMappingSpec {
    /// The kind that is mapped, in every version of its group.
    pub target: MappedKind,
    /// Fields that name a destination.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub destinations: Vec<MappedDestination>,
    /// Fields that hold a pod template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub templates: Vec<MappedTemplate>,
    /// Whether an object of the kind acts for whatever lives in its namespace, as a route of a mesh or a backup does: then
    /// it is judged for every class that policies keep there, whatever it is labelled with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acts_for_namespace: bool,
}

impl Check for DestinationMappingSpec {
    fn check(&self, _: &str) -> Result<(), Problem> {
        let Self { target, destinations, templates, acts_for_namespace: _ } = self;
        target.check()?;
        count(destinations, 0, 32, "spec.destinations")?;
        count(templates, 0, 8, "spec.templates")?;
        ensure(!destinations.is_empty() || !templates.is_empty(), "spec", SAYS_NOTHING)
    }
}

/// A group and kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
#[x_kube(validation = ("self.group != 'bund.dev'", OWN_GROUP))]
pub struct MappedKind {
    /// The API group; empty for the core group.
    #[schemars(length(max = 253), regex(pattern = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"))]
    pub group: String,
    /// The kind, such as `Rollout`.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[A-Z][A-Za-z0-9]*$"))]
    pub kind: String,
    /// The plural resource name, by which the API server calls the webhook, such as `rollouts`.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z][-a-z0-9]*$"))]
    pub resource: String,
}

impl MappedKind {
    fn check(&self) -> Result<(), Problem> {
        let Self { group, kind, resource } = self;
        let lower = |c: char| c.is_ascii_lowercase();
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let dashed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let dotted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        ensure(group != GROUP, "spec.target", OWN_GROUP)?;
        length(group, 0, 253, "spec.target.group")?;
        let named = group.is_empty() || shape(group, alphanumeric, dotted, alphanumeric);
        ensure(
            named,
            "spec.target.group",
            "write an API group such as `velero.io`, empty for the core group",
        )?;
        length(kind, 1, 63, "spec.target.kind")?;
        let letter_or_digit = |c: char| c.is_ascii_alphanumeric();
        let named = shape(kind, |c| c.is_ascii_uppercase(), letter_or_digit, letter_or_digit);
        ensure(named, "spec.target.kind", "write a kind such as `Rollout`")?;
        length(resource, 1, 63, "spec.target.resource")?;
        let named = shape(resource, lower, dashed, dashed);
        ensure(named, "spec.target.resource", "write a plural resource name such as `rollouts`")
    }
}

/// A field that names a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct MappedDestination {
    /// Where the field is.
    pub query: FieldQuery,
    /// What the field's text is.
    #[serde(rename = "type")]
    pub kind: DestinationType,
    /// The provider whose region or bucket it is. Left out: those that `ClusterLocation` lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProviderName")]
    pub provider: Option<ProviderName>,
}

/// What a field's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum DestinationType {
    /// A host name or address, with or without a port.
    Host,
    /// A URL.
    Url,
    /// A cloud region.
    Region,
    /// An object-storage bucket. Its name alone tells no place.
    Bucket,
    /// A network.
    Cidr,
    /// A container registry to which something is pushed.
    Registry,
}

/// A field that holds a pod template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct MappedTemplate {
    /// Where the field is.
    pub query: FieldQuery,
    /// What is there.
    #[serde(default)]
    pub shape: TemplateShape,
}

/// What sits at a template's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TemplateShape {
    /// An object with `metadata` and `spec`, as in a Deployment.
    #[default]
    PodTemplate,
    /// A pod spec alone; the labels of the object that holds it are taken for the pod's.
    PodSpec,
}

/// What the operator makes of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationMappingStatus {
    /// Conditions; `Ready` when the mapping is in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
}
