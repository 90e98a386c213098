//! `bund`: the engine that judges in the cluster, on the command line.
//!
//! [`manifest`] reads, [`check`] judges, [`report`] tells, [`cases`] runs sentences with expectations. None of
//! them decides anything: that is `bund_engine::decide`. [`inventory`] reads what a cluster holds, [`preflight`] tells what
//! Bund would do there, [`discover`] what nobody classified, [`why`] what Bund says of one object, [`data_flow`] who holds
//! which data where and to whom it flows, [`plan`] what pods may reach by network, and [`transfer`] is a person's way with cross-border transfers. [`ledger`] is the
//! record that others verify.

pub mod builtin;
pub mod cases;
pub mod check;
pub mod command;
pub mod data_flow;
pub mod discover;
pub mod explain;
pub(crate) mod geography;
pub mod inventory;
pub mod ledger;
pub mod manifest;
pub mod plan;
pub mod preflight;
pub mod report;
pub mod transfer;
pub mod why;
