//! Databases that say in which country an address is, as a fact for the engine.
//!
//! ```text
//! file --read, checked--> bytes --maxminddb--> records --Ranges--> Database --Quorum (with the time)--> engine
//! ```
//!
//! A file is read as a whole into memory and compiled into ranges of addresses; then it is let go. So nothing that a
//! database says can fail when a decision asks for it, a file that changes under us changes nothing, and a look-up is one
//! binary search, however many databases there are. Several databases are a [`Quorum`]: what they do not all say of the whole of a network, none says.
//!
//! We bring no database along: their licences do not allow it, or their data do not deserve it.

mod database;
mod digest;
mod file;
mod library;
mod quorum;
mod ranges;
mod record;

pub use database::Database;
pub use digest::{Digest, InvalidDigest};
pub use file::{Error, LARGEST, read};
pub use library::{Library, Source};
pub use quorum::{Member, Quorum};

#[cfg(test)]
mod fuzz;
