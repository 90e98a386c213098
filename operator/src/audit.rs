//! What already runs, judged again for whatever changes: the view's answer to everything that admission never saw.
//!
//! ```text
//! View + Touched --judge (pure, the engine)--> what each subject is found to be --state (pure)--> by owner
//!      --run (client of nobody)--> Audited --> statuses, reports, events, evictions
//! ```
//!
//! Each subject is judged by itself, told under its owner, and counted for its policies. A change touches what it
//! touches; a full pass now and then must find nothing new, and says so if it does.

mod judge;
mod owner;
mod run;
mod state;
#[cfg(test)]
mod tests;
mod totals;

pub use owner::{FindingId, OwnerAudit, Told};
pub use run::Auditor;
pub use state::{Audit, Audited, Since};
pub use totals::PolicyTotals;
