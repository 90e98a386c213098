//! What the leader writes about what it knows: the status of our own kinds, the classes of what holds data, and what
//! holds less than before, and what broken glass lets through.
//!
//! ```text
//! View, Audited --status (pure)--> wanted status --plan (pure)--> writes --write (client)--> API server --watch--> View
//! View --engine (pure)--> wanted stamps --stamp/plan (pure)--> writes --stamp (client)--> API server --watch--> View
//! declassifications --declassified/plan (pure)--> events, conditions --declassified (client)--> API server
//! View --glass/due (pure)--> what is not on record of broken glass --glass (client)--> API server --watch--> View
//! ```
//!
//! A second pass over the same facts plans nothing: what is wanted is compared with what is stored, and a
//! condition keeps its time while its status stays.

pub mod condition;
pub mod declassified;
mod glass;
pub mod plan;
pub mod stamp;
pub mod status;
mod write;

pub use declassified::Herald;
pub use glass::Glazier;
pub use stamp::Stamper;
pub use write::Controller;
