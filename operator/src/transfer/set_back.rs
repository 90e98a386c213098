//! Transfers that had ended and that the store shows as if they had not: their end goes on record. (pure)

use bund_engine::Timestamp;
use bund_engine::transfer::{Due, revocation};

use crate::index::View;

const WHY: &str = "the transfer had ended before, and the store was set back to a time when it had not";

/// Their ends, as far as they are not on record.
pub(super) fn due(view: &View, now: Timestamp) -> impl Iterator<Item = Due> {
    view.set_back().filter_map(move |transfer| revocation(transfer, WHY, &view.snapshot, now))
}
