//! The status of our own kinds.
//!
//! ```text
//! View --status, would_deny (pure)--> wanted status --plan (pure)--> writes --write (client)--> API server --watch--> View
//! ```
//!
//! A second pass over the same facts plans nothing: what is wanted is compared with what is stored, and a
//! condition keeps its time while its status stays.

pub mod condition;
pub mod findings;
pub mod plan;
pub mod status;
pub mod would_deny;
mod write;

pub use write::Controller;
