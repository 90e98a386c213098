//! What is open to pods of a namespace that somebody else's policy selects, whatever lives there now.

use alloc::{collections::BTreeSet, vec::Vec};

use bund_crds::{Mode, labels::EGRESS_HOLDS};

use super::{
    Allowed, Holds, Selected, Survey, closing::Closing, mark::transfer_key, opening, plan::openings_of,
};
use crate::{HeldClass, Snapshot, Timestamp, network_policy::Selector};

/// What is open to every pod of a namespace that holds a class, besides its peers. What its other classes close is not
/// counted in: it is asked for each of them.
pub(crate) fn open_to_holders(class: &HeldClass, namespace: &str, snapshot: &Snapshot) -> Vec<Allowed> {
    let mut left_closed = BTreeSet::new();
    let closing = Closing::in_namespace(namespace, snapshot);
    let mut open = opening::of_everybody(closing.as_ref(), snapshot, &mut left_closed);
    if let Some(closing) = &closing {
        let holds = Holds([class.clone()].into());
        open.extend(opening::of_policies(&holds, closing, snapshot, &mut left_closed));
    }
    open
}

/// What is open to pods for a mark that all of those carry that are selected. Nobody but Bund writes marks.
pub(crate) fn open_to_marked(
    pods: &Selector,
    namespace: &str,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Allowed> {
    if !pods.asks_for_mark() {
        return Vec::new();
    }
    let Some(plan) = openings_of(namespace, snapshot, now) else { return Vec::new() };
    let held = pods.values_of(EGRESS_HOLDS);
    let carried = |selected: &Selected| match selected {
        Selected::Every => false,
        Selected::Holding(holds) => {
            let label = holds.label();
            held.as_ref().is_some_and(|values| values.iter().all(|value| **value == *label))
        }
        Selected::Sources(uid) => pods.asks_for(&transfer_key(uid)),
    };
    plan.policies
        .into_iter()
        .filter(|policy| carried(&policy.selects))
        .flat_map(|policy| policy.allows)
        .collect()
}

/// The mode by which a namespace is closed, or would be; `None` where nothing that is known to be there closes it.
pub(crate) fn closed_by(namespace: &str, snapshot: &Snapshot) -> Option<Mode> {
    Survey::of(namespace, snapshot).closed(namespace).map(|closed| closed.mode)
}
