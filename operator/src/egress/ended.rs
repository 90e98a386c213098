//! Which pods are to go because a transfer of theirs ended. (pure)
//!
//! A policy closes to what comes new; a connection that is open ends only with its pod. The mark of the transfer on the pod is
//! what tells that it may have one.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{Aspect, ClassName, Mode, PolicyName, TransferEnd};
use bund_engine::egress::{holds, transfer_mark};
use bund_engine::select::policies_in;
use bund_engine::transfer::{End, Standing, standing};
use bund_engine::{Snapshot, Subject, Timestamp};

use crate::response::{Ground, Grounds};

/// Whether it is time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The transfer is not in effect now, and may come back.
    Waits,
    /// The transfer ended; the policies that ask for it, each with why.
    Due(Grounds),
}

/// Whether a pod that carries the `mark` of a transfer is to go; `None` where it may stay.
pub(super) fn owed(pod: &Subject, mark: &str, snapshot: &Snapshot, now: Timestamp) -> Option<Turn> {
    let namespace = pod.id.namespace.as_deref().unwrap_or_default();
    let here = snapshot.transfers().transfers_in(namespace);
    let mut here = here.filter(|known| known.uid.as_ref().is_some_and(|uid| transfer_mark(uid) == mark));
    let end = match here.next().map(|transfer| standing(transfer, snapshot, now)) {
        // Whoever deletes a transfer revokes it.
        None => Some(End::Revoked),
        Some(Standing::Ended(end, _)) => Some(end),
        Some(Standing::Suspended(_) | Standing::Closed(_) | Standing::Ready) => None,
        Some(Standing::Active(_)) => return None,
    };
    let classes = kept_by_evicting(pod, namespace, snapshot);
    let turn = |end: End| {
        let ground = |classes| Ground { reason: end.as_str(), classes };
        Turn::Due(classes.iter().map(|(policy, classes)| (policy.clone(), ground(classes.clone()))).collect())
    };
    (!classes.is_empty()).then(|| end.map_or(Turn::Waits, turn))
}

/// The policies that close egress for classes that the pod holds and ask for it, each with those classes.
fn kept_by_evicting(
    pod: &Subject,
    namespace: &str,
    snapshot: &Snapshot,
) -> BTreeMap<PolicyName, BTreeSet<ClassName>> {
    let Some(holds) = holds(pod, snapshot) else { return BTreeMap::new() };
    let evicting = policies_in(snapshot, namespace).filter(|policy| {
        let at_end = policy.spec.egress.as_ref().map(|egress| egress.transfer_end);
        at_end == Some(TransferEnd::Evict) && policy.mode(Aspect::Egress, namespace) == Mode::Deny
    });
    let kept = evicting.map(|policy| {
        let kept = policy.spec.data_classes.iter().filter(|class| holds.0.contains(class.as_str()));
        (policy.name.clone(), kept.cloned().collect())
    });
    kept.filter(|(_, classes): &(_, BTreeSet<_>)| !classes.is_empty()).collect()
}
