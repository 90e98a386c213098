//! The program, run as users run it, and what it prints.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Runs the program in `folder`, without a kubeconfig.
pub fn bund(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bund"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("KUBECONFIG")
        .output()
        .unwrap()
}

/// What a run printed that had to end with `code`.
#[track_caller]
pub fn printed(output: Output, code: i32) -> String {
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Compares a file with what it should be, or writes it.
#[track_caller]
pub fn assert_kept(path: &Path, text: &str) {
    if std::env::var_os("BUND_UPDATE").is_some() {
        fs::write(path, text).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "{} differs; `BUND_UPDATE=1` writes it anew:\n{text}", path.display());
}
