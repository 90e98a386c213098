//! One person's decision on one exact transfer.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, ClassName, Digest, Problem, Uid,
    problem::{ensure, length, set},
};

const IMMUTABLE: &str =
    "a decision does not change; create another TransferApproval, Revoked for one that no longer holds";
const WHY: &str = "say why in spec.reason, for whoever reads the record";

/// One person's decision on one exact transfer.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "TransferApproval",
    plural = "transferapprovals",
    shortname = "tap",
    category = "bund",
    namespaced,
    derive = "PartialEq",
    doc = "TransferApproval is one person's decision on one exact cross-border transfer, bound to it by uid and digest. Who decides is stamped from the request. It needs the verb `approve` on `transferauthorities/<class>` of group bund.dev for every class of the transfer; revoking also works for who requested the transfer. Deleting it revokes it. It does not belong in Git.",
    validation = ("self.spec == oldSelf.spec", IMMUTABLE),
    printcolumn(name = "Transfer", type_ = "string", json_path = ".spec.transfer.name"),
    printcolumn(name = "Decision", type_ = "string", json_path = ".spec.decision"),
    printcolumn(name = "Approver", type_ = "string", json_path = ".spec.approver.username"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = ("self.decision == 'Approved' || has(self.reason)", WHY))]
pub struct TransferApprovalSpec {
    /// The transfer.
    pub transfer: ApprovedTransfer,
    /// Its classes, every one of them: the right to decide is asked for each.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "set"))]
    pub data_classes: Vec<ClassName>,
    /// What is decided.
    pub decision: TransferDecision,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), with = "String")]
    pub reason: Option<String>,
    /// Who decides. Leave it out: it is stamped from the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Approver")]
    pub approver: Option<Approver>,
}

impl Check for TransferApprovalSpec {
    fn check(&self, _: &str) -> Result<(), Problem> {
        let Self { transfer, data_classes, decision, reason, approver } = self;
        length(&transfer.name, 1, 253, "spec.transfer.name")?;
        set(data_classes, 1, 16, "spec.dataClasses")?;
        let explained = *decision == TransferDecision::Approved || reason.is_some();
        ensure(explained, "spec.reason", WHY)?;
        if let Some(reason) = reason {
            length(reason, 1, 1024, "spec.reason")?;
        }
        approver.as_ref().map_or(Ok(()), Approver::check)
    }
}

/// The exact transfer that is decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct ApprovedTransfer {
    /// Its name, in the namespace of the decision.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its uid: another transfer of the same name is another transfer.
    pub uid: Uid,
    /// The SHA-256 of its exact text, as its status and `bund transfer status` tell it.
    pub digest: Digest,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TransferDecision {
    /// The transfer may take effect, as far as this person is concerned.
    Approved,
    /// The transfer never takes effect. This is final.
    Rejected,
    /// The transfer ends at once, and does not come back.
    Revoked,
}

/// Who decided, as the API server knew them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Approver {
    /// The user name.
    #[schemars(length(min = 1, max = 256))]
    pub username: String,
    /// The uid, where the authenticator gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), with = "String")]
    pub uid: Option<String>,
    /// The groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 256)))]
    pub groups: Vec<String>,
    /// The credential with which the request was made (`authentication.kubernetes.io/credential-id`). Absent where the
    /// authenticator names none, and where somebody acts as somebody else (`kubectl --as`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), with = "String")]
    pub credential: Option<String>,
}

impl Approver {
    fn check(&self) -> Result<(), Problem> {
        let Self { username, uid, groups, credential } = self;
        length(username, 1, 256, "spec.approver.username")?;
        for (field, text) in [("uid", uid), ("credential", credential)] {
            if let Some(text) = text {
                length(text, 1, 256, &format!("spec.approver.{field}"))?;
            }
        }
        crate::problem::count(groups, 0, 256, "spec.approver.groups")?;
        for (index, group) in groups.iter().enumerate() {
            length(group, 0, 256, &format!("spec.approver.groups[{index}]"))?;
        }
        Ok(())
    }
}
