//! The end-to-end suite: a real control plane, real nodes, real attacks.
//!
//! [`tools`] and [`control_plane`] make the test bed, [`cluster`] speaks to it as a user would, [`entrance`]
//! puts the cases of `policies/cases` to the webhook through a real API server, [`node`] makes a cluster with a real node,
//! [`wire`] sends real packets. `tests/` holds the claims.

pub mod cluster;
pub mod cluster_network_policies;
pub mod control_plane;
pub mod entrance;
pub mod fleet;
mod go_module;
pub mod helm;
pub mod ledger;
pub mod node;
pub mod person;
pub mod policy_reports;
pub mod probe;
pub mod repository;
pub mod review;
pub mod s3;
pub mod shop;
pub mod snapshots;
pub mod soak;
pub mod tools;
pub mod wire;
