//! Whatever fails, and whenever a process dies: what was acknowledged is there, once, and every checkpoint that was ever
//! signed is a prefix of what is there.
//!
//! `cargo test -p bund-ledger --test faults` runs about a tenth; with `-- --include-ignored` (`make soak`) it runs all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on says where")]

mod history;
mod kills;
mod model;
mod strace;
mod writer;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(task) = writer::Task::from_arguments() {
        return writer::run(&task);
    }
    let arguments = Arguments::from_args();
    let trials = [model::trials(), strace::trials(), kills::trials()];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

/// A test whose name is a sentence.
fn trial(group: &str, sentence: &str, test: impl FnOnce() -> anyhow::Result<()> + Send + 'static) -> Trial {
    Trial::test(format!("{group}::{}", sentence.replace(' ', "_")), move || {
        test().map_err(|error| format!("{error:#}").into())
    })
}
