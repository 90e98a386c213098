//! Transfers that had ended and that the store shows as if they had not: their end goes on record. (pure)

use bund_crds::ledger_event::RecordedTransfer;
use bund_crds::{EventType, LedgerEventSpec, Moment};
use bund_engine::Timestamp;
use bund_engine::snapshot::TransferFacts;
use bund_engine::transfer::{Due, Turn, is_end};

use crate::index::View;

const WHY: &str = "the transfer had ended before, and the store was set back to a time when it had not";

/// Their ends, as far as they are not on record.
pub(super) fn due(view: &View, now: Timestamp) -> impl Iterator<Item = Due> {
    view.set_back().filter_map(move |transfer| revoked(transfer, view, now))
}

fn revoked(transfer: &TransferFacts, view: &View, now: Timestamp) -> Option<Due> {
    let TransferFacts { namespace, name, uid, digest, spec, .. } = transfer;
    let uid = uid.as_ref()?;
    let on_record = || view.snapshot.transfers().events_of(uid).map(|event| &event.spec);
    if on_record().any(is_end) {
        return None;
    }
    let chain = on_record().filter(|event| Turn::of(event.event).is_some());
    let chain: Vec<_> = chain.filter_map(|event| event.transfer.as_ref()).collect();
    let sequence = chain.iter().map(|link| link.sequence.saturating_add(1)).max().unwrap_or_default();
    let recorded = RecordedTransfer {
        namespace: namespace.to_string(),
        name: name.to_string(),
        uid: uid.clone(),
        digest: digest.clone()?,
        sequence,
        exporter: spec.exporter.clone(),
        persons: spec.persons,
        supersedes: chain.first().and_then(|first| first.supersedes.clone()),
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
    let name = format!("{}.{sequence}", uid.as_str().to_ascii_lowercase()).into();
    Some(Due { name, spec, absent: None })
}
