//! Label selectors, bounded, and refused where they would match everything by accident.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    LabelKey, Problem,
    problem::{count, ensure, length},
};

const MATCHES_ALMOST_EVERYTHING: &str = "this selector would match almost every object; ask for a label that must be there (matchLabels, In or Exists), or leave the selector out where that is meant";
const VALUES_FIT_OPERATOR: &str = "In and NotIn need values; Exists and DoesNotExist take none";

/// A selector over labels, with the meaning of `metav1.LabelSelector`: all entries are ANDed.
///
/// It must hold at least one entry that asks for a label to be there (`matchLabels`, `In` or
/// `Exists`): a selector that only says what must be absent matches almost every object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = ("(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && self.matchExpressions.exists(e, e.operator in ['In', 'Exists']))",
    MATCHES_ALMOST_EVERYTHING))]
pub struct LabelSelector {
    /// Labels that must be there with exactly these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "match_labels_schema")]
    pub match_labels: BTreeMap<LabelKey, LabelText>,
    /// Further requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub match_expressions: Vec<LabelRequirement>,
}

/// The text of a label's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct LabelText(#[schemars(length(max = 63))] pub String);

/// One requirement of a [`LabelSelector`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = ("self.operator in ['In', 'NotIn'] ? (has(self.values) && size(self.values) > 0) : (!has(self.values) || size(self.values) == 0)",
    VALUES_FIT_OPERATOR))]
pub struct LabelRequirement {
    /// The label's key.
    pub key: LabelKey,
    /// How the label is compared.
    pub operator: SelectorOperator,
    /// The values compared with; needed by `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub values: Vec<LabelText>,
}

/// How a [`LabelRequirement`] compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SelectorOperator {
    /// The label is there with one of the values.
    In,
    /// The label is absent or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl LabelSelector {
    /// Whether the selector asks for at least one label to be there.
    pub fn asks_for_presence(&self) -> bool {
        !self.match_labels.is_empty()
            || self
                .match_expressions
                .iter()
                .any(|e| matches!(e.operator, SelectorOperator::In | SelectorOperator::Exists))
    }

    /// The first rule that the selector at `field` breaks.
    pub(crate) fn check(&self, field: &str) -> Result<(), Problem> {
        let Self { match_labels, match_expressions } = self;
        let labels = format!("{field}.matchLabels");
        let keys: Vec<&LabelKey> = match_labels.keys().collect();
        count(&keys, 0, 32, &labels)?;
        for (key, value) in match_labels {
            length(&value.0, 0, 63, &format!("{labels}['{key}']"))?;
        }
        count(match_expressions, 0, 16, &format!("{field}.matchExpressions"))?;
        for (index, requirement) in match_expressions.iter().enumerate() {
            requirement.check(&format!("{field}.matchExpressions[{index}]"))?;
        }
        ensure(self.asks_for_presence(), field, MATCHES_ALMOST_EVERYTHING)
    }

    /// Whether `lookup` (the labels of an object) satisfies every entry.
    pub fn matches<'l>(&self, lookup: impl Fn(&str) -> Option<&'l str>) -> bool {
        let Self { match_labels, match_expressions } = self;
        match_labels.iter().all(|(key, value)| lookup(key.as_str()) == Some(value.0.as_str()))
            && match_expressions.iter().all(|e| e.matches(lookup(e.key.as_str())))
    }
}

impl LabelRequirement {
    fn check(&self, field: &str) -> Result<(), Problem> {
        let Self { key: _, operator, values } = self;
        let at = format!("{field}.values");
        count(values, 0, 64, &at)?;
        for (index, value) in values.iter().enumerate() {
            length(&value.0, 0, 63, &format!("{at}[{index}]"))?;
        }
        let needs_values = matches!(operator, SelectorOperator::In | SelectorOperator::NotIn);
        ensure(needs_values != values.is_empty(), field, VALUES_FIT_OPERATOR)
    }

    fn matches(&self, label: Option<&str>) -> bool {
        let listed = label.is_some_and(|label| self.values.iter().any(|v| v.0 == label));
        match self.operator {
            SelectorOperator::In => listed,
            SelectorOperator::NotIn => !listed,
            SelectorOperator::Exists => label.is_some(),
            SelectorOperator::DoesNotExist => label.is_none(),
        }
    }
}

/// The keys of a map cannot have a pattern in the schema of a custom resource; what reads the object checks them.
pub(crate) fn match_labels_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": { "type": "string", "maxLength": 63 }
    })
}
