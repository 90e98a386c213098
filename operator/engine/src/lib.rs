//! The policy decision point of Bund: [`decide`] answers a [`Request`] from a [`Snapshot`].
//!
//! Architecture Invariant (purity): no I/O, no clock, no globals, no threads, no hash order. The crate
//! is `no_std`, so files, sockets, clocks, environment and hash maps have no name here; `forbid(unsafe_code)`
//! rules out mutable statics; `clippy.toml` beside this crate's manifest rules out atomics, cells and locks.
//! `tests/purity.rs` checks that none of this was loosened.
//!
//! Architecture Invariant (determinism): equal `(Request, Snapshot, now)` gives a byte-equal [`Decision`].
//!
//! ```text
//! raw JSON --extract--> Subject --classify--> classes with provenance --select--> requirements
//!          --judge (rule/, one file each)--> findings --cover--> --enforce--> Decision
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod audit;
pub mod classify;
pub mod cover;
pub mod decide;
pub mod destination;
pub mod egress;
pub mod enforce;
pub mod field;
pub mod finding;
mod forecast;
pub mod forward;
pub mod glass;
mod hexadecimal;
pub mod inject;
pub mod locate;
pub mod network_policy;
pub mod placement;
pub mod reason;
pub mod request;
mod rule;
pub mod select;
pub mod snapshot;
pub mod stamp;
pub mod storage;
pub mod subject;
pub mod transfer;
pub mod trust;
pub mod weakening;

pub use classify::{Classification, HeldClass, Holder, Provenance};
pub use decide::{Assumption, Decision, Verdict, decide, decide_standing};
pub use enforce::Response;
pub use field::{FieldPath, Step};
pub use finding::Finding;
pub use inject::Injection;
pub use locate::Location;
pub use reason::Reason;
pub use request::{ObjectId, Operation, Request, Rights, Subresource};
pub use snapshot::Snapshot;
pub use subject::Subject;
pub(crate) use subject::group_of as subject_group;

/// The moment at which a decision is asked for, given by the caller: the engine reads no clock.
pub use jiff::Timestamp;
