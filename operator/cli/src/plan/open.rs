//! Whether a plan leaves something open, and why.

use std::collections::BTreeMap;

use bund_crds::Mode;
use bund_engine::{
    Snapshot, Timestamp,
    egress::{Allowed, NamespacePlan, Peer, Selected, Why, transfers_of},
};
use ipnet::IpNet;

use super::Workload;

/// What there is to compare with.
#[derive(Clone, Copy)]
pub(super) struct Open<'k> {
    pub(super) plans: &'k BTreeMap<&'k str, &'k NamespacePlan>,
    pub(super) workloads: &'k [Workload<'k>],
    pub(super) snapshot: &'k Snapshot,
    pub(super) now: Timestamp,
}

impl<'k> Open<'k> {
    /// The workloads of a namespace.
    pub(super) fn within(self, namespace: &'k str) -> impl Iterator<Item = &'k Workload<'k>> {
        self.workloads.iter().filter(move |workload| workload.namespace == namespace)
    }

    /// Everything that is open to the pods of a workload.
    fn allows(self, from: &Workload<'_>) -> Vec<&'k Allowed> {
        let Some(plan) = self.plans.get(from.namespace) else { return Vec::new() };
        let transfers = transfers_of(from.subject, self.snapshot, self.now);
        let selects = |selected: &Selected| match selected {
            Selected::Every => true,
            Selected::Holding(holds) => *holds == from.holds,
            Selected::Sources(uid) => transfers.iter().any(|transfer| transfer.as_str() == uid.as_ref()),
        };
        let policies = plan.policies.iter().filter(|policy| selects(&policy.selects));
        policies.flat_map(|policy| &policy.allows).collect()
    }

    /// Why the pods of one workload still reach those of another; otherwise why they do not.
    pub(super) fn pods(self, from: &Workload<'_>, to: &Workload<'_>) -> Result<String, String> {
        for allowed in self.allows(from) {
            let opens = allowed.to.iter().any(|peer| match peer {
                Peer::Network(_) => false,
                Peer::Holding(sets) => self.is_closed_like(from, to) && sets.contains(&to.holds),
                Peer::Pods { namespace, labels } => {
                    **namespace == *to.namespace
                        && labels.iter().all(|(key, value)| to.labels.get(key) == Some(value))
                }
            });
            if opens {
                return Ok(told(&allowed.why));
            }
        }
        Err(if self.is_closed_like(from, to) {
            let lacking: Vec<_> = from.holds.0.difference(&to.holds.0).map(ToString::to_string).collect();
            format!("{to} does not hold {}", lacking.join(", "))
        } else {
            format!("egress of namespace {} is not closed", to.namespace)
        })
    }

    /// Whether the pods of `to` are marked where those of `from` are.
    fn is_closed_like(self, from: &Workload<'_>, to: &Workload<'_>) -> bool {
        let mode = |workload: &Workload<'_>| self.plans.get(workload.namespace).map(|plan| plan.mode);
        match (mode(from), mode(to)) {
            (Some(Mode::Deny), to) => to == Some(Mode::Deny),
            (_, to) => to.is_some(),
        }
    }

    /// The same for a network as a whole.
    pub(super) fn network(self, from: &Workload<'_>, network: IpNet) -> Result<String, String> {
        let holds = |peer: &Peer| matches!(peer, Peer::Network(open) if open.contains(&network));
        let opened = self.allows(from).into_iter().find(|allowed| allowed.to.iter().any(holds));
        match opened {
            Some(Allowed { ports, why, .. }) if ports.is_empty() => Ok(told(why)),
            Some(Allowed { ports, why, .. }) => {
                let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
                Ok(format!("{}, at {}", told(why), ports.join(", ")))
            }
            None => Err("no policy allows its address, and no transfer opens it".to_owned()),
        }
    }
}

fn told(why: &Why) -> String {
    match why {
        Why::Dns => "names are asked for there".to_owned(),
        Why::ApiServer => "it is the API server".to_owned(),
        Why::Peers => "it holds at least the same".to_owned(),
        Why::Policy(name) => format!("ResidencyPolicy {name} allows it"),
        Why::Transfer(name) => format!("CrossBorderTransfer {name} opens it"),
    }
}
