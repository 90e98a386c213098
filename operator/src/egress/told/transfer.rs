//! Whether what a transfer declares is open in the network. (pure)

use bund_crds::NetworkPort;
use bund_crds::condition::PROGRAMMED;
use bund_crds::cross_border_transfer::{Destination, Place};
use bund_engine::cover::in_effect;
use bund_engine::egress::{NamespacePlan, PlannedPolicy, Selected, Why, transfer_mark};
use bund_engine::snapshot::TransferFacts;
use serde_json::Value;

use super::{State, first, with_conditions};
use crate::controller::condition::{Wanted, conditions};
use crate::egress::kind::Key;
use crate::index::OwnObject;

/// Places that are told.
const NAMED: usize = 8;

/// What is said wherever something is, or was, open.
const ENDS: &str = "a connection that is open when the transfer ends goes on until its pod ends";

/// The status of a transfer; `None` where it is not known what it declares.
pub(super) fn status(state: &State<'_>, namespace: &str, name: &str, stored: &OwnObject) -> Option<Value> {
    let transfer = state.view.snapshot.transfers().transfer(namespace, name)?;
    let wanted = [condition(state, transfer)];
    Some(Value::Object(with_conditions(conditions(&wanted, stored.generation, &stored.status, state.now))))
}

fn condition(state: &State<'_>, transfer: &TransferFacts) -> Wanted {
    let fails = |reason, message: String| Wanted::fails(PROGRAMMED, reason, message);
    if in_effect(transfer, &state.view.snapshot, state.now).is_none() {
        let message = format!("it is not in effect, so nothing is open for it; {ENDS}");
        return fails("NotInEffect", message);
    }
    let Some(plan) = state.wanted.plan_of(&transfer.namespace) else {
        let message =
            format!("egress of namespace {} is not closed, so nothing had to be opened", transfer.namespace);
        return fails("NotClosed", message);
    };
    let (networks, others) = places(transfer);
    let gateway = format!(
        "{} stays closed until there is an egress gateway: NetworkPolicies know addresses alone",
        first(&others, NAMED)
    );
    if networks.is_empty() {
        return fails("NeedsGateway", gateway);
    }
    match opened(state, plan, transfer) {
        Err(why) => fails("NotApplied", why),
        Ok(pods) => {
            let open = format!("open for {pods} pods: {}; {ENDS}", first(&networks, NAMED));
            if others.is_empty() {
                Wanted::holds(PROGRAMMED, "Opened", open)
            } else {
                fails("NeedsGateway", format!("{gateway}; {open}"))
            }
        }
    }
}

/// For how many pods its networks are open, or why they are not.
fn opened(state: &State<'_>, plan: &NamespacePlan, transfer: &TransferFacts) -> Result<u32, String> {
    let Some(uid) = &transfer.uid else { return Err("it has no uid".to_owned()) };
    let is_its =
        |policy: &&PlannedPolicy| matches!(&policy.selects, Selected::Sources(of) if **of == *uid.as_str());
    let Some(policy) = plan.policies.iter().find(is_its) else {
        let of_it = |why: &Why| matches!(why, Why::Transfer(name) if *name == transfer.name);
        let left = plan.left_closed.iter().find(|left| of_it(&left.asked_by));
        let why = left.map(|left| format!("{} stays closed: {}", left.what, left.reason));
        return Err(why.unwrap_or_else(|| "nothing is opened for it".to_owned()));
    };
    let key = Key::network(&plan.namespace, &policy.name);
    match state.missing.get(&key) {
        Some(Some(why)) => Err(format!("{key} could not be written: {why}; it is tried again")),
        Some(None) => Err(format!("{key} is being written")),
        None => Ok(state.wanted.sources.get(&transfer_mark(uid)).copied().unwrap_or_default()),
    }
}

/// Its networks, and what no NetworkPolicy can open.
fn places(transfer: &TransferFacts) -> (Vec<String>, Vec<String>) {
    let (mut networks, mut others) = (Vec::new(), Vec::new());
    for place in transfer.spec.destinations.iter().filter_map(Destination::place) {
        match place {
            Place::Network(network, ports) => networks.push(format!("{network} at {}", told(ports))),
            Place::Host(host) => others.push(format!("host {host}")),
            Place::Region(provider, region) => others.push(format!("region {region} of {provider}")),
        }
    }
    (networks, others)
}

fn told(ports: &[NetworkPort]) -> String {
    let ports = ports.iter().map(|NetworkPort { port, protocol }| format!("{protocol:?} {port}"));
    ports.collect::<Vec<_>>().join(", ")
}
