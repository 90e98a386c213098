//! Everything of Bund that speaks to a cluster.
//!
//! ```text
//! index (watches) --View--> webhook (answers reviews)
//!                      |--> controller (status of our own kinds; the leader)
//!                      |--> egress (network policies and marks that close namespaces; the leader)
//!                      |--> transfer (what happened to transfers, for the record; their status; the leader)
//!                      |--> audit (what already runs; the leader) --> report (reports and events; the leader)
//!                      '--> registration (webhook configurations; the leader) <-- certificates
//! ```
//!
//! Each room says file by file what speaks to the API server (client) and what is computed from values (pure).
//! [`run::run`] puts them together.

pub mod audit;
mod backoff;
mod bucket;
pub mod certificates;
pub mod configuration;
pub mod controller;
mod digest;
pub mod egress;
mod event;
pub mod geography;
pub mod health;
pub mod index;
pub mod leader;
pub mod ledger;
pub mod metrics;
pub mod own_status;
pub mod recorder;
pub mod registration;
pub mod report;
pub mod response;
pub mod run;
pub mod tracing_export;
pub mod transfer;
pub mod webhook;

pub use configuration::Configuration;
pub use run::{Role, Settings, run};

use std::error::Error;

/// An error with everything that led to it, in one line.
pub(crate) fn chain<E: Error + ?Sized>(error: &E) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat their cause in their own text.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
