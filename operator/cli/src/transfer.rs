//! `bund transfer`, `bund approve`, `bund reject` and `bund revoke`: a person's way with cross-border transfers.
//!
//! [`status`] tells what the law asks of one and who decided, [`draft`] begins one from a refusal, [`decision`] puts a
//! decision into its form, and [`submit`] sends it. [`totals`] is what auditors see. What a transfer is and whether it counts says the engine.

pub mod decision;
pub mod draft;
pub mod status;
pub mod submit;
pub mod totals;
