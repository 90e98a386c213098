//! Bund as users install it: by Helm, on a real node, in pods of our own image.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use bund_e2e::node::sandbox;
use libtest_mimic::{Completion, Failed, Trial};

/// Without anything to compile it takes about one minute.
const LIMIT: Duration = Duration::from_mins(20);
/// How much of what it said is told again where it failed: its end is lost among what others say.
const LAST_LINES: usize = 40;

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

/// `make demo-node`, which tells by its exit code whether everything was as claimed, and last by its errors why not.
fn demo() -> Result<()> {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_node"))
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let errors = demo.stderr.take().context("no standard error")?;
    let end = std::thread::spawn(move || pass_on(errors));
    let started = std::time::Instant::now();
    let status = loop {
        if let Some(status) = demo.try_wait()? {
            break status;
        }
        if started.elapsed() > LIMIT {
            demo.kill().context("it takes too long and cannot be stopped")?;
            demo.wait()?;
            bail!("it took more than {} minutes", LIMIT.as_secs() / 60);
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let end = end.join().map_err(|_| anyhow!("what it said cannot be read"))?;
    ensure!(status.success(), "it ended with {status}, and said last:\n{}", end.join("\n"));
    Ok(())
}

/// Writes to our errors what is read, and returns its last lines.
fn pass_on(errors: impl Read) -> Vec<String> {
    let mut last = VecDeque::with_capacity(LAST_LINES);
    for line in BufReader::new(errors).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        eprintln!("{line}");
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    last.into()
}
