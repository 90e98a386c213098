//! The end-to-end suite: a real control plane, real nodes, real attacks.
//!
//! [`tools`] and [`control_plane`] make the test bed, [`cluster`] speaks to it as a user would, [`entrance`]
//! puts the cases of `policies/cases` to the webhook through a real API server. `tests/` holds the claims.

pub mod cluster;
pub mod control_plane;
pub mod entrance;
pub mod probe;
pub mod repository;
pub mod shop;
pub mod tools;
