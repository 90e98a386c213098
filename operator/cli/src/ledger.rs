//! The ledger on the command line: to make one, write to it, look after it, and verify it.
//!
//! What a ledger is, and whether one holds, says `bund_ledger`. Here is what people and their files have to do with it.

pub mod export;
pub mod failure;
pub mod files;
pub mod keys;
pub mod place;
pub mod prove;
pub mod status;
pub mod verify;
pub mod write;
