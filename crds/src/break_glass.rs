//! The emergency exit.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Check, NamespaceName, Problem,
    condition::conditions_schema,
    problem::{ensure, length, set},
};

/// The longest time for which glass stays broken, in minutes: a day.
pub const LONGEST_MINUTES: u16 = 24 * 60;
const IMMUTABLE: &str = "what glass was broken for does not change; delete this object, and create another";
const MINUTES: &str = "must be from 1 to 1440; an emergency that lasts longer is a change of policy";

/// Lets through, for some time, what policies would refuse.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "bund.dev",
    version = "v1alpha1",
    kind = "BreakGlass",
    plural = "breakglasses",
    shortname = "bg",
    category = "bund",
    status = "BreakGlassStatus",
    derive = "PartialEq",
    doc = "BreakGlass lets through, for some minutes, what policies would refuse: Deny acts as Warn, and every answer, every policy and every metric says so. Creating one needs the verb `breakglass` on `enforcements` of group bund.dev. It takes effect when it is created, ends by itself, and ends at once when it is deleted.",
    validation = ("self.spec == oldSelf.spec", IMMUTABLE),
    printcolumn(name = "Requested by", type_ = "string", json_path = ".spec.requestedBy"),
    printcolumn(name = "Namespaces", type_ = "string", json_path = ".spec.namespaces"),
    printcolumn(name = "Until", type_ = "date", json_path = ".status.until"),
    printcolumn(name = "Active", type_ = "string", json_path = ".status.conditions[?(@.type=='Active')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".spec.reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BreakGlassSpec {
    /// Why, for whoever reads the record: the incident, and what must be done.
    #[schemars(length(min = 10, max = 1024))]
    pub reason: String,
    /// Who asks for it: the user name with which the object is created. Service accounts do not break glass.
    #[schemars(length(min = 1, max = 256))]
    pub requested_by: String,
    /// The namespaces in which Deny acts as Warn. Left out: every guarded namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub namespaces: Vec<NamespaceName>,
    /// For how many minutes, from the creation of the object on.
    #[schemars(range(min = 1, max = 1440))]
    pub duration_minutes: u16,
}

impl Check for BreakGlassSpec {
    fn check(&self, _: &str) -> Result<(), Problem> {
        let Self { reason, requested_by, namespaces, duration_minutes } = self;
        length(reason, 10, 1024, "spec.reason")?;
        length(requested_by, 1, 256, "spec.requestedBy")?;
        set(namespaces, 0, 64, "spec.namespaces")?;
        ensure((1..=LONGEST_MINUTES).contains(duration_minutes), "spec.durationMinutes", MINUTES)
    }
}

/// What the operator sees of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakGlassStatus {
    /// Conditions; `Active` while it is in effect, `Ready` when it is understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"), with = "String")]
    pub until: Option<Time>,
}
