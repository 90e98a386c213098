//! `bund plan egress`: what pods may reach by network where egress is closed, and what of what they declare to reach would
//! be cut. (pure)
//!
//! What is open, and what policies of others open besides, says the engine ([`bund_engine::egress`],
//! [`bund_engine::network_policy`]); this compares it with what is declared: by NetworkPolicies that others wrote, by Services
//! and hosts that settings of pods and their ConfigMaps name, and by the fields of mapped kinds. What programs do without
//! declaring it nobody can tell from here.

use std::collections::BTreeMap;

use bund_engine::{
    Timestamp,
    egress::{Holds, NamespacePlan, PlannedPolicy, manifest, plan},
};
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Inventory, Known, NotKnown};

mod mapped;
mod named;
mod network_policy;
mod open;
mod settings;
mod text;
mod widened;
mod workload;

pub use text::text;
pub use widened::Widened;

use open::Open;
use workload::Workload;

/// The form of the JSON document.
pub const VERSION: &str = "bund.dev/egress-plan/v1";

/// What is closed, and what would be cut.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressPlan {
    /// [`VERSION`].
    pub version: &'static str,
    /// When it was made: transfers are told as they stand at this moment.
    pub made_at: Timestamp,
    /// Every namespace in which something is to be closed, in order of name.
    pub namespaces: Vec<NamespaceEgress>,
    /// Kinds that could not be read, with why.
    pub not_known: Vec<NotKnown>,
    /// Objects of Bund that cannot be read, with why.
    pub unreadable: Vec<String>,
    /// The policies as they would be applied, in order of namespace and name.
    #[serde(skip)]
    pub manifests: Vec<Value>,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceEgress {
    /// What is open.
    #[serde(flatten)]
    pub plan: NamespacePlan,
    /// What its pods declare to reach, what would be cut first.
    pub declared: Vec<Declared>,
    /// What policies of others open besides, in order of policy.
    pub widened: Vec<Widened>,
}

/// Something that pods declare to reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared {
    /// Whether they still would.
    pub outcome: Outcome,
    /// What makes the pods, as `Kind name`.
    pub from: String,
    /// What they hold that must not leave.
    pub holds: Holds,
    /// Whom they reach.
    pub to: String,
    /// What declares it: an object, or a field.
    pub declared_by: String,
    /// Why it stays open or would be cut.
    pub why: String,
}

/// What becomes of something that is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Outcome {
    /// Nothing opens it.
    WouldBeCut,
    /// Something opens it.
    StaysOpen,
}

/// The plan of an inventory at `now`; of one namespace alone, where one is named.
pub fn egress(inventory: &Inventory, known: &Known, namespace: Option<&str>, now: Timestamp) -> EgressPlan {
    let snapshot = &known.snapshot;
    let plans = plan(snapshot, now);
    let by_name: BTreeMap<&str, &NamespacePlan> =
        plans.iter().map(|plan| (plan.namespace.as_ref(), plan)).collect();
    let workloads = workload::all(inventory, &by_name, snapshot);
    let open = Open { plans: &by_name, workloads: &workloads, snapshot, now };
    let asked = |plan: &&NamespacePlan| namespace.is_none_or(|asked| *plan.namespace == *asked);
    let namespaces = plans.iter().filter(asked).map(|plan| NamespaceEgress {
        declared: declared(inventory, plan, open),
        widened: widened::widened(plan, snapshot, now),
        plan: plan.clone(),
    });
    let as_object =
        |plan: &NamespacePlan, policy: &PlannedPolicy| manifest(policy, &plan.namespace, snapshot);
    let manifests = plans.iter().filter(asked);
    let manifests =
        manifests.flat_map(|plan| plan.policies.iter().map(move |policy| as_object(plan, policy)));
    EgressPlan {
        version: VERSION,
        made_at: now,
        namespaces: namespaces.collect(),
        not_known: crate::why::not_known(inventory),
        unreadable: known.unreadable.clone(),
        manifests: manifests.collect(),
    }
}

fn declared(inventory: &Inventory, plan: &NamespacePlan, open: Open<'_>) -> Vec<Declared> {
    let mut all = network_policy::declared(inventory, plan, open);
    all.extend(named::declared(inventory, plan, open));
    all.extend(mapped::declared(inventory, plan, open));
    all.sort();
    all.dedup();
    all
}

/// What a workload declares, as it turns out.
fn told(from: &Workload<'_>, to: String, declared_by: &str, outcome: Result<String, String>) -> Declared {
    let (outcome, why) = match outcome {
        Ok(why) => (Outcome::StaysOpen, why),
        Err(why) => (Outcome::WouldBeCut, why),
    };
    let declared_by = declared_by.to_owned();
    Declared { outcome, from: from.to_string(), holds: from.holds.clone(), to, declared_by, why }
}
