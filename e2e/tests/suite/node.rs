//! Bund as users install it: by Helm, on a real node, in pods of our own image.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use bund_e2e::node::sandbox;
use libtest_mimic::{Completion, Failed, Trial};

/// Without anything to compile it takes about one minute.
const LIMIT: Duration = Duration::from_mins(20);

pub(crate) fn trials() -> Vec<Trial> {
    let name = "node::installed_by_helm_it_keeps_to_its_forecast_and_uninstalled_dead_it_stops_nothing";
    vec![Trial::ignorable_test(name, move || match sandbox::missing() {
        None => demo().map(|()| Completion::Completed).map_err(|error| Failed::from(format!("{error:#}"))),
        Some(reason) => {
            eprintln!("SKIPPED: {name}: {reason}");
            Ok(Completion::ignored_with(reason))
        }
    })]
}

/// `make demo-node`, which tells by its exit code whether everything was as claimed.
fn demo() -> Result<()> {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_node")).stdin(Stdio::null()).spawn()?;
    let started = std::time::Instant::now();
    loop {
        if let Some(status) = demo.try_wait()? {
            ensure!(status.success(), "it ended with {status}; see what it said above");
            return Ok(());
        }
        if started.elapsed() > LIMIT {
            demo.kill().context("it takes too long and cannot be stopped")?;
            demo.wait()?;
            anyhow::bail!("it took more than {} minutes", LIMIT.as_secs() / 60);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
