//! Closing egress, while we lead: the network policies of namespaces where a policy denies it, the marks of their pods, and
//! what is told of both.
//!
//! ```text
//! Snapshot --engine::egress (pure)--> plans and marks --wanted--.
//! API server --watch--> what is stored -------------------------+--plan (pure)--> writes --run (client)--> API server
//! ```
//!
//! What closes is written before what opens, and goes after it, so that nothing is open for a moment that is closed
//! before and after. Losing us opens nothing: what is written stays, and a pod without marks reaches nobody.

mod attempts;
mod cluster_policy;
mod ended;
mod kind;
mod plan;
mod rehearsal;
mod run;
mod stored;
mod teller;
#[cfg(test)]
mod testing;
mod told;
mod wanted;
mod write;

pub use rehearsal::{Rehearsal, Rehearsed};
pub use run::Closer;
pub use told::Figures;

/// Who owns what is written.
const FIELD_MANAGER: &str = "bund-egress";
/// Every policy that closes a namespace has this name; those that open something have names that begin with it or with
/// `bund-transfer-`.
const CLOSES: &str = "bund-egress";
