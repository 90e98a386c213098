//! `bund why` from files, run as users run it. A real cluster is the end-to-end suite's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

mod answer;
mod kinds;
#[path = "../support/run.rs"]
mod run;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why").join(name)
}

fn bund(arguments: &[&str]) -> Output {
    run::bund(&here(""), &[&["why"], arguments].concat())
}

#[track_caller]
fn text(arguments: &[&str], code: i32) -> String {
    run::printed(bund(arguments), code)
}

/// What is told of an object of the dump, as JSON.
#[track_caller]
fn told(asked: &str, namespace: &str) -> Value {
    let arguments = [asked, "-n", namespace, "--facts", "dump.yaml", "-o", "json"];
    serde_json::from_str(&text(&arguments, 0)).unwrap()
}
