//! Which pods are to go because a transfer of theirs ended. (pure)
//!
//! A policy closes to what comes new; a connection that is open ends only with its pod. The mark of the transfer on the pod is
//! what tells that it may have one.

use bund_crds::{Aspect, Mode, TransferEnd};
use bund_engine::egress::{holds, transfer_mark};
use bund_engine::select::policies_in;
use bund_engine::transfer::{Standing, standing};
use bund_engine::{Snapshot, Subject, Timestamp};

/// Whether it is time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The transfer is not in effect now, and may come back.
    Waits,
    /// The transfer ended.
    Due,
}

/// Whether a pod that carries the `mark` of a transfer is to go; `None` where it may stay.
pub(super) fn owed(pod: &Subject, mark: &str, snapshot: &Snapshot, now: Timestamp) -> Option<Turn> {
    let namespace = pod.id.namespace.as_deref().unwrap_or_default();
    let here = snapshot.transfers().transfers_in(namespace);
    let mut here = here.filter(|known| known.uid.as_ref().is_some_and(|uid| transfer_mark(uid) == mark));
    let turn = match here.next().map(|transfer| standing(transfer, snapshot, now)) {
        // Whoever deletes a transfer revokes it.
        None | Some(Standing::Ended(..)) => Turn::Due,
        Some(Standing::Suspended(_) | Standing::Closed(_) | Standing::Ready) => Turn::Waits,
        Some(Standing::Active(_)) => return None,
    };
    asks_to_evict(pod, namespace, snapshot).then_some(turn)
}

/// Whether a policy that closes egress for a class that the pod holds asks for it.
fn asks_to_evict(pod: &Subject, namespace: &str, snapshot: &Snapshot) -> bool {
    let Some(holds) = holds(pod, snapshot) else { return false };
    policies_in(snapshot, namespace).any(|policy| {
        let evicts =
            policy.spec.egress.as_ref().is_some_and(|egress| egress.transfer_end == TransferEnd::Evict);
        let keeps = policy.spec.data_classes.iter().any(|class| holds.0.contains(class.as_str()));
        evicts && keeps && policy.mode(Aspect::Egress, namespace) == Mode::Deny
    })
}
