//! What happened, for the record.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, ClassName, CreditCode, Digest, Moment, Persons, Problem, TransferDecision, Uid,
    problem::{length, set},
};

const IMMUTABLE: &str = "what was recorded does not change";

/// What happened, for the record.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "LedgerEvent",
    plural = "ledgerevents",
    shortname = "le",
    category = "bund",
    derive = "PartialEq",
    doc = "LedgerEvent is something that happened, written once by the leader from what it observed. Its name is made of what happened, so that it is there once. A transfer is in effect only while the last of its events says so. Nobody else writes events; deleting one needs the verb `purge` on `transferrecords` of group bund.dev.",
    validation = ("self.spec == oldSelf.spec", IMMUTABLE),
    printcolumn(name = "Event", type_ = "string", json_path = ".spec.event"),
    printcolumn(name = "Namespace", type_ = "string", json_path = ".spec.transfer.namespace"),
    printcolumn(name = "Transfer", type_ = "string", json_path = ".spec.transfer.name"),
    printcolumn(name = "Observed", type_ = "date", json_path = ".spec.observedAt"),
    printcolumn(name = "Why", type_ = "string", json_path = ".spec.why", priority = 1)
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LedgerEventSpec {
    /// What happened.
    pub event: EventType,
    /// When the leader observed it.
    pub observed_at: Moment,
    /// Why, in a sentence.
    #[schemars(length(min = 1, max = 1024))]
    pub why: String,
    /// The transfer that it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RecordedTransfer")]
    pub transfer: Option<RecordedTransfer>,
    /// The decision that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RecordedDecision")]
    pub decision: Option<RecordedDecision>,
    /// The object that protects less, lost its class, or lets through what policies would refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RecordedObject")]
    pub object: Option<RecordedObject>,
    /// The classes that are concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub data_classes: Vec<ClassName>,
}

impl Check for LedgerEventSpec {
    fn check(&self, _: &str) -> Result<(), Problem> {
        let Self { event: _, observed_at: _, why, transfer, decision, object, data_classes } = self;
        length(why, 1, 1024, "spec.why")?;
        if let Some(transfer) = transfer {
            length(&transfer.namespace, 1, 63, "spec.transfer.namespace")?;
            length(&transfer.name, 1, 253, "spec.transfer.name")?;
            transfer.persons.check("spec.transfer.persons")?;
        }
        if let Some(RecordedDecision { name, uid: _, decision: _, username }) = decision {
            length(name, 1, 253, "spec.decision.name")?;
            length(username, 0, 256, "spec.decision.username")?;
        }
        if let Some(RecordedObject { kind, namespace, name, by }) = object {
            length(kind, 1, 63, "spec.object.kind")?;
            length(name, 1, 253, "spec.object.name")?;
            for (field, text) in [("namespace", namespace), ("by", by)] {
                if let Some(text) = text {
                    length(text, 1, 256, &format!("spec.object.{field}"))?;
                }
            }
        }
        set(data_classes, 0, 64, "spec.dataClasses")
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum EventType {
    /// A person decided on a transfer, and the decision counts.
    Decided,
    /// A decision does not count.
    DecisionRefused,
    /// A transfer took effect.
    Activated,
    /// A transfer is no longer in effect, and may come back.
    Suspended,
    /// A transfer that was suspended is in effect again.
    Resumed,
    /// A transfer ended because its time is over. It does not come back.
    Expired,
    /// A transfer was revoked, rejected while in effect, or deleted, or one of its decisions was. It does not come back.
    Revoked,
    /// Another transfer took the place of this one. It does not come back.
    Superseded,
    /// An object of ours protects less than before.
    ModeDowngraded,
    /// An object lost a class.
    Declassified,
    /// Somebody broke glass: for a while, what policies would refuse is let through.
    GlassBroken,
    /// Glass that was broken is whole again: its time was over, or it was deleted.
    GlassWhole,
}

/// A transfer at the time of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct RecordedTransfer {
    /// Its namespace.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its uid.
    pub uid: Uid,
    /// The digest of its exact text.
    pub digest: Digest,
    /// Which event of the transfer this is, among those that open and close it, from zero. For decisions the number of
    /// such events before it.
    pub sequence: u32,
    /// The exporter.
    pub exporter: CreditCode,
    /// The persons that it declares.
    pub persons: Persons,
    /// The uid of the transfer that it supersedes, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Uid")]
    pub supersedes: Option<Uid>,
    /// When it ends by itself.
    pub until: Moment,
}

/// A decision at the time of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct RecordedDecision {
    /// The name of the `TransferApproval`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its uid.
    pub uid: Uid,
    /// What was decided.
    pub decision: TransferDecision,
    /// Who decided; empty where nobody was stamped.
    #[schemars(length(max = 256))]
    pub username: String,
}

/// An object at the time of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct RecordedObject {
    /// Its kind.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Its namespace, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), with = "String")]
    pub namespace: Option<String>,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Who changed it, as far as its field managers tell; who broke glass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), with = "String")]
    pub by: Option<String>,
}
