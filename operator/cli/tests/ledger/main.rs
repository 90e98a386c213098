//! `bund ledger`, run as people run it: what it does, how it ends, and what it says when it does not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

mod dropping;
mod keys;
mod read;
mod recover;
#[path = "../support/run.rs"]
#[expect(dead_code, reason = "every ledger has keys of its own, so nothing that it prints is kept")]
mod run;
mod usage;
mod write;

/// A folder with a ledger in it.
struct Desk(tempfile::TempDir);

impl Desk {
    /// A folder without a ledger.
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with the ledger `led`, its key `key` and its pin `pin`.
    fn new() -> Self {
        let desk = Self::empty();
        let name = ["--name", "ledger.example.com/test", "--key", "key", "--pin", "pin"];
        desk.good(&[&["init", "led"], name.as_slice()].concat());
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run::bund(self.0.path(), &[&["ledger"], arguments].concat())
    }

    /// What a run printed that had to end well.
    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        run::printed(self.run(arguments), 0)
    }

    /// What a run told on standard error, that had to end with `code` and print nothing.
    #[track_caller]
    fn refused(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let printed = String::from_utf8(output.stdout).unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), printed.as_str()), (Some(code), ""), "{told}");
        told
    }

    /// What a run printed that had to end with `code`.
    #[track_caller]
    fn ended(&self, arguments: &[&str], code: i32) -> String {
        run::printed(self.run(arguments), code)
    }

    /// Notes something: the place of its entry.
    #[track_caller]
    fn note(&self, text: &str) -> String {
        self.good(&["append", "led", "--key", "key", "--pin", "pin", "--event", text, "--id", text])
            .trim()
            .to_owned()
    }

    /// The shard of this year.
    fn shard(&self) -> String {
        let found = fs::read_dir(self.path("led")).unwrap().map(|found| found.unwrap().file_name());
        found.map(|name| name.into_string().unwrap()).find(|name| name.starts_with("20")).unwrap()
    }

    /// A policy that trusts the key of the ledger.
    fn policy(&self) -> &'static str {
        let key: bund_ledger::SecretKey = bund_ledger::SecretKey::read(&self.read("key")).unwrap();
        let text = bund_ledger::policy::Policy::text_of_logs(&[key.verifier(None)]);
        fs::write(self.path("policy"), text).unwrap();
        "policy"
    }
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for found in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(found.file_name());
        if found.file_type().unwrap().is_dir() {
            copy(&found.path(), &to);
        } else {
            fs::copy(found.path(), to).unwrap();
        }
    }
}
