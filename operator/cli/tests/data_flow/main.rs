//! `bund report data-flow` from files and from an export of the ledger: what it tells, in every form. A real cluster is the
//! end-to-end suite's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::{Path, PathBuf};

use bund::{
    data_flow::{DataFlow, data_flow},
    inventory::{Task, files},
    why::facts,
};
use bund_engine::Timestamp;

mod hostile;
mod ledger;
mod reference;
#[path = "../support/run.rs"]
mod run;
mod told;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data_flow").join(name)
}

/// A moment at which the dump is young.
fn then() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// The map of the dump.
fn map() -> DataFlow {
    of(&here("dump.yaml"))
}

fn of(path: &Path) -> DataFlow {
    let mut inventory = files::read(&[path.to_path_buf()], Task::Why, |_, _| {});
    // Where the files lie is not the map's.
    inventory.origin = bund::inventory::Origin::Cluster { context: "prod".to_owned() };
    inventory.gaps.clear();
    data_flow(&inventory, &facts(&inventory), then())
}
