//! `bund why` from files, run as users run it. A real cluster is the end-to-end suite's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

mod answer;
mod kinds;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/why").join(name)
}

fn bund(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bund"))
        .arg("why")
        .args(arguments)
        .current_dir(here(""))
        .env_remove("KUBECONFIG")
        .output()
        .unwrap()
}

#[track_caller]
fn text(arguments: &[&str], code: i32) -> String {
    let output = bund(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// What is told of an object of the dump, as JSON.
#[track_caller]
fn told(asked: &str, namespace: &str) -> Value {
    let arguments = [asked, "-n", namespace, "--facts", "dump.yaml", "-o", "json"];
    serde_json::from_str(&text(&arguments, 0)).unwrap()
}
