//! Transfers that had ended and that the store shows as if they had not: their end goes on record. (pure)

use bund_crds::ledger_event::RecordedTransfer;
use bund_crds::{EventType, LedgerEventSpec, Moment};
use bund_engine::Timestamp;
use bund_engine::snapshot::TransferFacts;
use bund_engine::transfer::Due;

use super::record::closes;
use crate::index::{View, chain};

const WHY: &str = "the transfer had ended before, and the store was set back to a time when it had not";

/// Their ends, as far as they are not on record.
pub(super) fn due(view: &View, now: Timestamp) -> impl Iterator<Item = Due> {
    view.set_back().filter_map(move |transfer| revoked(transfer, view, now))
}

fn revoked(transfer: &TransferFacts, view: &View, now: Timestamp) -> Option<Due> {
    let TransferFacts { namespace, name, uid, digest, spec, .. } = transfer;
    let uid = uid.as_ref()?;
    let before: Vec<_> = chain(uid, &view.snapshot).collect();
    let last = before.last();
    if last.is_some_and(|last| closes(last.event) && last.event != EventType::Suspended) {
        return None;
    }
    let sequence = u32::try_from(before.len()).ok()?;
    let recorded = RecordedTransfer {
        namespace: namespace.to_string(),
        name: name.to_string(),
        uid: uid.clone(),
        digest: digest.clone()?,
        sequence,
        exporter: spec.exporter.clone(),
        persons: spec.persons,
        supersedes: last.and_then(|last| last.transfer.as_ref()?.supersedes.clone()),
        until: spec.validity.until,
    };
    let spec = LedgerEventSpec {
        event: EventType::Revoked,
        observed_at: Moment(Timestamp::from_second(now.as_second()).unwrap_or(now)),
        why: WHY.to_owned(),
        transfer: Some(recorded),
        decision: None,
        object: None,
        data_classes: spec.data_classes.clone(),
    };
    Some(Due { name: format!("{uid}.{sequence}").into(), spec })
}
