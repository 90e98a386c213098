//! The record outside of the cluster, as the cluster remembers it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, Moment, Problem,
    condition::conditions_schema,
    problem::{ensure, length},
};

/// The name of the one object.
pub const NAME: &str = "bund";
const ONE: &str = "a cluster has one ledger; its object is called `bund`";
const IMMUTABLE: &str = "the name of a ledger does not change";

/// The record outside of the cluster, as the cluster remembers it. There is one, named `bund`.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "Ledger",
    plural = "ledgers",
    shortname = "ldg",
    category = "bund",
    status = "LedgerStatus",
    derive = "PartialEq",
    doc = "Ledger is the record outside of the cluster, as the cluster remembers it: its last checkpoint, which what is stored must have grown from, and whether it takes entries. There is one, named `bund`, written by the leader where a ledger is configured. Nobody else writes it; deleting it needs the verb `purge` on `transferrecords` of group bund.dev.",
    validation = ("self.metadata.name == 'bund'", ONE),
    validation = ("self.spec == oldSelf.spec", IMMUTABLE),
    printcolumn(name = "Ledger", type_ = "string", json_path = ".spec.name"),
    printcolumn(name = "Shard", type_ = "string", json_path = ".status.shard"),
    printcolumn(name = "Entries", type_ = "integer", json_path = ".status.size"),
    printcolumn(name = "Pending", type_ = "integer", json_path = ".status.pending"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Published", type_ = "date", json_path = ".status.publishedAt"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LedgerSpec {
    /// What the ledger is called. Its checkpoints and keys bear this name.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
}

impl Check for LedgerSpec {
    fn check(&self, object: &str) -> Result<(), Problem> {
        let Self { name } = self;
        ensure(object == NAME, "metadata.name", ONE)?;
        length(name, 1, 200, "spec.name")
    }
}

/// What the leader knows of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerStatus {
    /// Conditions; `Ready` while the ledger is open and takes entries, `Complete` while it holds every `LedgerEvent`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The shard that entries come into: a year, and after a loss the number of the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), with = "String")]
    pub shard: Option<String>,
    /// As many entries as the last checkpoint is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0), with = "i64")]
    pub size: Option<u64>,
    /// The last checkpoint, as it was signed (C2SP tlog-checkpoint). A store that did not grow from it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384), with = "String")]
    pub checkpoint: Option<String>,
    /// When the last checkpoint was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Moment")]
    pub published_at: Option<Moment>,
    /// How many LedgerEvents are not in the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0), with = "i64")]
    pub pending: Option<u64>,
}
