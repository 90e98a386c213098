//! What happens to pods that run and break a rule.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Aspect, Check, Problem, problem::ensure};

/// What happens where something that runs breaks a rule. Admission never saw it: a class came later, a node moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Running {
    /// What happens to pods, per aspect of the rule that they break. What is left out is `Report`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Responses")]
    pub response: Option<Responses>,
    /// How pods are evicted, where they are. What is left out has the default that is named with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Eviction")]
    pub eviction: Option<Eviction>,
    /// What happens to nodes that are in none of the policy's jurisdictions. Left out: `Leave`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NodeResponse")]
    pub nodes: Option<NodeResponse>,
}

/// What happens to pods that break a rule, per aspect of the rule. Only rules of these aspects are broken by pods that run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Responses {
    /// Where they run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Response")]
    pub placement: Option<Response>,
    /// Where the volumes lie that they use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Response")]
    pub storage: Option<Response>,
}

/// What happens to a pod that breaks a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Response {
    /// It is reported and runs on.
    #[default]
    Report,
    /// It is evicted, within its disruption budgets and the limits of `eviction`. Only where the aspect is `Deny`:
    /// elsewhere the same pod would be made again.
    Evict,
}

/// The limits of evictions. Where several policies ask for the same one, each of their limits holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
pub struct Eviction {
    /// For how many seconds a rule has been broken before a pod is evicted for it. Left out: 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 86_400), with = "u32")]
    pub grace_seconds: Option<u32>,
    /// How many pods are evicted for this policy in any minute, evenly spaced. Left out: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600), with = "u32")]
    pub max_per_minute: Option<u32>,
    /// The share of the pods of one owner that may be unavailable because of an eviction, in percent and at least one
    /// pod. Pods that are not ready for other reasons count. Left out: 25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100), with = "u32")]
    pub max_unavailable_percent: Option<u32>,
}

/// What happens to a node that is in none of the policy's jurisdictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum NodeResponse {
    /// Nothing.
    #[default]
    Leave,
    /// It gets the taint `bund.dev/outside:NoSchedule`, where every node of the cluster should be inside or where pods run
    /// on it that may not, until it is inside again. Only while the policy denies placement somewhere.
    Taint,
}

/// The longest grace: a day.
const GRACE: std::ops::RangeInclusive<u32> = 0..=86_400;
/// The bounds of the cap per minute.
const PER_MINUTE: std::ops::RangeInclusive<u32> = 1..=600;
/// The bounds of the share.
const PERCENT: std::ops::RangeInclusive<u32> = 1..=100;

impl Check for Running {
    fn check(&self, _: &str) -> Result<(), Problem> {
        let Some(Eviction { grace_seconds, max_per_minute, max_unavailable_percent }) = self.eviction else {
            return Ok(());
        };
        let within = |value: Option<u32>, bounds: std::ops::RangeInclusive<u32>| {
            value.is_none_or(|value| bounds.contains(&value))
        };
        let field = |name: &str| format!("spec.running.eviction.{name}");
        ensure(within(grace_seconds, GRACE), field("graceSeconds"), "write 0 to 86400 seconds")?;
        ensure(within(max_per_minute, PER_MINUTE), field("maxPerMinute"), "write 1 to 600")?;
        ensure(within(max_unavailable_percent, PERCENT), field("maxUnavailablePercent"), "write 1 to 100")
    }
}

impl Running {
    /// What happens to a pod that breaks a rule of `aspect`.
    pub fn response(&self, aspect: Aspect) -> Response {
        let Responses { placement, storage } = self.response.unwrap_or_default();
        let named = match aspect {
            Aspect::Placement => placement,
            Aspect::Storage => storage,
            Aspect::Network
            | Aspect::Egress
            | Aspect::Connect
            | Aspect::Hints
            | Aspect::Safeguards
            | Aspect::Exposure => None,
        };
        named.unwrap_or_default()
    }

    /// The limits of evictions.
    pub fn eviction(&self) -> Eviction {
        self.eviction.unwrap_or_default()
    }

    /// What happens to nodes outside.
    pub fn nodes(&self) -> NodeResponse {
        self.nodes.unwrap_or_default()
    }
}

impl Eviction {
    /// For how long a rule has been broken before a pod is evicted for it.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds.unwrap_or(300).into())
    }

    /// From one eviction to the next at least.
    pub fn interval(&self) -> Duration {
        Duration::from_mins(1) / self.max_per_minute.unwrap_or(10).max(1)
    }

    /// How many of `desired` pods may be unavailable because of an eviction.
    pub fn may_be_unavailable(&self, desired: u32) -> u32 {
        let percent = self.max_unavailable_percent.unwrap_or(25).min(100);
        (u64::from(desired) * u64::from(percent) / 100).max(1).try_into().unwrap_or(u32::MAX)
    }
}
