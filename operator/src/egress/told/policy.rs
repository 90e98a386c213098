//! Where a policy closes egress, and the condition that tells it. (pure)

use std::collections::BTreeMap;

use bund_crds::condition::EGRESS_CLOSED;
use bund_crds::egress::{EgressStatus, StaysClosed};
use bund_crds::{Aspect, Mode};
use bund_engine::egress::{NamespacePlan, Why};
use bund_engine::select::policies_in;
use serde_json::{Value, json};

use super::{State, first, with_conditions};
use crate::controller::condition::{Wanted, conditions};
use crate::index::OwnObject;

/// Namespaces and policies that are told by name.
const NAMED: usize = 5;
/// Things that stay closed, of those that are listed.
const LISTED: usize = 20;
/// The longest texts of them, in characters.
const WHAT_LIMIT: usize = 512;
const REASON_LIMIT: usize = 1024;

/// What nobody who asks the API server can know.
const UNSEEN: &str = "whether the cluster's network enforces NetworkPolicies cannot be seen here; `bund preflight` tells what is known of it";

/// The namespaces that a policy closes, and would, in order.
#[derive(Debug, Default)]
pub(super) struct Reach<'s> {
    name: &'s str,
    closed: Vec<&'s NamespacePlan>,
    planned: Vec<&'s NamespacePlan>,
}

impl<'s> Reach<'s> {
    /// That of every policy, by name.
    pub(super) fn of_policies(state: &State<'s>) -> BTreeMap<&'s str, Self> {
        let snapshot = &state.view.snapshot;
        let names = snapshot.world().policies().map(|policy| policy.name.as_str());
        let mut reaches: BTreeMap<_, _> =
            names.map(|name| (name, Self { name, ..Self::default() })).collect();
        for plan in &state.wanted.plans {
            for policy in policies_in(snapshot, &plan.namespace) {
                let Some(reach) = reaches.get_mut(policy.name.as_str()) else { continue };
                match (policy.mode(Aspect::Egress, &plan.namespace), plan.mode) {
                    (Mode::Deny, Mode::Deny) => reach.closed.push(plan),
                    // It asks for less than others do there.
                    (_, Mode::Deny) => {}
                    _ => reach.planned.push(plan),
                }
            }
        }
        reaches
    }

    /// The status of the policy, where `stored` is what is stored of it.
    pub(super) fn status(&self, state: &State<'_>, stored: &OwnObject) -> Value {
        let wanted = [self.condition(state)];
        let mut status = with_conditions(conditions(&wanted, stored.generation, &stored.status, state.now));
        let count = |plans: &[&NamespacePlan]| u32::try_from(plans.len()).unwrap_or(u32::MAX);
        let egress = EgressStatus {
            closed: count(&self.closed),
            planned: count(&self.planned),
            left_closed: self.left_closed().take(LISTED).collect(),
        };
        status.insert("egress".to_owned(), json!(egress));
        Value::Object(status)
    }

    /// What this policy asked for, or a transfer where it closes, and what stays closed.
    fn left_closed(&self) -> impl Iterator<Item = StaysClosed> {
        let concerns = |why: &Why| match why {
            Why::Policy(name) => name.as_ref() == self.name,
            Why::Dns | Why::ApiServer | Why::Peers | Why::Transfer(_) => true,
        };
        self.closed.iter().chain(&self.planned).flat_map(move |plan| {
            let left = plan.left_closed.iter().filter(move |left| concerns(&left.asked_by));
            left.map(|left| StaysClosed {
                namespace: plan.namespace.to_string(),
                what: left.what.chars().take(WHAT_LIMIT).collect(),
                reason: left.reason.chars().take(REASON_LIMIT).collect(),
            })
        })
    }

    fn condition(&self, state: &State<'_>) -> Wanted {
        let closed = names(&self.closed);
        let missing: Vec<_> = self.missing(state).collect();
        if !missing.is_empty() {
            let message = format!("not as Bund writes it: {}; it is tried again", first(&missing, NAMED));
            return Wanted::fails(EGRESS_CLOSED, "NotApplied", message);
        }
        if let Some(widened) = state.widened.iter().find(|(name, _)| name.as_str() == self.name) {
            let message = format!(
                "closed but for what these open: {}; delete them, or take out \
                 what nothing allows",
                first(widened.1, NAMED)
            );
            return Wanted::fails(EGRESS_CLOSED, "Widened", message);
        }
        if !closed.is_empty() {
            let message = format!("closed: {}; {UNSEEN}", first(&closed, NAMED));
            return Wanted::holds(EGRESS_CLOSED, "Closed", message);
        }
        let planned = names(&self.planned);
        if !planned.is_empty() {
            let message = format!(
                "nothing is closed, because egress is not Deny; with Deny these would be: {}. `bund plan egress` tells what \
                 that would cut",
                first(&planned, NAMED)
            );
            return Wanted::fails(EGRESS_CLOSED, "PlanOnly", message);
        }
        Wanted::holds(
            EGRESS_CLOSED,
            "NothingToClose",
            "nothing holds a class that it keeps, so nothing had to be closed",
        )
    }

    /// The policies of its closed namespaces that are not stored as they should be, each with why.
    fn missing(&self, state: &State<'_>) -> impl Iterator<Item = String> {
        // They come in order of namespace.
        let here =
            |namespace: &str| self.closed.binary_search_by(|plan| (*plan.namespace).cmp(namespace)).is_ok();
        state.missing.iter().filter(move |(key, _)| here(&key.namespace)).map(|(key, why)| match why {
            Some(why) => format!("{key} ({why})"),
            None => key.to_string(),
        })
    }
}

fn names(plans: &[&NamespacePlan]) -> Vec<String> {
    plans.iter().map(|plan| plan.namespace.to_string()).collect()
}
