//! What happens where something that runs breaks a rule and a policy asks for more than a report: pods are evicted, nodes
//! are tainted. Only while we lead.
//!
//! ```text
//! View, Audited --ask (pure)--> pods --plan, attempts (pure)--> whom now, when next
//!     --evict (client: looked at anew, share (pure))--> API server --watch--> View
//! View, Audited --taint (pure)--> nodes --node (client)--> API server --watch--> View
//! what was planned --tell (pure)--> conditions, events
//! ```
//!
//! Nothing of it is remembered anywhere but in the cluster: a pod that was evicted is going, a node that was tainted carries
//! the taint. Whoever leads next sees both.

mod ask;
mod attempts;
mod evict;
#[cfg(test)]
mod fixture;
mod node;
mod plan;
mod right;
mod run;
mod share;
mod taint;
mod tell;

pub(crate) use ask::{Ground, Grounds};
pub use attempts::Outcome;
pub use plan::{Said, State};
pub use run::Responder;
pub(crate) use taint::{has_taint, tainted};
