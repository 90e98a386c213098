//! Cross-border transfers, while we lead: what happened goes on record, and their statuses tell how they stand.
//!
//! ```text
//! View --engine::transfer::due (pure)--> what is not on record --record (client)--> LedgerEvents --watch--> View
//! View --plan (pure)--> statuses, news, figures --run (client)--> API server
//! Lease `bund-transfers` <--kept_watch (client)-- a pass that left nothing open which must be closed
//! ```
//!
//! What closes a transfer closes it on every replica without a write. What opens one is the record: where it cannot be
//! written, nothing opens.

pub(crate) mod absence;
mod exporter;
mod figures;
mod judged;
mod kept_watch;
mod news;
mod plan;
pub mod record;
mod run;
mod set_back;
mod status;
#[cfg(test)]
pub(crate) mod testing;

pub use figures::Figures;
pub use run::Clerk;
