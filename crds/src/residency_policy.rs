//! Which data must stay where.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, ClassName, Egress, Enforcement, JurisdictionName, LabelSelector, NamespaceName, Problem, Running,
    condition::conditions_schema,
    egress::EgressStatus,
    problem::{count, ensure, length, set, unique},
};

/// Which classes of data must stay in which jurisdictions, and how that is enforced.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "ResidencyPolicy",
    plural = "residencypolicies",
    shortname = "rpol",
    category = "bund",
    status = "ResidencyPolicyStatus",
    derive = "PartialEq",
    doc = "ResidencyPolicy keeps classes of data in jurisdictions. Where several policies keep the same class, all of them hold: the data must stay in the intersection.",
    printcolumn(name = "Classes", type_ = "string", json_path = ".spec.dataClasses", priority = 1),
    printcolumn(name = "Jurisdictions", type_ = "string", json_path = ".spec.jurisdictions"),
    printcolumn(name = "Placement", type_ = "string", json_path = ".spec.enforcement.placement"),
    printcolumn(name = "Strategy", type_ = "string", json_path = ".spec.placementStrategy"),
    printcolumn(name = "Violating", type_ = "integer", json_path = ".status.violating.count"),
    printcolumn(name = "Would deny", type_ = "integer", json_path = ".status.wouldDeny.count"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResidencyPolicySpec {
    /// The classes that must stay, by name. A class label that no `DataClass` declares is kept by every
    /// policy that applies in its namespace.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub data_classes: Vec<ClassName>,
    /// The jurisdictions in which they may be: any of them.
    #[schemars(length(min = 1, max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub jurisdictions: Vec<JurisdictionName>,
    /// The guarded namespaces in which the policy applies, by their labels. Left out: every guarded namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub namespace_selector: Option<LabelSelector>,
    /// How findings are enforced, per aspect. What is left out is `Audit`; `hints` is `Warn`.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Modes that hold in some namespaces instead. The first entry that names a namespace and an aspect counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub overrides: Vec<EnforcementOverride>,
    /// What happens to pods that could run outside because they do not say where to run.
    #[serde(default)]
    pub placement_strategy: PlacementStrategy,
    /// What happens where something that runs breaks a rule. Left out: it is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Running")]
    pub running: Option<Running>,
    /// What pods that hold these classes may reach by network where `egress` is `Deny`, and which of them may escape it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Egress")]
    pub egress: Option<Egress>,
    /// Who must approve cross-border transfers of these classes. Left out: one person who holds the right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ApprovalRule")]
    pub approval: Option<ApprovalRule>,
    /// Service accounts, and people who hold a right by wildcard, that hold it for these classes all the same, where RBAC
    /// gives it to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["username"]))]
    pub trusted_subjects: Vec<TrustedSubject>,
}

impl Check for ResidencyPolicySpec {
    fn check(&self, _: &str) -> Result<(), Problem> {
        let Self {
            data_classes,
            jurisdictions,
            namespace_selector,
            enforcement: _,
            overrides,
            placement_strategy: _,
            running,
            egress,
            approval,
            trusted_subjects,
        } = self;
        set(data_classes, 1, 64, "spec.dataClasses")?;
        set(jurisdictions, 1, 8, "spec.jurisdictions")?;
        if let Some(selector) = namespace_selector {
            selector.check("spec.namespaceSelector")?;
        }
        count(overrides, 0, 64, "spec.overrides")?;
        for (index, EnforcementOverride { namespaces, enforcement: _ }) in overrides.iter().enumerate() {
            set(namespaces, 1, 64, &format!("spec.overrides[{index}].namespaces"))?;
        }
        running.as_ref().map_or(Ok(()), |running| running.check(""))?;
        egress.as_ref().map_or(Ok(()), |egress| egress.check("spec.egress"))?;
        if let Some(ApprovalRule { approvers, groups }) = approval {
            ensure((1..=8).contains(approvers), "spec.approval.approvers", "write 1 to 8")?;
            set(groups, 0, 16, "spec.approval.groups")?;
            for (index, group) in groups.iter().enumerate() {
                length(group, 1, 256, &format!("spec.approval.groups[{index}]"))?;
            }
        }
        count(trusted_subjects, 0, 32, "spec.trustedSubjects")?;
        unique(trusted_subjects, |subject| &subject.username, "spec.trustedSubjects")?;
        for (index, TrustedSubject { username, rights }) in trusted_subjects.iter().enumerate() {
            length(username, 1, 256, &format!("spec.trustedSubjects[{index}].username"))?;
            set(rights, 1, 3, &format!("spec.trustedSubjects[{index}].rights"))?;
        }
        Ok(())
    }
}

/// Who must approve a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct ApprovalRule {
    /// How many people must approve, each of them once.
    #[schemars(range(min = 1, max = 8))]
    pub approvers: u8,
    /// The groups out of which they must be: any of them. Left out: anybody who holds the right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub groups: Vec<String>,
}

/// Somebody who holds a right although nobody in their place would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct TrustedSubject {
    /// The user name, such as `system:serviceaccount:ci:release`.
    #[schemars(length(min = 1, max = 256))]
    pub username: String,
    /// The rights.
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "set"))]
    pub rights: Vec<Right>,
}

/// A right on classes of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Right {
    /// To decide on transfers.
    Approve,
    /// To take a class away.
    Declassify,
    /// To connect into what holds a class.
    Connect,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "Approve",
            Self::Declassify => "Declassify",
            Self::Connect => "Connect",
        })
    }
}

/// Modes for some namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct EnforcementOverride {
    /// The namespaces, by name.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub namespaces: Vec<NamespaceName>,
    /// The modes. An aspect that is left out keeps the policy's own mode.
    pub enforcement: Enforcement,
}

/// What happens to pods that do not say where to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum PlacementStrategy {
    /// Pods get a node affinity that confines them; templates stay as they are. Only in `Mixed` clusters, and
    /// only where placement is `Deny`. DaemonSets must confine themselves.
    #[default]
    Inject,
    /// Pods and templates that do not confine themselves are refused.
    Require,
}

impl fmt::Display for PlacementStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inject => "Inject",
            Self::Require => "Require",
        })
    }
}

/// What the operator sees of a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResidencyPolicyStatus {
    /// Conditions; `Ready` when the policy is in force, `ResolvedRefs` when its classes and jurisdictions exist,
    /// `Compliant` when nothing that exists breaks a rule of it, `Responding` when it can do what `running` asks for,
    /// `EgressClosed` when nothing that it keeps can leave by network where it denies that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// How many workloads, pods without one and volumes hold a class that the policy keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub covered: Option<u32>,
    /// What of it breaks a rule now, whatever the mode; since when says the condition `Compliant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Owners")]
    pub violating: Option<Owners>,
    /// What exists now and would be refused if every aspect of this policy were `Deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Owners")]
    pub would_deny: Option<Owners>,
    /// Where the policy closes egress, and where it would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EgressStatus")]
    pub egress: Option<EgressStatus>,
}

/// Workloads, pods without one and volumes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Owners {
    /// How many there are.
    pub count: u32,
    /// Up to twenty of them, in order of namespace, kind and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub first: Vec<OwnerFinding>,
}

/// A workload, a pod without one or a volume, with what is wrong first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct OwnerFinding {
    /// Its namespace.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// Its kind.
    #[schemars(length(max = 63))]
    pub kind: String,
    /// Its name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// The first reason.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// The field at fault.
    #[schemars(length(max = 512))]
    pub field: String,
}
