//! What goes into the ledger, while we lead: each event once, whoever leads and whenever a leader dies.
//!
//! ```text
//! what opens a transfer ----> ledger --then--> LedgerEvent        (Held, asked by the clerk)
//! everything else ---------> LedgerEvent --watch--> View --Archivist--> ledger, again and again until it is there
//! evictions ---------------> ledger --then--> API server          (Outbox, asked by the responder and the closer)
//! Audited, View --chronicle (pure)--> what began and ended --Chronicler--> ledger
//! what the ledger held when it was opened --Held--> what the cluster lost, and what had ended
//! ```
//!
//! The id of an entry is made of what happened, so that it makes no difference who records it and how often. Where no
//! ledger is configured nothing of this is done.

mod archivist;
mod chronicle;
mod chronicler;
mod draft;
mod held;
mod order;
mod outbox;

pub use archivist::Archivist;
pub use chronicler::Chronicler;
pub(crate) use draft::{Act, evictions};
pub use held::{Held, Unheld};
pub use outbox::Outbox;
