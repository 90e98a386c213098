//! `bund transfer` and the decisions of people, from files. A real API server is the end-to-end suite's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    path::{Path, PathBuf},
    process::Output,
};

mod cover;
mod decisions;
mod draft;
#[path = "../support/run.rs"]
mod run;
mod status;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transfer").join(name)
}

fn bund(arguments: &[&str]) -> Output {
    run::bund(&here(""), arguments)
}

/// What a run told on standard error, that had to end with `code` and print nothing else.
#[track_caller]
fn error(arguments: &[&str], code: i32) -> String {
    let output = bund(arguments);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), printed.as_str()), (Some(code), ""));
    String::from_utf8(output.stderr).unwrap()
}
