//! What the floor knows: the parameters of the in-tree policy that refuses while no process of ours runs.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{ClassName, JurisdictionName, LabelSelector, NamespaceName, PolicyName};

/// Policies of one object, at most.
pub const POLICIES: usize = 100;
/// Declared classes, at most. Where there are more, the floor passes undeclared ones.
pub const DECLARED_CLASSES: usize = 1000;
/// Nodes that are told by name, at most. Where there are more, the floor does not look at `spec.nodeName`.
pub const NODES: usize = 2000;
/// Region ids and codes, at most. Where there are more, the floor asks nothing of pods that name no node.
pub const REGIONS: usize = 4096;
/// Namespaces with a mode of their own, at most, in all policies of one object: as many as one policy can name.
pub const OVERRIDDEN: usize = 64 * 64;
/// Namespaces in which glass is broken, at most. In those beyond it stays whole for the floor.
pub const BROKEN_IN: usize = 1000;
/// Namespaces with a transfer in effect, at most. In those beyond the floor refuses what a transfer covers.
pub const TRANSFERRING: usize = 500;
/// Transfers of one namespace, at most: those that last longest.
pub const TRANSFERS: usize = 32;
/// Stands for every namespace in [`FloorParametersSpec::broken_glass`].
pub const EVERYWHERE: &str = "*";

/// What the floor knows of the policies that keep data in the same jurisdictions.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "FloorParameters",
    plural = "floorparameters",
    shortname = "floor",
    derive = "PartialEq",
    doc = "FloorParameters are written by Bund alone: the policies that deny placement somewhere, by the jurisdictions in which they keep data. The in-tree policy `bund-floor` reads them, so that the API server refuses the plain cases while no process of Bund runs. Change the ResidencyPolicy; an edit here is refused.",
    printcolumn(name = "Jurisdictions", type_ = "string", json_path = ".spec.jurisdictions"),
    printcolumn(name = "Unplaced pods", type_ = "string", json_path = ".spec.unplaced"),
    printcolumn(name = "Policies", type_ = "string", json_path = ".spec.policies[*].name"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FloorParametersSpec {
    /// The policies that deny placement somewhere.
    #[schemars(length(min = 1, max = 100), extend("x-kubernetes-list-type" = "atomic"))]
    pub policies: Vec<FloorPolicy>,
    /// The classes that are declared: any other is kept by every policy. Left out where there are more than 1000; then
    /// only those are kept that policies name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ClassName>", length(max = 1000), extend("x-kubernetes-list-type" = "atomic"))]
    pub declared_classes: Option<Vec<ClassName>>,
    /// Where the data may be.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub jurisdictions: Vec<JurisdictionName>,
    /// What is asked of pods that name no node.
    pub unplaced: Unplaced,
    /// The node labels that can confine a pod, and what they say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "keys_schema")]
    pub keys: BTreeMap<String, KeyKind>,
    /// The region ids and codes that are inside, each with its jurisdiction.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "regions_schema")]
    pub regions: BTreeMap<String, JurisdictionName>,
    /// The nodes that are inside; a pod that names another is refused. Left out where every node is inside that does
    /// not contradict, and where there are more than 2000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "nodes_schema")]
    pub nodes_inside: Option<BTreeMap<String, JurisdictionName>>,
    /// The nodes that are not inside where every other node is; a pod that names one is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2000), inner(length(max = 253)), extend("x-kubernetes-list-type" = "atomic"))]
    pub nodes_not_inside: Vec<String>,
    /// What a refused pod is told to write.
    #[schemars(length(max = 512))]
    pub remedy: String,
    /// Until when glass is broken, by namespace; `*` stands for all of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "broken_glass_schema")]
    pub broken_glass: BTreeMap<String, Time>,
    /// The cross-border transfers that are in effect, by namespace. A pod of which one carries every class is left to
    /// the webhook, which knows where the transfer leads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "transfers_schema")]
    pub transfers: BTreeMap<String, Vec<FloorTransfer>>,
}

/// What the floor knows of a `CrossBorderTransfer` that is in effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct FloorTransfer {
    /// The classes that it carries.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub classes: Vec<ClassName>,
    /// Until when it is in effect.
    #[schemars(schema_with = "end_schema")]
    pub until: Time,
}

/// What the floor knows of one `ResidencyPolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct FloorPolicy {
    /// Its name.
    pub name: PolicyName,
    /// The classes that it keeps.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub classes: Vec<ClassName>,
    /// The guarded namespaces in which it applies, by their labels. Left out: every guarded namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub namespace_selector: Option<LabelSelector>,
    /// Whether placement is `Deny` in the namespaces that `overridden` does not name.
    pub denies: bool,
    /// The namespaces in which it is the other way round.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4096), extend("x-kubernetes-list-type" = "atomic"))]
    pub overridden: Vec<NamespaceName>,
}

/// What is asked of pods that name no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Unplaced {
    /// That no node outside could satisfy them.
    Confined,
    /// Nothing: every node is inside, or there are too many regions to tell.
    Free,
}

/// What a node label says about a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum KeyKind {
    /// The region.
    Region,
    /// The zone, which begins with the region.
    Zone,
    /// The jurisdiction, declared by an administrator.
    Jurisdiction,
}

fn keys_schema(_: &mut SchemaGenerator) -> Schema {
    let values = json_schema!({ "type": "string", "enum": ["Region", "Zone", "Jurisdiction"] });
    map_schema("The node labels that can confine a pod, and what they say.", 32, &values)
}

fn regions_schema(_: &mut SchemaGenerator) -> Schema {
    let description = "The region ids and codes that are inside, each with its jurisdiction.";
    map_schema(description, REGIONS, &json_schema!({ "type": "string", "maxLength": 63 }))
}

fn nodes_schema(_: &mut SchemaGenerator) -> Schema {
    let description = "The nodes that are inside, each with its jurisdiction; a pod that names another is refused. Left \
                       out where every node is inside that does not contradict, and where there are more than 2000.";
    map_schema(description, NODES, &json_schema!({ "type": "string", "maxLength": 63 }))
}

fn broken_glass_schema(_: &mut SchemaGenerator) -> Schema {
    let description = "Until when glass is broken, by namespace; `*` stands for all of them.";
    map_schema(description, BROKEN_IN + 1, &time_schema())
}

fn time_schema() -> Schema {
    json_schema!({ "type": "string", "format": "date-time", "maxLength": 32 })
}

fn end_schema(_: &mut SchemaGenerator) -> Schema {
    let mut schema = time_schema();
    schema.insert("description".to_owned(), "Until when it is in effect.".into());
    schema
}

fn transfers_schema(generator: &mut SchemaGenerator) -> Schema {
    let description = "The cross-border transfers that are in effect, by namespace. A pod of which one carries every \
                       class is left to the webhook, which knows where the transfer leads.";
    let transfer = generator.subschema_for::<FloorTransfer>();
    let values = json_schema!({
        "type": "array", "items": transfer, "maxItems": TRANSFERS, "x-kubernetes-list-type": "atomic",
    });
    map_schema(description, TRANSFERRING, &values)
}

/// A map that is written as a whole: its field manager owns it, not each of its entries.
fn map_schema(description: &str, entries: usize, values: &Schema) -> Schema {
    json_schema!({
        "type": "object",
        "description": description,
        "maxProperties": entries,
        "additionalProperties": values,
        "x-kubernetes-map-type": "atomic",
    })
}
