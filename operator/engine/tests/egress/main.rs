//! What pods may reach by network where a policy closes egress, and how they are told apart.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

mod forged;
mod marks;
mod plans;
mod random;
mod world;
