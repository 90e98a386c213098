//! From what is known to the policies of each namespace.

use alloc::{boxed::Box, collections::BTreeSet, format, vec::Vec};

use super::{
    Allowed, LeftClosed, NamespacePlan, Peer, PlannedPolicy, Selected, Survey, Why,
    closing::{Closed, Closing},
    mark::in_name,
    opening, survey,
};
use crate::{Snapshot, Timestamp, cover::in_effect};

/// The label by which Bund's own policies are known, and its value.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "bund");

/// The policy of every pod, and the beginning of the names of the others but those of transfers.
const EVERY: &str = "bund-egress";
/// The beginning of the names of the policies of transfers.
const TRANSFER: &str = "bund-transfer";

/// What may be reached from every namespace in which something is to be closed, in order of name. It looks at every pod.
pub fn plan(snapshot: &Snapshot, now: Timestamp) -> Vec<NamespacePlan> {
    let survey = survey(snapshot);
    let planned = survey.namespaces().filter_map(|namespace| in_survey(namespace, &survey, snapshot, now));
    planned.collect()
}

/// What may be reached from one namespace: as [`plan`] has it, and at the same cost. `None` where nothing is to be closed.
pub fn plan_of(namespace: &str, snapshot: &Snapshot, now: Timestamp) -> Option<NamespacePlan> {
    let closing = snapshot.namespace(namespace).and(Closing::in_namespace(namespace, snapshot));
    closing.and_then(|_| in_survey(namespace, &survey(snapshot), snapshot, now))
}

/// The same, as if there were no other namespace: all that is open but the peers elsewhere. It looks at the pods of the
/// namespace alone, so that a single request can afford it.
pub fn openings_of(namespace: &str, snapshot: &Snapshot, now: Timestamp) -> Option<NamespacePlan> {
    in_survey(namespace, &Survey::of(namespace, snapshot), snapshot, now)
}

fn in_survey(namespace: &str, survey: &Survey, snapshot: &Snapshot, now: Timestamp) -> Option<NamespacePlan> {
    let closed = survey.closed(namespace)?;
    let closing = Closing::in_namespace(namespace, snapshot)?;
    let mut left_closed = BTreeSet::new();
    let mut policies = Vec::from([PlannedPolicy {
        name: EVERY.into(),
        selects: Selected::Every,
        allows: opening::of_everybody(Some(&closing), snapshot, &mut left_closed),
    }]);
    policies.extend(of_sets(closed, &closing, survey, snapshot, &mut left_closed));
    policies.extend(of_transfers(namespace, snapshot, now, &mut left_closed));
    policies.sort_by(|one, other| one.name.cmp(&other.name));
    Some(NamespacePlan {
        namespace: namespace.into(),
        mode: closed.mode,
        policies,
        left_closed: left_closed.into_iter().collect(),
    })
}

/// One policy for each set that pods of the namespace hold.
fn of_sets(
    closed: &Closed,
    closing: &Closing<'_>,
    survey: &Survey,
    snapshot: &Snapshot,
    left_closed: &mut BTreeSet<LeftClosed>,
) -> Vec<PlannedPolicy> {
    let mut policies = Vec::new();
    for holds in &closed.sets {
        let peers = survey.peers(holds, closed.mode);
        let mut allows = Vec::from([Allowed {
            to: Vec::from([Peer::Holding(peers)]),
            ports: Vec::new(),
            why: Why::Peers,
        }]);
        allows.extend(opening::of_policies(holds, closing, snapshot, left_closed));
        let name = format!("{EVERY}-{}", in_name(&holds.label())).into();
        policies.push(PlannedPolicy { name, selects: Selected::Holding(holds.clone()), allows });
    }
    policies
}

/// One policy for each transfer that is in effect and names networks.
fn of_transfers(
    namespace: &str,
    snapshot: &Snapshot,
    now: Timestamp,
    left_closed: &mut BTreeSet<LeftClosed>,
) -> Vec<PlannedPolicy> {
    let mut policies = Vec::new();
    let here = snapshot.transfers().transfers_in(namespace);
    for transfer in here.filter(|transfer| in_effect(transfer, snapshot, now).is_some()) {
        let allows = opening::of_transfer(transfer, left_closed);
        let Some(uid) = transfer.uid.as_ref().filter(|_| !allows.is_empty()) else { continue };
        let name = format!("{TRANSFER}-{}", in_name(uid.as_str())).into();
        let selects = Selected::Sources(Box::from(uid.as_str()));
        policies.push(PlannedPolicy { name, selects, allows });
    }
    policies
}
