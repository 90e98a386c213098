//! `bund`: the engine that judges in the cluster, on the command line.
//!
//! [`manifest`] reads, [`check`] judges, [`report`] tells, [`cases`] runs sentences with expectations. None of
//! them decides anything: that is `bund_engine::decide`.

pub mod builtin;
pub mod cases;
pub mod check;
pub mod command;
pub mod explain;
pub mod manifest;
pub mod report;
