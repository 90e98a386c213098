//! `bund check`, run as users run it: the real binary in a folder of its own.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

mod exit_codes;
mod facts;
mod folder;
mod formats;
mod hostile;
mod old;
mod order;
mod other_commands;
mod own_kinds;
mod transfers;
